"""Apps with a real fault: chaos finds each within its usual runs, whatever the seed, and lets the mended twin live."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.plugin.conftest import Project

APPS = Path(__file__).parent / "chaos_apps"

HEAD = """
    import pytest
    from shop import *

    @pytest.fixture(autouse=True)
    def _empty():
        reset()

    @pytest.fixture(scope="module", autouse=True)
    def _closed():
        yield
        db.close()

"""

TESTS = {
    "double_charge": """
        @pytest.mark.jobkit(chaos=True)
        {seeds}
        def test_it(jobs{seed}):
            checkout(7, 1200)
            checkout(8, 50)
            jobs.perform()
            assert sorted(bank) == [(7, 1200), (8, 50)]
    """,
    "lost_update": """
        @pytest.mark.jobkit(chaos=True)
        {seeds}
        def test_it(jobs{seed}):
            price_changed("tea", 300, version=1)
            price_changed("tea", 350, version=2)
            jobs.perform()
            assert price("tea") == 350
    """,
    "counter": """
        @pytest.mark.jobkit(chaos=True)
        {seeds}
        async def test_it(jobs{seed}):
            for _ in range(3):
                await count_visit.aenqueue("/tea", uuid4().hex)
            await jobs.aperform()
            assert visits("/tea") == 3
    """,
    "email_twice": """
        @pytest.mark.jobkit(chaos=True)
        {seeds}
        def test_it(jobs{seed}):
            subscribe("ann", "bob")
            publish.enqueue(4)
            jobs.perform()
            assert sorted(outbox) == [("ann", 4), ("bob", 4)]
    """,
    "reminder_after_cancel": """
        @pytest.mark.jobkit(chaos=True)
        {seeds}
        def test_it(jobs{seed}):
            place_order(7)
            place_order(8)
            cancel_order(7)
            jobs.advance(days=1)
            assert outbox == [8]
    """,
}

FEWEST = {
    "double_charge": r"charge\(order_id=[78]\) was delivered twice: .*",
    "lost_update": r"store_price\(sku='tea', price=3[05]0, version=[12]\) .*",
    "counter": r"count_visit\(path='/tea', visit='\w+'\) was delivered twice: .*",
    "email_twice": r"(publish\(issue=4\)|send\(address='\w+', issue=4\)) was delivered twice: .*",
    "reminder_after_cancel": r"close\(order_id=7\) came late, after remind\(order_id=[78]\).*",
}


def run(project: Project, app: str, name: str, *args: str, seeds: int = 0) -> pytest.RunResult:
    """Run an app's test, with so many seeds: the name of a test is what its luck depends on."""
    shutil.copy(APPS / f"{name}.py", project.path / "shop.py")
    marks = f'@pytest.mark.parametrize("seed", range({seeds}))' if seeds else ""
    return project.run(TESTS[app].format(seeds=marks, seed=", seed" if seeds else ""), *args, head=HEAD)


@pytest.mark.parametrize("app", TESTS)
def test_the_fault_is_found_and_told_in_a_sentence(project: Project, app: str) -> None:
    """With two seeds; the long tests take more."""
    check_found(project, app, seeds=2)


def check_found(project: Project, app: str, seeds: int) -> None:
    """With each seed: at most two faults, in fewer than sixty runs, in words that name the job."""
    result = run(project, app, app, seeds=seeds)
    result.assert_outcomes(failed=seeds)
    text = result.stdout.str()
    tokens = re.findall(r"^see it again: .* --jobkit-replay=(\S+)$", text, re.MULTILINE)
    runs = [int(number) for number in re.findall(r"; (\d+) runs in all$", text, re.MULTILINE)]
    sentences = re.findall(r"^-+ Chaos -+\n(.*)$", text, re.MULTILINE)
    assert len(tokens) == len(runs) == len(sentences) == seeds
    assert max(token.count(",") + 1 for token in tokens) <= 2
    assert max(runs) < 60
    assert [each for each in sentences if not re.fullmatch(FEWEST[app], each)] == []


@pytest.mark.parametrize("app", TESTS)
def test_what_was_found_is_seen_again_and_not_in_the_twin(project: Project, app: str) -> None:
    found = run(project, app, app).stdout.str()
    (token,) = set(re.findall(r"--jobkit-replay=(\S+)$", found, re.MULTILINE))
    error = re.search(r"^E .*$", found, re.MULTILINE)
    again = run(project, app, app, f"--jobkit-replay={token}")
    again.assert_outcomes(failed=1)
    assert error is not None
    assert error[0] in again.stdout.str()
    run(project, app, f"{app}_fixed", f"--jobkit-replay={token}").assert_outcomes(passed=1)


@pytest.mark.parametrize("app", TESTS)
def test_the_twin_survives(project: Project, app: str) -> None:
    run(project, app, f"{app}_fixed").assert_outcomes(passed=1)
