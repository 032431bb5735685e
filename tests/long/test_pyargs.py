"""The kit under pytest: an item a rule, verdicts that stay what they are, one report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobkit_conformance import conforms
from jobkit_conformance.catalogue import RULES
from jobkit_conformance.reports.json_report import Document
from jobkit_conformance.reports.report import Report
from jobkit_conformance.suite.collector import ReportCollector
from jobkit_conformance.suite.transport import decode, encode
from jobkit_conformance.verdicts import Exit, Verdict
from tests.conformance.made_reports import report

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]
FORGETFUL = "tests.broken.settle_forgets_the_token:Harness"
INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of somebody's own, from which these tests' backends can be imported."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini(INI)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "jobkit_conformance.plugin", "-p", "no:randomly", *arguments)


def of(project: pytest.Pytester, target: str, rules: str, *arguments: str) -> pytest.RunResult:
    """The documented command, for some rules."""
    return run(project, "--pyargs", "jobkit_conformance", f"--jobkit-harness={target}", "-k", rules, "-rsx", *arguments)


def written(project: pytest.Pytester) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.path / "report.json").read_bytes())
    return found


# The command.


def test_an_item_a_rule_and_one_for_the_harness(project: pytest.Pytester) -> None:
    found = run(project, "--pyargs", "jobkit_conformance", "--jobkit-harness=inline", "--collect-only", "-q")
    items = [line.rpartition("[")[2].rstrip("]") for line in found.outlines if "test_rule[" in line]
    assert items == ["harness", *(rule.id for rule in RULES)]


def test_each_verdict_is_what_it_is(project: pytest.Pytester) -> None:
    found = of(project, FORGETFUL, "harness or S8] or B3] or D1] or S4]", "--jobkit-json=report.json")
    found.assert_outcomes(passed=2, failed=2, skipped=1)
    text = found.stdout.str()
    assert "S8 BROKEN" in text
    assert f"again: jobkit conformance {FORGETFUL} --re" in text
    assert "S4 could not be judged: unknown: the machine stopped where" in text
    assert "out of scope: needs durable" in text
    assert found.ret == 1
    verdicts = {rule["id"]: rule["verdict"] for rule in written(project)["rules"]}
    assert (verdicts["S8"], verdicts["B3"], verdicts["D1"]) == ("broken", "kept", "out_of_scope_as_declared")
    assert (verdicts["S4"], verdicts["B1"], len(verdicts)) == ("unknown", "not_run", 90)


def test_what_could_not_be_judged_is_skipped_where_that_is_allowed(project: pytest.Pytester) -> None:
    found = of(project, FORGETFUL, "S4]", "--jobkit-allow-incomplete")
    found.assert_outcomes(skipped=1)
    assert "which --jobkit-allow-incomplete allows" in found.stdout.str()


def test_an_option_that_is_accepted_fails_the_harness(project: pytest.Pytester) -> None:
    found = of(project, "tests.conformance.test_preflight:Clumsy", "harness")
    found.assert_outcomes(failed=1)
    assert "not refused: keys is not claimed, and was accepted" in found.stdout.str()


def test_a_harness_that_is_not_sound_fails_every_item(project: pytest.Pytester) -> None:
    found = of(project, "tests.conformance.unsound:Amnesiac", "harness or B1] or D1]")
    found.assert_outcomes(failed=3)
    assert "let all clients be of one store" in found.stdout.str()
    assert "THE KIT FAILED: tests.conformance.unsound:Amnesiac" in found.stdout.str()


def test_a_waived_rule_is_expected_to_fail_and_told(project: pytest.Pytester) -> None:
    project.path.joinpath("known.toml").write_text("[[waiver]]\nrule='S8'\nreason='mended in 2'\nuntil=9999-12-31\n")
    found = of(project, FORGETFUL, "S8]", "--jobkit-waivers=known.toml", "--jobkit-json=report.json")
    found.assert_outcomes(xfailed=1)
    assert "waived until 9999-12-31: mended in 2" in found.stdout.str()
    assert written(project)["footer"]["counts"] == {"waived": 1, "not_run": 89}


def test_items_on_several_processes_make_one_report(project: pytest.Pytester) -> None:
    found = of(
        project, "inline", "B3] or B5] or E9] or E10]", "-n2", "--jobkit-json=report.json", "--jobkit-html=report.html"
    )
    assert found.ret == 0
    assert found.stdout.str().count("INCOMPLETE: inline, contract 1: 4 kept, 86 not run") == 1
    assert written(project)["footer"]["counts"] == {"kept": 4, "not_run": 86}
    assert (project.path / "report.html").read_text().count('class="rule"') == 90


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which backend? --jobkit-harness=NAME, or --jobkit-harness=module:Harness"),
        (["--jobkit-harness=nobody"], "no harness named 'nobody'"),
        (["--jobkit-harness=inline", "--jobkit-waivers=none.toml"], "none.toml can't be read"),
        (["--jobkit-harness=inline", "--jobkit-profile=huge"], "there is no profile 'huge': there are"),
        (["--jobkit-harness=inline", "--jobkit-url=redis://h"], "inline takes no --url"),
    ],
)
def test_what_can_not_be_meant_is_said_once(project: pytest.Pytester, arguments: list[str], said: str) -> None:
    found = run(project, "--pyargs", "jobkit_conformance", *arguments)
    assert found.ret != 0
    assert said in found.stdout.str() + found.stderr.str()
    found.assert_outcomes(errors=1)


# The line in a test module.


def test_one_line_in_a_test_module(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from jobkit_conformance import conforms
        from tests.broken.namespaces_share_their_keys import Harness

        test_mine = conforms("inline")
        test_other = conforms(Harness, allow_incomplete=True)
        """
    )
    found = run(project, "-k", "B3] or E10]", "--jobkit-json=report.json")
    found.assert_outcomes(passed=3, failed=1)
    target = "tests.broken.namespaces_share_their_keys:Harness"
    assert f"again: jobkit conformance {target} --rule E10 --seed 1" in found.stdout.str()
    assert [each["target"] for each in written(project)["backends"]] == ["inline", target]


