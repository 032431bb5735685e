"""Logs of plays, written by hand: an event a line, ``instant what [job] [worker] [name=value ...]``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from jobkit_conformance.history.event_log import Event
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.system import Declared
from jobkit_conformance.processes.task import Task

WORKER = re.compile(r"\d+\.\d+")
NUMBERS = {"attempt": int, "number": int, "sent": float, "seconds": float}
DECLARED = Declared(lease=1.0, slack=0.5, grace=1.0, attempts=2, order=True, delay=True, durable=True, timeout=0.5)
PLAN = Plan([Task("a", 100), Task("b", 100), Task("late", 100, after=1000), Task("bomb", 100, "kills")])


class Log(NamedTuple):
    """What it shows (a rule, or nothing), why, and the log."""

    shows: str
    why: str
    text: str
    plan: Plan = PLAN
    declared: Declared = DECLARED

    @property
    def events(self) -> list[Event]:
        return read(self.text)


def read(text: str) -> list[Event]:
    """The events of a log."""
    return [_event(line.split()) for line in text.splitlines() if line.strip()]


def _event(words: Sequence[str]) -> Event:
    at, what, *rest = words
    facts: dict[str, Any] = {}
    for word in rest:
        name, equals, value = word.partition("=")
        if equals:
            facts[name] = NUMBERS.get(name, str)(value.replace("_", " "))
        elif WORKER.fullmatch(word):
            slot, life = word.split(".")
            facts |= {"slot": int(slot), "life": int(life)}
        else:
            facts["id"] = word
    return Event(what.replace("_", " "), float(at), **facts)


HEAD = """
0 up 0.1
0 up 1.1
"""

LONG_THERE = HEAD.replace("0 up", "-9 up")

GOOD = [
    Log("", "nothing happened at all", ""),
    Log(
        "",
        "a job is performed",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 end a 0.1 attempt=1
        5 calm
        6 over
        6 looked""",
    ),
    Log(
        "",
        "a killed worker's job is found by another",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        2.4 start a 1.1 attempt=2
        2.5 end a 1.1 attempt=2
        5 calm
        6 over
        6 looked""",
    ),
    Log(
        "",
        "granted in between to somebody who never heard of it",
        HEAD
        + """
        1 offered a
        1 accepted a
        1 offered b
        1 accepted b
        1.1 start b 1.1 attempt=1
        1.15 end b 1.1 attempt=1
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        6.0 start a 1.1 attempt=3
        6.1 end a 1.1 attempt=3
        7 calm
        8 over
        8 looked""",
    ),
    Log(
        "",
        "not found by one that was still on its way when the lease ended",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        2 offered b
        2 accepted b
        2.3 start b 1.1 attempt=1
        2.4 end b 1.1 attempt=1
        6.0 start a 1.1 attempt=2
        6.1 end a 1.1 attempt=2
        7 calm
        8 over
        8 looked""",
    ),
    Log(
        "",
        "what stood still for longer than its lease may be started elsewhere",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 stop 0.1
        2.5 start a 1.1 attempt=2
        2.6 end a 1.1 attempt=2
        3 cont 0.1
        3.1 end a 0.1 attempt=1
        5 calm
        6 over
        6 looked""",
    ),
    Log(
        "",
        "what is beyond the grace is given back, while its thread goes on",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 term 0.1
        2.3 start a 1.1 attempt=1
        2.4 end a 1.1 attempt=1
        3 down 0.1 note=0
        5 calm
        6 over
        6 looked""",
        Plan([Task("a", 5000)]),
    ),
    Log(
        "",
        "who offered was killed, and nobody knows whether it was accepted",
        HEAD
        + """
        1 offered a
        1.1 producer_killed
        5 calm
        6 over
        6 looked""",
    ),
    Log(
        "",
        "a job that kills its worker is dead after its last attempt",
        HEAD
        + """
        1 offered bomb
        1 accepted bomb
        1.1 start bomb 0.1 attempt=1
        1.1 down 0.1 note=-9
        2.3 start bomb 1.1 attempt=2
        2.3 down 1.1 note=-9
        5 calm
        6 over
        6 left bomb note=dead
        6 looked""",
    ),
    Log(
        "",
        "who stood still had it in hand, and starts it after another has ended it",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 stop 0.1
        2.5 start a 1.1
        2.6 end a 1.1
        3 cont 0.1
        3.1 start a 0.1
        3.2 end a 0.1
        9 over
        9 looked""",
    ),
    Log(
        "",
        "what is beyond its attempts is settled dead without a start",
        HEAD
        + """
        1 offered bomb
        1 accepted bomb
        1.1 start bomb 0.1 attempt=1
        1.1 kill 0.1
        1.1 down 0.1 note=-9
        5 up 0.2
        9 calm
        9 over
        9 left bomb note=dead
        9 looked""",
    ),
    Log(
        "",
        "leases follow each other, and a release is no attempt",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.1 start a 0.1 attempt=1
        1.2 term 0.1
        1.3 cut_short a 0.1 note=CancelledError attempt=1
        1.3 settling a 0.1 number=1 note=Release
        1.4 granted a 1.1 number=2 attempt=1 sent=1.2 seconds=1
        1.4 start a 1.1 attempt=1
        1.4 settled a 0.1 number=1 note=Release_Settled
        1.5 down 0.1 note=0
        1.6 end a 1.1 attempt=1
        1.6 settling a 1.1 number=2 note=Done
        1.7 settled a 1.1 number=2 note=Done_Settled
        5 calm
        6 over
        6 looked""",
        Plan([Task("a", 5000)]),
    ),
    Log(
        "",
        "a lease whose end was cut to a whole millisecond",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0009 seconds=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        2.0005 granted a 1.1 number=2 attempt=2 sent=2.0001 seconds=1
        2.1 start a 1.1 attempt=2
        2.2 end a 1.1 attempt=2
        2.2 settling a 1.1 number=2 note=Done
        2.3 settled a 1.1 number=2 note=Done_Settled
        5 calm
        6 over
        6 looked""",
    ),
    Log(
        "",
        "a connection was dead, and its worker takes jobs again",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 end a 0.1 attempt=1
        2 hole 0.1
        3 healed 0.1
        5 calm
        5 offered roll0.0
        5 accepted roll0.0
        5.1 start roll0.0 0.1 attempt=1
        6.7 end roll0.0 0.1 attempt=1
        7 term 0.1
        7.1 down 0.1 note=0
        8 over
        8 looked""",
    ),
    Log(
        "",
        "at most once: what a killed worker had begun is not performed again",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        9 calm
        9 over
        9 looked""",
        PLAN,
        Declared(delivery="at most once"),
    ),
    Log(
        "",
        "at most once: a killed worker may have taken what it had not begun yet",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        9 calm
        9 over
        9 looked""",
        PLAN,
        Declared(delivery="at most once"),
    ),
    Log(
        "",
        "stored anew by an offer that came once it had ended: nobody could tell whether the first had been stored",
        LONG_THERE
        + """
        1 offered a
        1.1 granted a 0.1 number=2 attempt=2 sent=1.0 seconds=1
        1.1 start a 0.1 attempt=2
        1.2 end a 0.1 attempt=2
        1.2 settling a 0.1 number=2 note=Done
        1.21 settled a 0.1 number=2 note=Done_Settled
        1.3 offered a
        1.3 accepted a
        1.4 granted a 1.1 number=1 attempt=1 sent=1.35 seconds=1
        1.4 start a 1.1 attempt=1
        1.5 kill 1.1
        1.5 down 1.1 note=-9
        2.6 granted a 0.1 number=2 attempt=2 sent=2.5 seconds=1
        2.6 start a 0.1 attempt=2
        2.7 end a 0.1 attempt=2
        2.7 settling a 0.1 number=2 note=Done
        2.7 settled a 0.1 number=2 note=Done_Settled
        5 calm
        6 over
        6 looked""",
    ),
    Log(
        "",
        "stored anew, long after its end, and left there",
        HEAD
        + """
        1 offered a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.1 start a 0.1 attempt=1
        1.2 end a 0.1 attempt=1
        1.2 settling a 0.1 number=1 note=Done
        1.21 settled a 0.1 number=1 note=Done_Settled
        5 offered a
        5 accepted a
        5.1 granted a 0.1 number=1 attempt=1 sent=5.1 seconds=1
        5.1 start a 0.1 attempt=1
        5.2 kill 0.1
        5.2 down 0.1 note=-9
        5.3 over
        5.3 left a note=live
        5.3 looked""",
    ),
]

