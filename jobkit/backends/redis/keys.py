"""Every Redis key, in one place. One hash tag a namespace: a script finds all its keys in one slot."""

from __future__ import annotations

from urllib.parse import quote

PRIORITIES = range(9, -1, -1)
"""Highest first, as they are granted."""


class Keys:
    """The keys of one namespace; names are percent-encoded, so no name can leave its place.

    ``jobs``       hash    id -> sequence (6 bytes) and packed message
    ``state``      hash    id -> attempt, number, mark with flags, token; from the first delivery on
    ``reasons``    hash    id -> why it is dead
    ``checkpoints`` hash   id -> where the job is, if it said so
    ``keys``       hash    key -> id of the live job that has it
    ``sizes``      hash    priority:queue -> how many jobs are kept there; p:queue of a paused one
    ``cells``      hash    name -> version and value
    ``meta``       hash    layout, seq, clock (the last acceptance), and in tests offset
    ``ending``     zset    cancelled leased jobs, by the end of their lease
    ``forgetting`` zset    ids that ended and are still known, by when they need not be
    ``waiting``    zset    a queue and priority: sequence and id, by since
    ``leased``     zset    a queue and priority: sequence and id, by lease end
    ``dead``       zset    a queue: sequence and id, by when they died
    ``bell``       list    a queue: at most one entry, taken by one who waits
    ``calls``      hash    a client: slot -> number and answer of its last call there; expires
    """

    def __init__(self, namespace: str) -> None:
        self.prefix = f"jobkit:{{{quote(namespace, safe='')}}}:"
        self.jobs = self.prefix + "jobs"
        self.state = self.prefix + "state"
        self.reasons = self.prefix + "reasons"
        self.checkpoints = self.prefix + "checkpoints"
        self.cells = self.prefix + "cells"
        self.keys = self.prefix + "keys"
        self.sizes = self.prefix + "sizes"
        self.meta = self.prefix + "meta"
        self.ending = self.prefix + "ending"
        self.forgetting = self.prefix + "forgetting"
        self._names: dict[str, str] = {}
        self._reserve: dict[str, list[str]] = {}

    def waiting(self, queue: str, priority: int) -> str:
        return f"{self.prefix}waiting:{priority}:{self._name(queue)}"

    def leased(self, queue: str, priority: int) -> str:
        return f"{self.prefix}leased:{priority}:{self._name(queue)}"

    def dead(self, queue: str) -> str:
        return f"{self.prefix}dead:{self._name(queue)}"

    def bell(self, queue: str) -> str:
        return f"{self.prefix}bell:{self._name(queue)}"

    def calls(self, client: str) -> str:
        return f"{self.prefix}calls:{client}"

    @staticmethod
    def size(queue: str, priority: int) -> str:
        """Where the jobs of a queue and priority are counted."""
        return f"{priority}:{queue}"

    def levels(self, queue: str) -> list[str]:
        """Waiting and leased, from the highest priority to the lowest."""
        if queue not in self._reserve:
            if len(self._reserve) > 10_000:
                self._reserve.clear()
            self._reserve[queue] = [
                key for priority in PRIORITIES for key in (self.waiting(queue, priority), self.leased(queue, priority))
            ]
        return self._reserve[queue]

    def _name(self, queue: str) -> str:
        if queue not in self._names:
            if len(self._names) > 10_000:
                self._names.clear()
            self._names[queue] = quote(queue, safe="")
        return self._names[queue]