def test_it_needs_no_plugin_to_judge(project: pytest.Pytester) -> None:
    project.makepyfile("from jobkit_conformance import conforms\ntest_mine = conforms('inline', seed=3)\n")
    project.runpytest_subprocess("-p", "no:jobkit_conformance.plugin", "-k", "B3]").assert_outcomes(passed=1)


def test_an_unknown_profile_is_said_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="there is no profile 'huge': there are quick, ci, deep"):
        conforms("inline", profile="huge")


def test_a_break_of_a_rule_whose_item_is_over_fails_the_item_that_found_it(project: pytest.Pytester) -> None:
    """A machine may break what it does not judge: nobody else would tell."""
    project.makeconftest(
        """
        import pytest
        from jobkit_conformance import runner
        from jobkit_conformance.reports.report import Failure
        from jobkit_conformance.verdicts import Verdict

        @pytest.fixture(autouse=True, scope="session")
        def _a_machine_that_breaks_something_else():
            plain = runner.Run.parts

            def parts(run):
                def play():
                    run.findings["B3"].failure = Failure("names are bent", "a machine")
                    run._ledger.record("B3", Verdict.BROKEN)

                return [*plain(run), runner.TierTask("a machine", frozenset({"E9"}), 1.0, play)]

            runner.Run.parts = parts
            yield
            runner.Run.parts = plain
        """
    )
    project.makepyfile("from jobkit_conformance import conforms\ntest_mine = conforms('inline')\n")
    found = run(project, "-k", "B3] or E9]", "--jobkit-json=report.json")
    found.assert_outcomes(passed=1, failed=1)
    assert "found beside what was asked:" in found.stdout.str()
    assert "names are bent" in found.stdout.str()
    assert {rule["id"]: rule["verdict"] for rule in written(project)["rules"]}["B3"] == "broken"


def test_loading_it_loads_nothing_else() -> None:
    """It is loaded in every run of somebody's tests."""
    script = "import sys, pytest, jobkit_conformance.plugin; print(*sorted(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = [name for name in ended.stdout.split() if name.partition(".")[0] in ("jobkit", "jobkit_conformance")]
    assert ours == ["jobkit_conformance", "jobkit_conformance.plugin"]
    assert not {"hypothesis", "msgspec", "redis"} & set(ended.stdout.split())


# The report.


def piece(found: Report, *told: str) -> str:
    return encode(found, told)


def test_a_piece_holds_the_rules_of_which_it_tells() -> None:
    assert [entry.id for entry in decode(piece(report(), "B1", "B2")).rules] == ["B1", "B2"]
    assert decode(piece(report())).rules == []


def test_the_gravest_piece_counts_and_what_is_missing_was_not_run() -> None:
    found = ReportCollector()
    found.add(piece(report(verdicts={"B1": Verdict.BROKEN}), "B1", "B2"))
    found.add(piece(report(), "B1"))
    whole = found.whole()
    assert isinstance(whole, Document)
    assert whole.footer.counts == {"kept": 1, "broken": 1, "not_run": 88}
    assert whole.footer.exit is Exit.BROKEN
