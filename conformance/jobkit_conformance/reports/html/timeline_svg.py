"""A play as a drawing: time runs downward, a lane a client, calls as marks, leases as bars, the clock's moves as gaps.

Each step is a row whose text may be as high as it has to be: its piece of the drawing stretches along, so positions
in it are shares of the row's height, and only the lanes have widths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from jobkit_conformance.render.timeline import span
from jobkit_conformance.render.timeline_data import Lease, TimelineData, TimelineStep
from jobkit_conformance.reports.markup import element

MOST_LANES: Final = 6
"""Lanes of their own; further clients share the last."""
GAP: Final = 22
BAR: Final = 7
MIDDLE: Final = 0.5
"""Where in its row a call is answered."""


class LeaseBar(NamedTuple):
    """A lease, from a height to a height: a row's number, and the share of that row."""

    lane: int
    slot: int
    top: float
    bottom: float
    ran_out: bool
    title: str


def render_timeline(story: TimelineData, *, wrong: bool) -> Element:
    """The drawing of a play; ``wrong``: it shows in the last call that the rule is broken, unless workers took part."""
    lanes = _lanes(story)
    bars = _bars(story, lanes)
    offsets = _offsets(lanes, bars)
    alone = wrong and not any(step.kind == "note" for step in story.steps)
    here = max((place for place, step in enumerate(story.steps) if step.kind == "call"), default=-1) if alone else -1
    times = [None, *(step.at for step in story.steps[:-1])]
    rows = [
        element(
            "li",
            element("span", span(step.at) if step.at != before else "", class_="at"),
            _piece(place, step, story.steps, lanes, bars, offsets, here=place == here),
            element("span", _told(step)),
            class_=f"step {step.kind}{' here' if place == here else ''}",
        )
        for place, (step, before) in enumerate(zip(story.steps, times, strict=True))
    ]
    return element("div", _head(lanes, offsets), element("ol", *rows), class_="play")


def _lanes(story: TimelineData) -> dict[str, int]:
    """Who has which lane, by who acts first."""
    names = list(dict.fromkeys(step.who for step in story.steps if step.who))
    return {name: min(place, MOST_LANES - 1) for place, name in enumerate(names)}


def _bars(story: TimelineData, lanes: dict[str, int]) -> list[LeaseBar]:
    bars: list[LeaseBar] = []
    for lease in story.leases:
        lane, top = lanes.get(lease.who), lease.began + MIDDLE
        if lane is None:
            continue
        bottom, ran_out = _end(lease, story.steps)
        taken = {bar.slot for bar in bars if bar.lane == lane and bar.bottom > top and bar.top < bottom}
        slot = next(number for number in range(len(bars) + 1) if number not in taken)
        title = f"{lease.job}, attempt {lease.attempt}, held by {lease.who}"
        bars.append(LeaseBar(lane, slot, top, bottom, ran_out, title))
    return bars


def _end(lease: Lease, steps: Sequence[TimelineStep]) -> tuple[float, bool]:
    """How far down a lease goes, and whether it ran out there; a late settle, right or wrong, ends none that did."""
    settled = float(len(steps)) if lease.ended is None else lease.ended + MIDDLE
    late = next((place for place in range(lease.began + 1, len(steps)) if steps[place].at >= lease.until), len(steps))
    if late >= settled:
        return settled, False
    step = steps[late]
    if step.kind == "clock" and step.moved > 0:
        return late + min(max(1 - (step.at - lease.until) / step.moved, 0.0), 1.0), True
    return float(late), True


def _offsets(lanes: dict[str, int], bars: Sequence[LeaseBar]) -> list[float]:
    """Where each lane's line is, and behind them the width of all: a lane with several leases at a time is wider."""
    places: list[float] = []
    x = GAP / 2
    for lane in range(max(lanes.values(), default=-1) + 1):
        places.append(x)
        slots = max((bar.slot for bar in bars if bar.lane == lane), default=0)
        x += GAP + min(slots, 3) * (BAR + 2)
    return [*places, x - GAP / 2 + 2]


