"""What an implementation presents to the kit: a few lines that open it, wipe it, and move its clock."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from jobkit.backend import Backend
from jobkit.clock import Clock

if TYPE_CHECKING:
    from jobkit.app import App
    from jobkit.worker import Worker
    from jobkit_conformance.transport.proxy import Proxy


class Wire(Protocol):
    """The ways between one simulated client and its store."""

    async def transmit(self, lane: str, what: str) -> bool:
        """Wait until ``what`` arrives; False when it got lost. What travels on one lane keeps its order."""
        ...


class NotOffered(Exception):
    """A hook that this harness does not have."""


class BackendHarness:
    """Presents one backend to the kit. What the backend claims, the backend itself states, in its capabilities.

    ``clock_mode`` says how time passes in the store:

    - ``frozen``: the backend takes its time from the clock that `open` is given;
    - ``offset``: it takes its own, plus an offset of the namespace that `move` sets: the production path, moved;
    - ``real``: nothing moves it. Rules that need a moving clock are out of scope then.

    In every mode a client opened with ``clock=None`` lives in the backend's own time; in one namespace the kit opens
    either such clients or others, never both.
    """

    clock_mode: ClassVar[Literal["frozen", "offset", "real"]] = "real"
    worker_counts: ClassVar[bool] = False
    """The rules about workers are part of the verdict; else they are shown beside it, as they judge jobkit's own."""
    remote: ClassVar[bool] = False
    """The store has a clock of its own, so that a client's may be wrong; an embedded store takes its host's."""

    simulated: ClassVar[bool] = False
    """A verb needs nothing but the running event loop and the clock: no thread, no socket, no time of its own. Then
    several clients at once are explored on a loop in which order and time are decided."""

    async def open(self, namespace: str, clock: Clock | None) -> Backend:
        """A new client onto the same store; called again for what stands for a second process.

        Called in the event loop that will use the client, which may be one in another thread. A namespace that is no
        name is refused here or at the first use, with a ``ValueError`` (`InvalidArgument` is one).
        """
        raise NotImplementedError("a harness opens its backend")

    async def wipe(self, namespace: str) -> None:
        """Remove everything of a namespace, its offset included. Nothing to remove is no error."""
        raise NotImplementedError("a harness wipes a namespace")

    def close(self) -> None:
        """End what the harness started, such as a server. Called once, at the end of a run."""

    def describe(self) -> str:
        """One line for the report: which backend, which store, which version."""
        return type(self).__name__

    # Hooks. A rule whose hook is absent is out of scope as declared. Those that act on the store act on all of its
    # namespaces, and have taken effect when they return.

    async def move(self, namespace: str, offset_ms: int) -> None:
        """``offset`` mode: let the namespace's clock be this far ahead of the store's own.

        Absolute, never less than before, and for clients that are open as well as for later ones.
        """
        raise NotOffered

    async def kill(self) -> None:
        """End the store as a crash would: no more answers, no goodbye. `restart` brings it back."""
        raise NotOffered

    async def restart(self) -> None:
        """Bring the store back, at the same address, with what it kept; one that runs is killed first.

        Returns once it answers. Clients that were open reconnect by themselves. Namespaces keep their offsets.
        """
        raise NotOffered

    async def drop(self) -> None:
        """Cut every connection to the store, calls in flight included, and let it forget the scripts it has cached.

        The store goes on and keeps its data, so a new connection works at once.
        """
        raise NotOffered

    async def fill(self, full: bool) -> None:  # noqa: FBT001  (the hook's signature)
        """Make the store refuse to grow from now on, whatever it holds; or let it grow again.

        Room that was freed inside the store is room too: see that there is none, or that it may not be used.
        """
        raise NotOffered

    def evicting(self) -> AbstractAsyncContextManager[Backend]:
        """A client onto a store that is set up so that it may drop live data.

        Entering may raise, where the backend refuses at once; the kit then enqueues. Leaving closes the client and
        undoes the setting.
        """
        raise NotOffered

    async def cost(self) -> float:
        """Milliseconds that the store has worked on commands so far; for a store in this process, this thread's CPU
        time. Asking for it costs nothing that is counted."""
        raise NotOffered

    async def footprint(self, namespace: str) -> Mapping[str, int]:
        """What is stored of a namespace: by key a size that grows with what is kept in it, best in bytes.

        Left out is what is declared as retained: dead jobs, remembered ids, marks by which repeats are recognised.
        """
        raise NotOffered

    async def connections(self) -> int:
        """How many connections the store has, without those of the harness itself."""
        raise NotOffered

    async def through(self, namespace: str, clock: Clock | None, proxy: Proxy) -> Backend:
        """A client as `open` gives it, but one that reaches the store through a proxy of the kit.

        The harness says where the store listens and how its protocol is cut into commands, and has its client connect
        to the address that comes back: ``host, port = proxy.to("127.0.0.1", 6379, Framing)``. ``proxy.timeout`` is the
        time that this client may wait for an answer, in milliseconds, where that is stated. Then each command of each
        verb is dropped, held up, left without its reply, or is its client's last, in turn.
        """
        raise NotOffered

    async def simulate(self, namespace: str, clock: Clock, wire: Wire) -> Backend:
        """A client whose every request to the store, and every reply, travels on a wire that the kit decides about.

        For a store that can be played in this process: the interleavings of its single commands are explored, and
        not only those of whole verbs. The store's own time is ``clock``. The namespace is wiped within the simulation
        too, where no thread and no timer outside of it has an end: `wipe` needs none then.
        """
        raise NotOffered

    def store_url(self) -> str:
        """What ``JOBKIT_BACKEND`` holds in another process that uses this store, its address in it where it has one.

        Then real producers and workers are played as processes, which are killed, stopped and cut off.
        """
        raise NotOffered

    def worker_command(self, app: str, *, concurrency: int, lease: float, grace: float) -> Sequence[str]:
        """The command that starts a worker's process for the app at ``module:name``; times are seconds."""
        worker = [sys.executable, "-m", "jobkit", "worker", app, "--log-level", "warning"]
        return [*worker, "--concurrency", str(concurrency), "--lease", str(lease), "--grace", str(grace)]

    def secrets(self) -> Sequence[str]:
        """What nobody may ever read in a log or an error, such as the store's password; opening uses them."""
        raise NotOffered

    def worker(self, app: App, **options: Any) -> Worker:
        """The worker that the rules about workers judge: jobkit's own, unless a harness brings another."""
        from jobkit.worker import Worker

        return Worker(app, **options)

    def offers(self, hook: str) -> bool:
        """Whether this harness has a hook."""
        return getattr(type(self), hook) is not getattr(BackendHarness, hook)
