"""Which broken backends here are bugs that real queues had: the most valuable of them, by what they break.

python -m tests.broken.historic > docs/real-bugs.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from jobkit_conformance.catalogue import BY_ID

HISTORIC: Final[dict[str, tuple[str, ...]]] = {
    "reserving survives a crash after any command": ("takes_in_two_steps",),
    "recovering survives a crash after any command": ("recovers_in_two_steps",),
    "recovery needs nobody, and is complete": ("recovers_with_traffic_only", "recovers_ten_at_a_time"),
    "a stale settle or extend is refused": ("settle_forgets_the_token", "extends_without_asking_who"),
    "a lease follows its job": ("leases_are_not_kept", "lost_leases_are_not_told"),
    "a delay has nothing to do with leases": ("waiting_is_a_long_lease",),
    "many promoters promote once": ("promoters_do_not_ask", "ticks_are_everybody_s"),
    "promotion is whole at any size": ("promotes_all_or_none", "promotes_before_it_ranks"),
    "jobs that kill their workers end": ("crashes_are_free",),
    "attempts are exact": ("crashes_do_not_count", "releases_count"),
    "a backoff saturates": ("backoff_overflows",),
    "settling is exclusive": ("a_late_settle_and_a_reserve_both_win", "late_settles_are_refused"),
    "no single failing command loses a job": ("retry_is_lost_half_way", "retry_is_an_end_and_an_enqueue"),
    "what may have happened can be repeated": ("forgets_its_calls", "repeats_go_by_their_first_id"),
    "a reserve that waits can be cancelled": ("cancelled_waits_go_on",),
    "work resumes": ("one_fault_ends_the_feed", "does_not_connect_again"),
    "scripts may be forgotten": ("scripts_are_loaded_once",),
    "bad jobs become dead letters": ("bad_jobs_are_dropped", "odd_errors_end_a_slot"),
    "a key is freed by every end and by nothing else": (
        *("dead_jobs_keep_their_key", "deleted_jobs_keep_their_key", "released_jobs_drop_their_key"),
    ),
    "identity is the id": ("equal_payloads_are_one", "a_cancel_lies_in_wait", "results_block_their_ids"),
    "due times are exact": ("due_times_are_local_time", "due_times_are_seconds", "delays_are_32_bits"),
    "payloads come back as they were": ("bodies_are_text", "retried_bodies_are_cut", "keeps_the_callers_objects"),
    "nothing live expires, nothing dead stays": ("jobs_expire", "what_ended_is_still_listed"),
    "workers stop gracefully": ("a_reply_in_flight_is_dropped", "stops_and_keeps_its_jobs"),
    "the living keep their jobs, the dead do not": (
        "a_new_worker_resets_all",
        "reapers_take_the_healthy",
        "leases_live_with_a_name",
    ),
}
"""By promise, the modules that break it."""


def page() -> str:
    """Each promise with its rules, the real bugs that they know, and who breaks it here."""
    return "\n".join([*_HEAD, *_rows(), ""])


_HEAD: Final = (
    "# Bugs that real queues had",
    "",
    "Twenty-five promises that released queues broke, the worst and the most often broken first. Each has rules that",
    "every reference backend keeps (`jobkit conformance redis --rule ID`), and implementations that break it in the",
    "same way, which those rules kill ([the kill matrix](kill-matrix.md)). Made by `python -m tests.broken.historic`.",
    "",
    "| # | promise | rules | broken in | broken here, on purpose |",
    "|---|---|---|---|---|",
)


def _rows() -> Iterator[str]:
    for number, (promise, names) in enumerate(HISTORIC.items(), 1):
        rules = sorted({str(import_module(f"tests.broken.{name}").RULE) for name in names}, key=list(BY_ID).index)
        bugs = list(dict.fromkeys(bug for id in rules for bug in BY_ID[id].bugs))
        broken = ", ".join(f"[{name}](../tests/broken/{name}.py)" for name in names)
        yield f"| {number} | {promise} | {' '.join(rules)} | {', '.join(bugs)} | {broken} |"


if __name__ == "__main__":
    sys.stdout.write(page())
