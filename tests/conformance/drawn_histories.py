"""Histories as a right queue leaves them, drawn: calls that overlap, take effect in between, and are never answered."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from jobkit.backend import Dead, Delivery, Done, Extension, Message, Release, RetryAt, Settlement
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.history import History
from tests.conformance.histories import LONG, LOST, Written
from tests.conformance.twin import World, effects, given_back

IDS: Final = ("a", "b", "c")
LEASES: Final = (1, 2, 4)


class Step(NamedTuple):
    """``how``: at once; begun only; or what happens to one that is under way: it acts, it ends, it fails."""

    how: str
    verb: str = ""
    which: int = 0
    size: int = 0


class Drawn(NamedTuple):
    """``slack``: as `check` is to be given it. ``held``: whether a reserve kept for a while what it gave back then."""

    history: History
    slack: int | None
    held: bool


TOUCHES: Final = ("cancel", "requeue", "delete")
VERBS: Final = ("put", "put", "take", "take", "take", "done", "retry", "release", "dead", "extend", "extend", *TOUCHES)


def histories(count: int, *, most: int) -> Iterator[Drawn]:
    """Yield so many, of up to this many steps after the first; always the same ones.

    A step is a call, or something that becomes of one, or time that passes.
    """
    for number in range(count):
        yield drawn(Random(f"history {number}, of {most} steps at most"), most)


def drawn(random: Random, most: int) -> Drawn:
    """Return one, of up to ``most`` steps after the first."""
    messages = [_message(random) for _ in IDS]
    first = Step("at once", "put", random.randrange(4))
    steps = [first, *(_step(random) for _ in range(random.randint(0, most)))]
    return _play(messages, steps, prompt=random.random() < 0.5, calm=random.random() < 0.5)


def _message(random: Random) -> Message:
    after, key = random.choice((None, None, 1, 3)), random.choice((None, None, "k"))
    return Message("", "q", b"x", random.randrange(2), after=after, key=key)


def _step(random: Random) -> Step:
    which, size = random.randrange(4), random.randrange(4)
    if random.random() < 0.5:
        return Step(random.choice(("at once", "at once", "begins")), random.choice(VERBS), which, size)
    return Step(random.choice(("acts", "ends", "fails", "time passes")), which=which, size=size)


def _play(messages: list[Message], steps: list[Step], *, prompt: bool, calm: bool) -> Drawn:
    world = _World(messages, prompt=prompt)
    for step in steps:
        world.do(step)
    if calm:
        world.settle_down()
    world.history.lost = 0 if prompt else sum(not call.answered for call in world.history.calls)
    return Drawn(world.history, 0 if prompt else None, world.held)


class _World:
    def __init__(self, messages: list[Message], *, prompt: bool) -> None:
        self._written = Written()
        self.history = self._written.history
        self.held = False
        self._messages = dict(zip(IDS, messages, strict=True))
        self._prompt = prompt
        self._store = World()
        self._pending: list[Call] = []
        """Those that may still take effect; a reserve or other call that failed too, where it may be on its way."""
        self._acted: dict[int, tuple[list[Any], World]] = {}
        """By place of a call that took effect and is not answered: its answer, and the world before."""
        self._granted: list[Delivery] = []

    def do(self, step: Step) -> None:
        now = self._written.clock.now_ms()
        if step.how == "time passes":
            self._written.wait(step.size + 1)
        elif step.how in ("at once", "begins"):
            call = self._begin(step)
            if call is not None and step.how == "at once":
                self._end(call, step.size, now)
        elif open := [call for call in self._pending if call.ended is None] if step.how != "acts" else self._pending:
            call = open[step.which % len(open)]
            {"acts": self._act, "ends": self._end, "fails": self._fail}[step.how](call, step.size, now)

    def settle_down(self) -> None:
        """One client performs what is left."""
        for call in [call for call in self._pending if call.verb == "reserve" and self._prompt and call.ended is None]:
            self._fail(call, 0, self._written.clock.now_ms())
        self._written.calm()
        self._pending.clear()
        now = self._written.clock.now_ms()
        while True:
            taking = self.history.begin("rest", "reserve", ["q"], {"limit": 4, "lease": LONG, "wait": 0})
            self._end(taking, 0, now)
            for delivery in taking.answer:
                self._end(self.history.begin("rest", "settle", [Done(delivery.token)], {}), 0, now)
            if not taking.answer:
                return

    def _begin(self, step: Step) -> Call | None:
        id, verb, stated = IDS[step.which % len(IDS)], step.verb, dict[str, int]()
        item: Any = id
        if verb == "put":
            verb, kept = "enqueue", self._messages[id]
            item = Message(id, "q", b"x", kept.priority, after=kept.after, key=kept.key)
        elif verb == "take":
            verb, item = "reserve", "q"
            stated = {"limit": 1 + step.size % 2, "lease": LEASES[step.which % len(LEASES)], "wait": 0}
        elif verb not in TOUCHES:
            if step.which >= len(self._granted):
                return None
            token = self._granted[-1 - step.which].token
            item = _item(verb, token, step.size)
            verb = "extend" if verb == "extend" else "settle"
        call = self.history.begin(f"c{len(self.history.calls)}", verb, [item], stated)
        self._pending.append(call)
        return call

    def _act(self, call: Call, choice: int, now: int) -> None:
        if call.begun in self._acted:
            return
        before, found = self._store, list(effects(self._store, call, now))
        answer, self._store = found[choice % len(found)]
        self._acted[call.begun] = answer, before
        if call.ended is not None:
            self._pending.remove(call)

    def _end(self, call: Call, choice: int, now: int) -> None:
        self._act(call, choice, now)
        answer, _ = self._acted.pop(call.begun)
        self._pending = [other for other in self._pending if other is not call]
        self.history.end(call, answer, None)
        if call.verb == "reserve":
            self._granted += answer

    def _fail(self, call: Call, choice: int, now: int) -> None:
        """The caller is told nothing; what it took is given back, or goes on being held, or is yet to be taken."""
        if call.verb == "reserve" and self._prompt:
            self.held = self.held or call.begun in self._acted
            self._act(call, choice, now)
            answer, _ = self._acted.pop(call.begun)
            taken = {delivery.token for delivery in answer}
            kept = World(frozenset(job for job in self._store.jobs if job.token not in taken), self._store.tokens)
            self._store = given_back(self._store, kept, now)
        if call.begun in self._acted or (call.verb == "reserve" and self._prompt):
            self._pending.remove(call)
        self.history.end(call, None, LOST)


def _item(verb: str, token: str, size: int) -> Settlement | Extension:
    match verb:
        case "retry":
            return RetryAt(token, after=size)
        case "release":
            return Release(token)
        case "dead":
            return Dead(token, "why")
        case "extend":
            return Extension(token, LEASES[size % len(LEASES)])
        case _:
            return Done(token)
