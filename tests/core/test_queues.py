"""The queues of an app: names, aliases, prefixes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import jobkit
from jobkit.errors import ConfigurationError, InvalidArgument, UnknownQueue
from tests.core.stored_jobs import Shelf


def send(user_id: int = 7) -> None: ...


def queue_of(shelf: Shelf, receipt: jobkit.Receipt) -> str:
    return shelf[receipt.id].message.queue


def test_known_are_the_default_those_declared_and_those_that_a_job_names(app: jobkit.App) -> None:
    app.queue("mail")
    app.job(queue="slow")(send)
    assert app.queues == ["default", "mail", "slow"]


def test_any_other_is_unknown_with_what_was_perhaps_meant(app: jobkit.App) -> None:
    app.queue("mail", aliases=["post"])
    with pytest.raises(UnknownQueue) as raised:
        app.check_queue("psot")
    assert str(raised.value) == ("no queue 'psot' (there are: default, mail, post); did you mean 'post'?")


def test_an_alias_is_another_name_for_it(app: jobkit.App, shelf: Shelf) -> None:
    app.queue("mail", aliases=["post"])
    assert app.check_queue("post") == "mail"
    assert queue_of(shelf, app.job(send).using(queue="post").enqueue()) == "mail"


def test_what_is_stored_under_an_alias_is_taken_too(app: jobkit.App) -> None:
    app.queue("mail", aliases=["post", "letters"])
    (names,) = app.by_source(["mail"]).values()
    assert names == ["mail", "post", "letters"]
    assert app.queue_stored_as("post") == "mail"


def test_a_name_belongs_to_one_queue(app: jobkit.App) -> None:
    app.queue("mail", aliases=["post"])
    with pytest.raises(ConfigurationError, match=r"the queue 'mail' has the name 'post' already"):
        app.queue("post")
    with pytest.raises(ConfigurationError, match=r"the queue 'mail' has the name 'mail' already"):
        app.queue("slow", aliases=["mail"])
    assert "slow" not in app.queues, "and nothing is left of the attempt"


def test_a_queue_that_a_job_named_first_may_be_declared_later(app: jobkit.App, shelf: Shelf) -> None:
    job = app.job(queue="mail")(send)
    log: list[object] = []
    app.queue("mail", enqueue=[log.append])
    job.enqueue()
    assert len(log) == 1


def test_a_job_that_names_a_declared_queue_leaves_it_as_it_is(app: jobkit.App) -> None:
    log: list[object] = []
    app.queue("mail", enqueue=[log.append])
    app.job(queue="mail")(send).enqueue()
    assert len(log) == 1


@pytest.mark.parametrize("name", ["", "a\n", "x" * 256])
def test_names_are_checked_when_declared(app: jobkit.App, name: str) -> None:
    with pytest.raises(InvalidArgument):
        app.queue(name)
    with pytest.raises(InvalidArgument):
        app.job(queue=name)(send)


def test_a_prefix_is_of_the_names_in_the_store_only() -> None:
    app = jobkit.App("inline:", prefix="shop:")
    app.queue("mail", aliases=["post"])
    assert app.queues == ["default", "mail"]
    (names,) = app.by_source().values()
    assert names == ["shop:default", "shop:mail", "shop:post"]
    assert app.queue_stored_as("shop:post") == "mail"
    with pytest.raises(UnknownQueue, match="no queue of this app is stored as 'other'"):
        app.queue_stored_as("other")


def test_a_prefix_counts_when_a_name_is_checked() -> None:
    app = jobkit.App("inline:", prefix="p" * 200)
    with pytest.raises(InvalidArgument, match="queue is 1 to 255 bytes"):
        app.queue("q" * 100)


def test_a_queue_may_be_chosen_by_the_arguments(app: jobkit.App, shelf: Shelf) -> None:
    app.queue("vip")
    asked: list[Mapping[str, object]] = []

    def choose(arguments: Mapping[str, object]) -> str:
        asked.append(arguments)
        return "vip" if arguments["user_id"] == 1 else "default"

    job = app.job(queue=choose)(send)
    assert queue_of(shelf, job.enqueue(1)) == "vip"
    assert queue_of(shelf, job.enqueue()) == "default"
    assert asked == [{"user_id": 1}, {"user_id": 7}], "defaults included"


def test_what_is_stated_comes_before_what_is_chosen(app: jobkit.App, shelf: Shelf) -> None:
    app.queue("slow")
    job = app.job(queue=lambda arguments: "default")(send)
    assert queue_of(shelf, job.using(queue="slow").enqueue()) == "slow"


def test_choosing_an_unknown_queue_is_an_error(app: jobkit.App) -> None:
    answers: list[Any] = ["mial", None]
    app.queue("mail")
    job = app.job(queue=lambda arguments: answers[-1])(send)
    while answers:
        with pytest.raises(UnknownQueue, match=f"no queue {answers[-1]!r}"):
            job.enqueue()
        answers.pop()


def test_what_runs_around_its_jobs_does_so_under_each_of_its_names() -> None:
    def around(_: object) -> None: ...
    def everywhere(_: object) -> None: ...

    app = jobkit.App("inline:", prefix="shop:", perform=[everywhere])
    app.queue("mail", perform=[around], aliases=["post"])
    for name in ("shop:mail", "shop:post"):
        assert list(app.perform_middleware(name)) == [everywhere, around]
    assert list(app.perform_middleware("shop:default")) == [everywhere]
    assert list(app.perform_middleware("whose?")) == [everywhere]
