"""Runs that are refused, or end with a summary: what they print is golden, see ``test_golden.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PLAIN = """
    def test_it(jobs):
        sign_up(1)
        jobs.perform()
"""


@dataclass(frozen=True)
class Refusal:
    """A run, and what for. ``arguments``: of pytest's. ``ini``: a line more. ``begin``: the first line that counts."""

    title: str
    arguments: tuple[str, ...] = ()
    tests: str = PLAIN
    ini: str = ""
    begin: str = "ERROR"


def marked(arguments: str) -> str:
    return f"""
    @pytest.mark.jobkit({arguments})
    def test_it(jobs): ...
"""


REFUSALS: Mapping[str, Refusal] = {
    "marker-name": Refusal("Marker: no such argument", tests=marked("chaoss=True"), begin="___"),
    "marker-value": Refusal("Marker: a capability that nobody has", tests=marked("needs=['priorities']"), begin="___"),
    "marker-backend": Refusal("Marker: a backend that is not there", tests=marked("backend='reddis'"), begin="___"),
    "marker-chaos": Refusal("Marker: no such fault", tests=marked("chaos=['crash']"), begin="___"),
    "marker-allow": Refusal("Marker: what may be left is no job", tests=marked("allow=[sign_up]"), begin="___"),
    "option-backend": Refusal("Option: a backend that is not there", ("--jobkit-backend=reddis",)),
    "option-factory": Refusal("Option: a factory that can't be imported", ("--jobkit-backend=shopp:factory",)),
    "option-faults": Refusal("Option: no such fault", ("--jobkit-chaos", "--jobkit-faults=duplicates")),
    "option-replay": Refusal("Option: a token that can't be read", ("--jobkit-replay=twice:push_crm",)),
    "option-diff": Refusal("Option: one backend to compare", ("--jobkit-diff=inline",)),
    "ini-strict": Refusal("Ini: nothing to be strict about", ini="jobkit_strict = leftovers"),
    "matrix": Refusal(
        "The summary of several backends",
        ("--jobkit-backend=inline,slow:factory",),
        """
    def test_signing_up(jobs):
        sign_up(1)
        jobs.perform()

    def test_a_reminder_after_a_day(jobs):
        place_order(7)
        jobs.advance(days=1)
        assert remind.call(7) in jobs.performed

    @pytest.mark.jobkit(needs=["priority"])
    def test_urgent_first(jobs):
        remind.enqueue(1)
        remind.using(priority=9).enqueue(2)
        assert jobs.perform_one().entry == remind.call(2)
        jobs.perform()
""",
        begin="=* jobkit =",
    ),
    "chaos-wider": Refusal(
        "Chaos: what a wider fixture keeps lives on",
        tests="""
    @pytest.fixture(scope="module")
    def numbers():
        return []

    @pytest.mark.jobkit(chaos=True)
    def test_it(jobs, numbers):
        numbers.append(1)
        push_crm.enqueue(1)
        jobs.perform()
        assert numbers == [1]
""",
        begin="___",
    ),
    "wider": Refusal(
        "Jobs of a fixture that several tests share",
        tests="""
    @pytest.fixture(scope="module")
    def customers():
        sign_up(1)

    def test_it(jobs, customers):
        remind.enqueue(7)
        assert send_welcome.call(1) in jobs.enqueued
""",
        begin="___",
    ),
}
