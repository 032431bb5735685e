"use strict";
// Everything is there and readable without this: it adds copying, filtering, and opening what a link points to.

for (const button of document.querySelectorAll("button.copy")) {
  const code = button.closest(".copied").querySelector("code");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code); // no clipboard for pages from a file, in some browsers
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

const chips = [...document.querySelectorAll("button.chip")];

function show(verdict) {
  for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.verdict === verdict));
  for (const rule of document.querySelectorAll("details.rule")) {
    rule.hidden = verdict !== null && !rule.dataset.verdicts.split(" ").includes(verdict);
  }
  for (const family of document.querySelectorAll("section.family")) {
    family.hidden = !family.querySelector("details.rule:not([hidden])");
  }
}

for (const chip of chips) {
  chip.addEventListener("click", () => show(chip.getAttribute("aria-pressed") === "true" ? null : chip.dataset.verdict));
}

function open() {
  const rule = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (rule instanceof HTMLDetailsElement) {
    if (rule.hidden) show(null);
    rule.open = true;
    rule.scrollIntoView();
    rule.querySelector("summary").focus({ preventScroll: true });
  }
}

addEventListener("hashchange", open);
if (location.hash) open();

// On paper nothing can be opened: what is broken is open there.
addEventListener("beforeprint", () => {
  for (const rule of document.querySelectorAll("details.rule")) {
    if (/\b(broken|error|waived)\b/.test(rule.dataset.verdicts)) rule.open = true;
  }
});