BAD = [
    Log(
        "E8",
        "nobody had enqueued it",
        HEAD
        + """
        1 start a 0.1 attempt=1
        1.1 end a 0.1 attempt=1
        6 over""",
    ),
    Log(
        "W1",
        "accepted, and gone",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        9 calm
        9 over
        9 looked""",
    ),
    Log(
        "W1",
        "given up with attempts left",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        2.2 calm
        2.2 over
        2.2 left a note=dead
        2.2 looked""",
    ),
    Log(
        "D1",
        "accepted, and gone with a restart of the store",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 away
        1.3 back
        9 calm
        9 over
        9 looked""",
    ),
    Log(
        "S1",
        "settled as done, and still there",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.1 start a 0.1 attempt=1
        1.2 end a 0.1 attempt=1
        1.2 settling a 0.1 number=1 note=Done
        1.3 settled a 0.1 number=1 note=Done_Settled
        5 calm
        6 over
        6 left a note=live
        6 looked""",
    ),
    Log(
        "R1",
        "granted while its lease is live",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.5 extended a 0.1 number=1 sent=1.4 seconds=1 note=Extended
        2.3 granted a 1.1 number=2 attempt=2 sent=2.2 seconds=1
        6 over""",
    ),
    Log(
        "R1",
        "granted a hundredth of a second before its lease ends",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.99 granted a 1.1 number=2 attempt=2 sent=1.98 seconds=1
        6 over""",
    ),
    Log(
        "L6",
        "granted after its end, offered twice before it",
        HEAD
        + """
        1 offered a
        1.05 offered a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.15 accepted a
        1.2 settling a 0.1 number=1 note=Done
        1.2 settled a 0.1 number=1 note=Done_Settled
        2.3 granted a 1.1 number=2 attempt=2 sent=2.2 seconds=1
        3 over""",
    ),
    Log(
        "R1",
        "stored anew, and granted while that one's lease is live",
        HEAD
        + """
        1 offered a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.2 settling a 0.1 number=1 note=Done
        1.2 settled a 0.1 number=1 note=Done_Settled
        1.3 offered a
        1.3 accepted a
        1.4 granted a 0.1 number=1 attempt=1 sent=1.35 seconds=1
        1.6 granted a 1.1 number=2 attempt=2 sent=1.55 seconds=1
        3 over""",
    ),
    Log(
        "L6",
        "granted after its end",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.2 settling a 0.1 number=1 note=Done
        1.3 settled a 0.1 number=1 note=Done_Settled
        2.3 granted a 1.1 number=2 attempt=2 sent=2.2 seconds=1
        6 over""",
    ),
    Log(
        "L2",
        "a crash that does not count",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        2.3 granted a 1.1 number=2 attempt=1 sent=2.2 seconds=1
        6 over""",
    ),
    Log(
        "L2",
        "a release that counts",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.2 settling a 0.1 number=1 note=Release
        1.2 settled a 0.1 number=1 note=Release_Settled
        1.3 granted a 1.1 number=2 attempt=2 sent=1.2 seconds=1
        6 over""",
    ),
    Log(
        "W2",
        "started twice, and nobody came or went",
        LONG_THERE
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        2.2 start a 1.1 attempt=2
        2.3 end a 1.1 attempt=2
        2.4 end a 0.1 attempt=1
        6 over""",
    ),
    Log(
        "W2",
        "ended, and started again",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 end a 0.1 attempt=1
        2.2 start a 1.1 attempt=2
        2.3 end a 1.1 attempt=2
        6 over""",
    ),
    Log(
        "W12",
        "started twice when another worker came",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 up 2.1
        1.3 start a 2.1 attempt=2
        1.4 end a 2.1 attempt=2
        1.5 end a 0.1 attempt=1
        6 over""",
    ),
    Log(
        "W4",
        "a third start, with two attempts",
        HEAD
        + """
        1 offered bomb
        1 accepted bomb
        1.1 start bomb 0.1 attempt=1
        1.1 down 0.1 note=-9
        2.3 start bomb 1.1 attempt=2
        2.3 down 1.1 note=-9
        2.4 up 1.2
        3.6 start bomb 1.2 attempt=3
        3.6 down 1.2 note=-9
        6 over""",
    ),
    Log(
        "T1",
        "started before it was due",
        HEAD
        + """
        1 offered late
        1 accepted late
        1.9 start late 0.1 attempt=1
        2.0 end late 0.1 attempt=1
        6 over""",
    ),
    Log(
        "O1",
        "granted before one that waited",
        HEAD
        + """
        1 offered a
        1 offered b
        1 accepted a
        1 accepted b
        1.3 granted b 0.1 number=1 attempt=1 sent=1.2 seconds=1
        1.5 granted a 1.1 number=1 attempt=1 sent=1.4 seconds=1
        6 over""",
    ),
    Log(
        "O1",
        "started before one that waited, with one job at a time",
        """
        0 up 0.1
        1 offered a
        1 offered b
        1 accepted a
        1 accepted b
        1.3 start b 0.1
        1.4 end b 0.1
        1.5 start a 0.1
        1.6 end a 0.1
        6 over""",
        Plan([Task("a", 100), Task("b", 100)], workers=1, slots=1),
    ),
    Log(
        "W7",
        "a start long after TERM",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 term 0.1
        1.9 start a 0.1 attempt=1
        2 end a 0.1 attempt=1
        2.1 down 0.1 note=0
        6 over""",
    ),
    Log(
        "W7",
        "it did not end",
        HEAD
        + """
        1.1 term 0.1
        10.1 kill 0.1 note=it_did_not_end
        10.1 down 0.1 note=-9
        11 over""",
    ),
    Log(
        "W7",
        "stopped, and its job was left to the lease",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 granted a 0.1 number=1 attempt=1 sent=1.0 seconds=1
        1.2 term 0.1
        1.3 down 0.1 note=0
        2.1 start a 1.1 attempt=2
        2.2 end a 1.1 attempt=2
        6 over""",
    ),
    Log(
        "W7",
        "cut within its grace",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.12 term 0.1
        1.13 cut_short a 0.1 note=CancelledError attempt=1
        1.2 down 0.1 note=0
        1.3 start a 1.1 attempt=1
        1.4 end a 1.1 attempt=1
        6 over""",
    ),
    Log(
        "R4",
        "found long after its lease",
        HEAD
        + """
        1 offered a
        1 accepted a
        1 offered b
        1 accepted b
        1.1 start b 1.1 attempt=1
        1.15 end b 1.1 attempt=1
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        6.0 start a 1.1 attempt=2
        6.1 end a 1.1 attempt=2
        7 calm
        8 over
        8 looked""",
    ),
    Log(
        "R4",
        "found later than a grant that nobody heard of explains",
        HEAD
        + """
        1 offered a
        1 accepted a
        1 offered b
        1 accepted b
        1.1 start b 1.1 attempt=1
        1.15 end b 1.1 attempt=1
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        6.5 start a 1.1 attempt=3
        6.6 end a 1.1 attempt=3
        7 calm
        8 over
        8 looked""",
    ),
    Log(
        "R4",
        "not found by one that was on its way when its worker was killed, and there before the lease ended",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        2 offered b
        2 accepted b
        2.1 start b 1.1 attempt=1
        2.15 end b 1.1 attempt=1
        6.0 start a 1.1 attempt=2
        6.1 end a 1.1 attempt=2
        7 calm
        8 over
        8 looked""",
    ),
    Log(
        "L1",
        "found when somebody came",
        HEAD
        + """
        1 offered a
        1 accepted a
        1 offered b
        1 accepted b
        1.1 start b 1.1 attempt=1
        1.15 end b 1.1 attempt=1
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        5.9 up 0.2
        6.0 start a 0.2 attempt=2
        6.1 end a 0.2 attempt=2
        7 calm
        8 over
        8 looked""",
    ),
    Log(
        "L1",
        "found by nobody, though others are performed",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 kill 0.1
        1.2 down 0.1 note=-9
        9 calm
        9 offered roll0.0
        9 accepted roll0.0
        9.1 start roll0.0 1.1
        9.9 end roll0.0 1.1
        10 over
        10 left a note=live
        10 looked""",
    ),
    Log(
        "W9",
        "nobody works any more",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 away
        1.3 back
        9 calm
        9 over
        9 left a note=live
        9 looked""",
    ),
    Log(
        "W9",
        "one of them takes no job any more",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1 attempt=1
        1.2 end a 0.1 attempt=1
        2 hole 0.1
        3 healed 0.1
        5 calm
        5 offered roll0.0
        5 accepted roll0.0
        5.1 start roll0.0 1.1 attempt=1
        6.7 end roll0.0 1.1 attempt=1
        7 term 0.1
        7.1 down 0.1 note=0
        8 over
        8 looked""",
    ),
    Log(
        "W1",
        "at most once, and lost while nobody was killed",
        HEAD
        + """
        1 offered a
        1 accepted a
        9 calm
        9 over
        9 looked""",
        PLAN,
        Declared(delivery="at most once"),
    ),
    Log(
        "W2",
        "at most once, and started twice",
        HEAD
        + """
        1 offered a
        1 accepted a
        1.1 start a 0.1
        1.2 end a 0.1
        1.3 kill 0.1
        1.3 down 0.1 note=-9
        2 start a 1.1
        2.1 end a 1.1
        6 over""",
        PLAN,
        Declared(delivery="at most once", lease=1.0),
    ),
]
