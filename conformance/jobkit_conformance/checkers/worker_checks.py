"""What holds of workers in every history, whatever became of them and of what they sent.

Each rule is asked of what a worker did and heard itself. Nothing is said that a lost or late answer, a process that
stood still, or one that was killed would excuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

from jobkit_conformance.checkers.delivery import DELIVERY_CHECKS
from jobkit_conformance.checkers.final_state import check_nothing_left, check_probes
from jobkit_conformance.checkers.worker import WORKER_CHECKS
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.delivery_records import delivery_records, end, end_ms
from jobkit_conformance.history.history import History
from jobkit_conformance.history.job_history import by_job
from jobkit_conformance.violations import RuleViolation


def check_workers(history: History) -> None:
    """Raise `Broken` for the first rule about workers that does not hold."""
    for ask in checks(history):
        ask()


def checks(history: History) -> Iterator[Callable[[], None]]:
    """Each rule about workers, asked of each of them: who asks one raises `Broken` where it does not hold."""
    yield partial(check_no_early_takeover, history)
    for process in history.processes:
        deeds = delivery_records(process, history.duties)
        for of_a_delivery in DELIVERY_CHECKS:
            yield from (partial(of_a_delivery, deed) for deed in deeds)
        yield from (partial(of_a_worker, process, deeds) for of_a_worker in WORKER_CHECKS)
        if history.quiesced_at is not None:
            yield partial(check_probes, process, history.quiesced_at)
    yield partial(check_nothing_left, history)


def check_no_early_takeover(history: History) -> None:
    """W12: nobody's lease ends because a worker comes or goes."""
    for life in by_job(history).values():
        for one, other in pairwise(life.grants):
            if life.id_was_reused or life.touched_before(end(other.call)):
                continue
            settled = any(
                each.call.begun < end(other.call) and end(each.call) > end(one.call) for each in life.all_settlings()
            )
            early = one.delivery.lease_end - end_ms(other.call)
            if settled or early <= 0:
                continue
            if visitor := _who_moved(history, one.call, other.call):
                raise RuleViolation(
                    "W12", f"{life.id!r} was granted again {early} ms before its lease ended: {visitor}"
                )


def _who_moved(history: History, one: Call, other: Call) -> str:
    """A worker that came or went between two grants, and is not the one that held the first."""
    for process in history.processes:
        if process.name == one.client:
            continue
        for place, words in ((process.begun, "began"), (process.asked, "was asked to stop"), (process.died, "died")):
            if place is not None and end(one) < place < end(other):
                return f"{process.name} {words}"
    return ""
