"""Where the jobs of one app are kept."""

from __future__ import annotations

import threading

import jobkit
from jobkit.connections.clients import Clients
from jobkit.connections.resolver import find


def send(user_id: int) -> None: ...


def test_queues_of_one_backend_share_what_is_open() -> None:
    app = jobkit.App("inline:shop")
    app.queue("mail")
    app.queue("images", backend="inline:shop")
    app.queue("elsewhere", backend="inline:elsewhere")
    assert app.clients("default") is app.clients("mail") is app.clients("images")
    assert app.clients("elsewhere") is not app.clients("default")
    assert sorted(app.by_source().values()) == [["default", "mail", "images"], ["elsewhere"]]


def test_a_factory_is_its_own_backend() -> None:
    app = jobkit.App("inline:shop", namespace="a")
    assert app.clients("default").source == find("inline:shop", "a")


def test_two_apps_share_a_named_memory_and_no_nameless_one() -> None:
    one, other = jobkit.App("inline:"), jobkit.App("inline:")
    assert one.clients("default").source != other.clients("default").source
    assert jobkit.App("inline:shop").clients("default").source == jobkit.App("inline:shop").clients("default").source


def test_an_apps_own_memory_is_not_that_of_one_that_is_gone() -> None:
    seen = set()
    for _ in range(50):
        seen.add(jobkit.App("inline:").clients("default").source.url)
    assert len(seen) == 50


def test_what_has_ended_is_opened_again() -> None:
    app = jobkit.App("inline:shop")
    ended = app.clients("default")
    ended.close_all()
    assert app.clients("default") is not ended
    assert app.clients("default") is app.clients("default")


def test_threads_that_ask_at_once_get_the_same() -> None:
    app = jobkit.App("inline:shop")
    gate, found = threading.Barrier(8), list[Clients]()

    def ask() -> None:
        gate.wait()
        found.append(app.clients("default"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1


def test_a_queue_declared_anew_is_kept_where_it_says_now() -> None:
    app = jobkit.App("inline:shop")
    before = app.clients("default")
    app.queue("default", backend="inline:elsewhere")
    assert app.clients("default") is not before
