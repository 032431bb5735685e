"""``jobkit status``, ``dead``, ``cancel``, ``purge`` and ``queues``, on a store that outlives each command."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from jobkit.backend import Backend, Dead, Message
from jobkit.cli import main
from jobkit.cli.output import age, confirm, instant, number, table
from jobkit.connections.resolver import find
from jobkit.errors import ConfigurationError
from jobkit.jobs.envelope import Envelope

APP = """
import os
import jobkit

app = jobkit.App("sqlite:///" + os.environ["HERE"] + "/jobs.db")
app.queue("slow")

@app.job(name="shop.charge", queue="mail")
def charge(order_id: int, card: str) -> None: ...
"""


class Shop:
    """A store in a file, and what the commands say of it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.url = f"sqlite:///{folder / 'jobs.db'}"
        self._capsys = capsys

    def open(self) -> Backend:
        return find(self.url, "jobkit").open()

    def fill(self, *messages: Message) -> None:
        async def store() -> None:
            backend = self.open()
            await backend.enqueue(messages)
            await backend.close()

        asyncio.run(store())

    def die(self, queue: str, reason: str) -> None:
        """Let all that is due in a queue die."""

        async def kill() -> None:
            backend = self.open()
            found = await backend.reserve([queue], limit=100, lease=60_000)
            await backend.settle([Dead(delivery.token, reason) for delivery in found])
            await backend.close()

        asyncio.run(kill())

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = main([*words, "--backend", self.url])
        out, err = self._capsys.readouterr()
        return code, out, err

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json")[1])

    def counts(self, queue: str) -> dict[str, int]:
        (line,) = [each for each in self.json("status") if each["queue"] == queue]
        return {state: line[state] for state in ("ready", "scheduled", "running", "dead")}


