"""Reports that become one: shards, seeds and backends, by the gravest verdict."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import pytest
from msgspec import structs

from jobkit.cli import main
from jobkit_conformance.reports.json_report import Document, Entry, Matrix, document, encode
from jobkit_conformance.reports.merge import BadMerge, merge
from jobkit_conformance.verdicts import Exit, Verdict
from tests.conformance.made_reports import failure, made, report

NOT_RUN, KEPT, BROKEN = Verdict.NOT_RUN, Verdict.KEPT, Verdict.BROKEN


def merged(*reports: Document | Matrix, allow_incomplete: bool = False) -> Document:
    found = merge([(f"{place}.json", each) for place, each in enumerate(reports)], allow_incomplete=allow_incomplete)
    assert isinstance(found, Document)
    return found


def entry(found: Document, id: str) -> Entry:
    return next(entry for entry in found.rules if entry.id == id)


def test_what_one_part_did_not_run_the_other_answers_for() -> None:
    half = dict.fromkeys(["B1", "B2"], KEPT)
    other = {rule.id: KEPT for rule in made().rules if rule.id not in half}
    found = merged(made(NOT_RUN, verdicts=half), made(NOT_RUN, verdicts=other))
    assert {entry.verdict for entry in found.rules} == {KEPT}
    assert (found.footer.complete, found.footer.exit, found.footer.counts) == (True, Exit.CONFORMANT, {"kept": 90})


def test_what_no_part_ran_leaves_it_incomplete() -> None:
    parts = made(NOT_RUN, verdicts={"B1": KEPT}), made(NOT_RUN, verdicts={"B2": KEPT})
    assert merged(*parts).footer.exit is Exit.INCOMPLETE
    allowed = merged(*parts, allow_incomplete=True).footer
    assert (allowed.exit, allowed.verdict, allowed.complete) == (Exit.CONFORMANT, "incomplete", False)


GRAVEST = [
    ((KEPT, BROKEN), BROKEN),
    ((BROKEN, Verdict.ERROR), Verdict.ERROR),
    ((KEPT, Verdict.WAIVED), Verdict.WAIVED),
    ((BROKEN, Verdict.WAIVED), BROKEN),
    ((Verdict.WAIVED, Verdict.UNKNOWN), Verdict.WAIVED),
    ((KEPT, Verdict.NOT_EXERCISED), Verdict.NOT_EXERCISED),
    ((KEPT, Verdict.UNKNOWN), Verdict.UNKNOWN),
    ((KEPT, Verdict.OUT_OF_SCOPE), KEPT),
    ((KEPT, NOT_RUN), KEPT),
    ((NOT_RUN, NOT_RUN), NOT_RUN),
]


@pytest.mark.parametrize(("verdicts", "expected"), GRAVEST)
def test_the_gravest_verdict_counts_in_whatever_order(verdicts: tuple[Verdict, ...], expected: Verdict) -> None:
    for order in permutations(verdicts):
        parts = [made(verdicts={"L5": verdict}, seed=seed) for seed, verdict in enumerate(order)]
        assert entry(merged(*parts), "L5").verdict is expected


def test_cases_seconds_and_coverage_labels_add_up() -> None:
    reports = [report(seed=seed) for seed in (1, 2)]
    for count, each in enumerate(reports, 3):
        each.seconds = 1.5
        each.findings["L5"].cases, each.findings["L5"].seconds = 10 * count, 0.25
        each.findings["L5"].coverage.update({"grant": count, f"only in {count}": 1})
    found = merged(*(document(each) for each in reports))
    told = entry(found, "L5")
    assert (told.cases, told.seconds, found.footer.seconds) == (70, 0.5, 3.0)
    assert told.coverage == {"grant": 7, "only in 3": 1, "only in 4": 1}


def test_the_shortest_program_is_kept() -> None:
    reports = [report(verdicts={"L5": BROKEN}, seed=seed) for seed in (1, 2)]
    reports[0].findings["L5"].failure = failure(5)
    reports[1].findings["L5"].failure = failure(2)
    assert entry(merged(*map(document, reports)), "L5").seen == "seen in 2 steps"


def test_its_runs_are_named_also_when_merged_once_more() -> None:
    first, second, third = (made(seed=seed) for seed in (1, 2, 3))
    again = merged(merged(first, second), third)
    assert [(part.profile, part.seed) for part in again.parts] == [("quick", 1), ("quick", 2), ("quick", 3)]


def test_what_was_accepted_unsound_or_remarked_anywhere_is_told() -> None:
    found = merged(
        made(accepted_unclaimed=("keys",), remarks=("one",)), made(accepted_unclaimed=("keys", "cancel"), seed=2)
    )
    assert (found.footer.accepted_unclaimed, found.footer.remarks) == (["keys", "cancel"], ["one"])
    assert found.footer.exit is Exit.BROKEN
    assert merged(made(), made(unsound="wipe", seed=2)).footer.exit is Exit.KIT_FAILED


def test_several_backends_stand_side_by_side_and_the_gravest_decides() -> None:
    found = merge([("a", made()), ("b", made(target="other", verdicts={"L5": BROKEN})), ("c", made(seed=2))])
    assert isinstance(found, Matrix)
    assert [each.target for each in found.backends] == ["mine", "other"]
    assert entry(found.backends[0], "L5").cases == 2
    assert (found.footer.exit, found.footer.verdict) == (Exit.BROKEN, "not_conformant")
    more = merge([("all", found), ("d", made(target="third"))])
    assert isinstance(more, Matrix)
    assert [each.target for each in more.backends] == ["mine", "other", "third"]


EXITS = [
    ((KEPT, KEPT), Exit.CONFORMANT, "conformant"),
    ((KEPT, Verdict.UNKNOWN), Exit.INCOMPLETE, "incomplete"),
    ((BROKEN, Verdict.UNKNOWN), Exit.BROKEN, "not_conformant"),
    ((BROKEN, Verdict.ERROR), Exit.KIT_FAILED, "the_kit_failed"),
]


@pytest.mark.parametrize(("verdicts", "exit", "word"), EXITS)
def test_what_several_backends_come_to(verdicts: tuple[Verdict, ...], exit: Exit, word: str) -> None:
    reports = [made(target=str(place), verdicts={"L5": each}) for place, each in enumerate(verdicts)]
    found = merge([(each.target, each) for each in reports])
    assert (found.footer.exit, found.footer.verdict) == (exit, word)


# What can't be one.


def test_different_catalogues_are_refused() -> None:
    other = structs.replace(made(), manifest="0" * 64)
    with pytest.raises(BadMerge, match="0.json and 1.json are about different catalogues .* and 000000000000"):
        merged(made(), other)


def test_the_same_run_twice_is_refused() -> None:
    with pytest.raises(BadMerge, match=r"0.json and 1.json are the same run: give it once"):
        merged(made(), made())


def test_one_backend_with_different_claims_is_refused() -> None:
    one, other = made(), made(seed=2)
    one.capabilities, other.capabilities = {"keys": True, "wait": True}, {"keys": False, "wait": True}
    with pytest.raises(BadMerge, match=r"of mine, which claims different things in them \(keys\)"):
        merged(one, other)


def test_nothing_is_no_report() -> None:
    with pytest.raises(BadMerge, match="there is no backend"):
        merge([])


# The command.


def written(folder: Path, *reports: Document) -> list[str]:
    paths = [folder / f"{place}.json" for place, _ in enumerate(reports)]
    for path, each in zip(paths, reports, strict=True):
        path.write_bytes(encode(each))
    return [str(path) for path in paths]


@pytest.mark.parametrize(("verdicts", "exit", "word"), EXITS)
def test_the_command_writes_and_ends_as_a_run_would(
    verdicts: tuple[Verdict, ...], exit: Exit, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = written(tmp_path, *(made(seed=seed, verdicts={"L5": each}) for seed, each in enumerate(verdicts)))
    out, shown = tmp_path / "out.json", tmp_path / "out.html"
    assert main(["conformance", "merge", *files, "--json", str(out), "--html", str(shown)]) == exit
    assert json.loads(out.read_bytes())["footer"]["verdict"] == word
    assert 'id="L5"' in shown.read_text()
    said = capsys.readouterr().out
    assert said.startswith(f"{word.upper().replace('_', ' ')}: mine (mine 1.0), contract 1: ")
    assert "2 runs" in said


def test_the_command_says_what_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = {"L5": BROKEN, "L6": Verdict.WAIVED}
    main(["conformance", "merge", *written(tmp_path, made(verdicts=verdicts), made(target="other"))])
    assert capsys.readouterr().out.splitlines() == [
        "NOT CONFORMANT: mine (mine 1.0), contract 1: 88 kept, 1 BROKEN, 1 waived",
        "  BROKEN: L5",
        "  waived: L6",
        "CONFORMANT: other (mine 1.0), contract 1: 90 kept",
    ]


def test_incompleteness_can_be_allowed(tmp_path: Path) -> None:
    files = written(tmp_path, made(verdicts={"L5": Verdict.UNKNOWN}))
    assert main(["conformance", "merge", *files]) == Exit.INCOMPLETE
    assert main(["conformance", "merge", "--allow-incomplete", *files]) == Exit.CONFORMANT


def test_the_command_refuses_what_can_not_be_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = written(tmp_path, made(), structs.replace(made(), manifest="0" * 64))
    assert main(["conformance", "merge", *files]) == Exit.USAGE
    assert "run both with one version of the kit" in capsys.readouterr().err
    assert main(["conformance", "merge", str(tmp_path / "none.json")]) == Exit.USAGE
    assert "none.json can't be read" in capsys.readouterr().err
