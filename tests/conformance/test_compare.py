"""What changed between two reports, and that losing a rule is never silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from jobkit.cli import main
from jobkit_conformance.reports.compare import Comparison, compare
from jobkit_conformance.reports.json_report import Document, Matrix, encode
from jobkit_conformance.reports.merge import merge
from jobkit_conformance.verdicts import Exit, Verdict
from tests.conformance.made_reports import made

KEPT, BROKEN = Verdict.KEPT, Verdict.BROKEN


def with_l5(verdict: Verdict, **stated: object) -> Document:
    return made(verdicts={"L5": verdict}, **stated)


def side_by_side(*reports: Document) -> Document | Matrix:
    return merge([(each.target, each) for each in reports])


def ids(found: Comparison) -> list[tuple[str, str]]:
    return [(change.target, change.id) for change in found.lost]


def test_nothing_changed() -> None:
    found = compare(made(), made())
    assert (found.changes, list(found.lines())) == (
        [],
        ["0 lost, 0 won, 0 changed otherwise; kept: 90 before, 90 now"],
    )


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not KEPT])
def test_a_rule_that_is_not_kept_any_more_is_lost_whatever_it_is_now(verdict: Verdict) -> None:
    found = compare(made(), with_l5(verdict))
    assert ids(found) == [("mine", "L5")]
    assert found.kept == (90, 89)


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not KEPT])
def test_a_rule_that_is_kept_now_is_won(verdict: Verdict) -> None:
    (change,) = compare(with_l5(verdict), made()).changes
    assert change.won
    assert not change.lost


def test_another_change_is_told_and_no_loss() -> None:
    found = compare(with_l5(Verdict.UNKNOWN), with_l5(BROKEN))
    assert list(found.lines()) == [
        "mine",
        "  changed  L5   unknown -> BROKEN: seen in 1 steps",
        "0 lost, 0 won, 1 changed otherwise; kept: 89 before, 89 now",
    ]


def test_what_was_lost_comes_first() -> None:
    old = made(verdicts={"B1": BROKEN})
    new = made(verdicts={"L5": BROKEN, "L6": Verdict.UNKNOWN})
    assert [line.split()[:2] for line in compare(old, new).lines()][1:4] == [
        ["lost", "L5"],
        ["lost", "L6"],
        ["won", "B1"],
    ]


def test_backends_are_compared_each_with_itself() -> None:
    old = side_by_side(made(target="a"), made(target="b"))
    new = side_by_side(with_l5(BROKEN, target="b"), made(target="a"))
    assert ids(compare(old, new)) == [("b", "L5")]


def test_a_backend_that_is_gone_has_lost_all_that_it_kept() -> None:
    old = side_by_side(made(target="a"), made(Verdict.NOT_RUN, verdicts={"B1": KEPT}, target="b"))
    found = compare(old, made(target="a"))
    assert ids(found) == [("b", "B1")]
    assert "b is not in the new report" in list(found.lines())


def test_a_new_backend_is_told_and_its_rules_are_won() -> None:
    new = side_by_side(made(target="a"), made(Verdict.NOT_RUN, verdicts={"B1": KEPT}, target="b"))
    found = compare(made(target="a"), new)
    assert "b was not in the old report" in found.notes
    assert [change.id for change in found.changes if change.won] == ["B1"]


def test_another_version_of_a_backend_is_the_same_backend() -> None:
    old = side_by_side(made(target="a", backend="a 1.0"), made(target="b"))
    new = side_by_side(with_l5(BROKEN, target="a", backend="a 2.0"), made(target="b"))
    found = compare(old, new)
    assert ids(found) == [("a", "L5")]
    assert "a (a 1.0) was compared with a (a 2.0)" in found.notes


def test_different_catalogues_are_compared_by_their_ids_and_told() -> None:
    old = made()
    new = structs.replace(old, manifest="0" * 64, rules=old.rules[:-1])
    found = compare(old, new)
    assert "the reports are about different catalogues" in found.notes[0]
    assert ids(found) == [("mine", old.rules[-1].id)]
    assert "kept -> not there: gone" in "\n".join(found.lines())


def test_an_option_that_is_accepted_now_is_told() -> None:
    assert compare(made(), made(accepted_unclaimed=("keys",))).notes == [
        "mine: keys is not claimed, and is accepted now"
    ]


@pytest.mark.parametrize(
    ("old", "new", "exit"),
    [(KEPT, KEPT, 0), (KEPT, BROKEN, 1), (KEPT, Verdict.WAIVED, 1), (BROKEN, KEPT, 0), (BROKEN, Verdict.UNKNOWN, 0)],
)
def test_the_command(old: Verdict, new: Verdict, exit: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, verdict in zip(paths, (old, new), strict=True):
        path.write_bytes(encode(with_l5(verdict)))
    assert main(["conformance", "compare", *map(str, paths)]) == exit
    assert f"{exit} lost" in capsys.readouterr().out


def test_the_command_refuses_what_is_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "half.json"
    path.write_bytes(encode(made())[:-100])
    assert main(["conformance", "compare", str(path), str(path)]) == Exit.USAGE
    assert "half.json: no JSON, or only a part of one" in capsys.readouterr().err