def job(id: str, queue: str = "mail", *, name: str = "shop.charge", after: int | None = None, **more: Any) -> Message:
    body = b'{"order_id":7,"card":"4111"}'
    headers = Envelope(name, "json", body, {"trace": "t-1"}).headers()
    return Message(id, queue, body, headers=headers, after=after, **more)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    tmp_path.joinpath("operated.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield Shop(tmp_path, capsys)
    sys.modules.pop("operated", None)


# Status.


def test_status_at_a_glance(shop: Shop) -> None:
    shop.fill(*(job(f"m{number}") for number in range(3)), job("later", "slow", after=3_600_000))
    shop.fill(job("bad", "audit"))
    shop.die("audit", "no")
    code, out, _ = shop("status")
    title, *rows = out.splitlines()
    assert code == 0
    assert title.startswith(f"{shop.url} (namespace 'jobkit'), ")
    assert [row.split() for row in rows] == [
        ["queue", "ready", "oldest", "scheduled", "running", "dead"],
        ["audit", "-", "-", "-", "-", "1"],
        ["mail", "3", *rows[2].split()[2:4], "-", "-", "-"],
        ["slow", "-", "-", "1", "-", "-"],
        ["3", *rows[4].split()[1:3], "1", "-", "1"],
    ]


def test_status_for_machines(shop: Shop) -> None:
    shop.fill(job("a"))
    (line,) = shop.json("status")
    assert 0 <= line.pop("oldest_ready") < 60
    store = f"{shop.url} (namespace 'jobkit')"
    assert line == {
        "store": store,
        "queue": "mail",
        "ready": 1,
        "scheduled": 0,
        "running": 0,
        "dead": 0,
        "paused": False,
    }


def test_status_of_an_app_shows_its_empty_queues(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--app", "operated:app", "--json"]) == 0
    assert [line["queue"] for line in json.loads(capsys.readouterr().out)] == ["default", "mail", "slow"]


def test_nothing_at_all(shop: Shop) -> None:
    assert shop("status")[1] == "no queue holds any job\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["status"],
            "where are the jobs? Say --app shop.jobs:app or --backend redis://localhost, or set JOBKIT_BACKEND",
        ),
        (["status", "--backend", "inline:"], "inline: (namespace 'jobkit') is the memory of another process"),
        (["status", "--backend", "nothing://x"], "no backend for 'nothing://x'"),
        (["status", "--app", "operated:app", "--namespace", "x"], "--namespace goes with --backend"),
        (["dead", "delete"], "where are the jobs?"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_what_is_missing_is_told(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err


# Dead.


@pytest.fixture
def dead(shop: Shop) -> Shop:
    shop.fill(job("a"), job("b", name="shop.other"), job("c", "slow"))
    shop.die("mail", "ValueError: no card\n  File x\n\x1b[31m")
    shop.die("slow", "too slow")
    return shop


def test_dead_jobs_are_listed(dead: Shop) -> None:
    lines = dead.json("dead", "list")
    assert [(line["id"], line["job"], line["reason"]) for line in lines] == [
        ("a", "shop.charge", "ValueError: no card"),
        ("b", "shop.other", "ValueError: no card"),
        ("c", "shop.charge", "too slow"),
    ]
    assert [line["id"] for line in dead.json("dead", "list", "--queue", "slow")] == ["c"]
    assert [line["id"] for line in dead.json("dead", "list", "--job", "shop.other")] == ["b"]
    code, out, _ = dead("dead", "list", "--limit", "2")
    assert code == 0
    assert out.splitlines()[-1] == "and more: --limit 4"
    assert out.splitlines()[1].split()[:3] == ["a", "shop.charge", "mail"]


def test_one_is_shown_without_its_arguments(dead: Shop) -> None:
    code, out, _ = dead("dead", "show", "a")
    assert code == 0
    assert "4111" not in out
    assert "metadata    trace: t-1" in out
    assert "reason      ValueError: no card\n              File x\n            \\x1b[31m" in out
    assert '"card":"4111"' in dead("dead", "show", "a", "--arguments")[1]
    assert dead.json("dead", "show", "a")[0]["arguments"] is None


def test_an_app_reads_the_arguments(dead: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead", "show", "a", "b", "--arguments", "--app", "operated:app"]) == 0
    out = capsys.readouterr().out
    assert "arguments   order_id=7, card='4111'" in out
    assert "arguments   can't be read: no job named 'shop.other' is declared" in out


def test_who_is_not_there_is_told(dead: Shop) -> None:
    code, out, _ = dead("dead", "show", "x")
    assert (code, out.strip()) == (1, "x  not_found")
    code, out, _ = dead("dead", "requeue", "x", "a")
    assert (code, out.splitlines()) == (1, ["x  not_found: no dead job has this id", "a  requeued"])


def test_they_get_another_life(dead: Shop) -> None:
    assert dead("dead", "requeue", "a")[0] == 0
    assert dead.counts("mail") == {"ready": 1, "scheduled": 0, "running": 0, "dead": 1}
    assert dead.json("dead", "requeue", "--all", "--queue", "slow", "--yes") == [{"id": "c", "outcome": "requeued"}]
    assert dead.counts("slow")["ready"] == 1


def test_a_key_that_is_taken_meanwhile_holds_them(shop: Shop) -> None:
    shop.fill(job("a", key="k"))
    shop.die("mail", "no")
    shop.fill(job("b", key="k"))
    code, out, _ = shop("dead", "requeue", "a")
    assert (code, out) == (1, "a  key_taken: a live job has its key, b\n")


def test_they_are_deleted_when_that_is_confirmed(dead: Shop) -> None:
    code, _, err = dead("dead", "delete", "--all")
    assert code == 2
    assert "3 dead jobs will be forgotten for good: nothing was done, since nobody can be asked here; say --yes" in err
    assert dead("dead", "delete", "a", "--yes")[:2] == (0, "a  deleted\n")
    assert dead.json("dead", "delete", "--all", "--job", "shop.other", "-y") == [{"id": "b", "outcome": "deleted"}]
    assert [line["id"] for line in dead.json("dead", "list")] == ["c"]


def test_only_the_dead_are_deleted(shop: Shop) -> None:
    shop.fill(job("alive"))
    code, out, _ = shop("dead", "delete", "alive", "--yes")
    assert (code, out) == (1, "alive  not_found: no dead job has this id\n")
    assert shop.counts("mail")["ready"] == 1


@pytest.mark.parametrize("words", [["requeue"], ["delete", "a", "--all"], ["delete", "a", "--queue", "mail"]])
def test_which_ones_has_to_be_said(shop: Shop, words: Sequence[str]) -> None:
    code, _, err = shop("dead", *words, "--yes")
    assert code == 2
    assert "which ones?" in err or "narrow --all" in err


# Cancel, purge, pause.


def test_jobs_are_cancelled(shop: Shop) -> None:
    shop.fill(job("a"), job("b"))
    assert shop("cancel", "a")[0] == 2, "nobody can be asked"
    code, out, _ = shop("cancel", "a", "x", "--yes")
    assert (code, out.splitlines()) == (1, ["a  cancelled", "x  not_found: no live job has this id"])
    assert shop.counts("mail")["ready"] == 1


def test_one_that_runs_is_marked(shop: Shop) -> None:
    shop.fill(job("a"))

    async def take() -> None:
        backend = shop.open()
        await backend.reserve(["mail"], limit=1, lease=60_000)
        await backend.close()

    asyncio.run(take())
    assert shop("cancel", "a", "-y")[:2] == (0, "a  cancel_pending: it runs, and its worker is told\n")


def test_a_queue_is_purged_of_one_state(shop: Shop) -> None:
    shop.fill(*(job(f"m{number}") for number in range(3)), job("later", after=3_600_000), job("s", "slow"))
    code, _, err = shop("purge", "mail", "--state", "ready")
    assert code == 2
    assert "3 ready jobs of 'mail' in" in err
    code, out, _ = shop("purge", "mail", "--state", "ready", "--yes")
    assert (code, out) == (0, f"3 ready jobs of mail removed from {shop.url} (namespace 'jobkit')\n")
    assert shop.counts("mail") == {"ready": 0, "scheduled": 1, "running": 0, "dead": 0}
    assert shop.counts("slow")["ready"] == 1
    assert "no queue 'mial' there; there are mail, slow" in shop("purge", "mial", "--state", "ready", "-y")[2]


def test_a_paused_queue_grants_nothing_until_it_is_resumed(shop: Shop) -> None:
    shop.fill(job("a"))

    async def granted() -> int:
        backend = shop.open()
        found = await backend.reserve(["mail"], limit=1, lease=60_000)
        await backend.close()
        return len(found)

    assert shop("queues", "pause", "mail")[:2] == (0, "mail  paused\n")
    assert asyncio.run(granted()) == 0
    assert shop("status")[1].splitlines()[-1].endswith("-     -  paused")
    assert shop.json("queues", "resume", "mail") == [{"id": "mail", "outcome": "resumed"}]
    assert asyncio.run(granted()) == 1
    assert not shop("status")[1].endswith("paused\n")
    assert shop("queues", "pause", "mial")[0] == 2


# How it is said.


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.41, "0.41 s"),
        (9, "9 s"),
        (59.6, "60 s"),
        (750, "12 min"),
        (12_600, "3.5 h"),
        (800_000, "9 days"),
        (-3, "0 s"),
    ],
)
def test_ages(seconds: float, said: str) -> None:
    assert age(seconds) == said


def test_tables_numbers_and_instants() -> None:
    assert table(("a", "b"), [("long", "1"), ("x", "1,000")]) == "a         b\nlong      1\nx     1,000"
    assert (number(0), number(1204)) == ("-", "1,204")
    assert instant(1_717_243_200_000) == "2024-06-01 12:00:00"
    assert instant(2**53 - 1) == "9007199254740991 ms"


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("y\n", True), ("yes\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_somebody_is_asked(answer: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert confirm("1 job will end for good", yes=False) is goes_on


def test_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(ConfigurationError, match="say --yes"):
        confirm("1 job will end for good", yes=False)
    assert confirm("1 job will end for good", yes=True)