def _head(lanes: dict[str, int], offsets: Sequence[float]) -> Element:
    """The lanes' names, above them."""
    names = [""] * (len(offsets) - 1)
    for name, lane in lanes.items():
        names[lane] = f"{names[lane]} {name}".strip() if lane < MOST_LANES - 1 or not names[lane] else names[lane]
    more = len(lanes) - MOST_LANES
    if more > 0:
        names[-1] += f" +{more}"
    texts = [element("text", name, x=x, y="11", text_anchor="middle") for name, x in zip(names, offsets, strict=False)]
    return element(
        "div", element("span", class_="at"), element("svg", *texts, width=offsets[-1], height="14"), class_="names"
    )


def _piece(
    place: int,
    step: TimelineStep,
    steps: Sequence[TimelineStep],
    lanes: dict[str, int],
    bars: Sequence[LeaseBar],
    offsets: Sequence[float],
    *,
    here: bool,
) -> Element:
    """One row's piece of the drawing."""
    gap = " gap" if step.kind in ("clock", "cut") else ""
    parts = [element("line", class_=f"lane{gap}", x1=x, x2=x, y1="0%", y2="100%") for x in offsets[:-1]]
    for bar in bars:
        if bar.top < place + 1 and bar.bottom > place:
            parts += _stretch(bar, place, offsets)
    for other in steps[:place]:
        if other.ended is not None and other.ended > place and other.who in lanes:
            x = offsets[lanes[other.who]]
            parts.append(element("line", class_="flight", x1=x, x2=x, y1="0%", y2="100%"))
    if step.who in lanes:
        x = offsets[lanes[step.who]]
        if step.ended is not None:
            parts.append(element("line", class_="flight", x1=x, x2=x, y1="50%", y2="100%"))
        parts += _mark(step, x, here=here)
    elif step.kind == "store":
        parts.append(element("line", class_="store", x1="0", x2="100%", y1="50%", y2="50%"))
    drawing = element("svg", *parts, width=offsets[-1], height="100%", aria_hidden="true", focusable="false")
    return element("span", drawing, class_="lanes", style=f"width: {offsets[-1]:g}px")


def _stretch(bar: LeaseBar, place: int, offsets: Sequence[float]) -> Iterator[Element]:
    """The part of a bar that is in this row; a tick where it ran out."""
    x = offsets[bar.lane] + min(bar.slot, 3) * (BAR + 2)
    top, bottom = max(bar.top - place, 0.0), min(bar.bottom - place, 1.0)
    yield element(
        "line",
        element("title", bar.title),
        class_="lease",
        x1=x,
        x2=x,
        y1=f"{top:.0%}",
        y2=f"{bottom:.0%}",
        stroke_width=BAR,
    )
    if bar.ran_out and bar.bottom <= place + 1:
        y = f"{bottom:.0%}"
        yield element("line", class_="over", x1=x - BAR + 1, x2=x + BAR - 1, y1=y, y2=y)


def _mark(step: TimelineStep, x: float, *, here: bool) -> Iterator[Element]:
    if here:
        yield element("circle", class_="ring", cx=x, cy="50%", r="7.5")
    kind = "raised" if step.raised else step.kind
    yield element("circle", class_=f"mark {kind}", cx=x, cy="50%", r="4.5" if step.kind == "call" else "3")


def _told(step: TimelineStep) -> Element:
    """The row in words, which say all that the drawing shows."""
    match step.kind:
        case "call":
            return element(
                "span",
                element("b", f"{step.who} "),
                element("span", step.verb, class_="verb"),
                f" {step.asked} ",
                element("span", "→ ", aria_hidden="true"),
                element("span", step.came, class_="came"),
            )
        case "clock":
            return element("span", f"the clock moves by {span(step.moved)[1:]}")
        case "note":
            return element("span", element("b", f"{step.who} "), step.asked)
        case "cut":
            return element("span", f"{step.left_out} steps are left out")
        case "store":
            return element("span", step.asked)
