"""Histories as a right queue leaves them, drawn: calls that overlap, take effect in between, and are never answered."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

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


VERBS: Final = ("put", "put", "take", "take", "take", "done", "retry", "release", "dead", "extend", "extend")
TOUCHES: Final = ("cancel", "requeue", "delete")


def histories(*, most: int, touching: bool = True) -> st.SearchStrategy[Drawn]:
    """With so many steps; a step is a call, or something that becomes of one, or time that passes."""
    verbs = st.sampled_from(VERBS + TOUCHES if touching else VERBS)
    number = st.integers(0, 3)
    step = st.one_of(
        st.builds(Step, st.sampled_from(("at once", "at once", "begins")), verbs, number, number),
        st.builds(Step, st.sampled_from(("acts", "ends", "fails", "time passes")), which=number, size=number),
    )
    message = st.builds(
        Message,
        st.just(""),
        st.just("q"),
        st.just(b"x"),
        st.integers(0, 1),
        after=st.sampled_from((None, None, 1, 3)),
        key=st.sampled_from((None, None, "k")),
    )
    messages = st.lists(message, min_size=len(IDS), max_size=len(IDS))
    begun = st.builds(Step, st.just("at once"), st.just("put"), number)
    steps = st.lists(step, max_size=most).flatmap(lambda rest: st.builds(lambda first: [first, *rest], begun))
    return st.builds(_play, messages, steps, prompt=st.booleans(), calm=st.booleans())


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
