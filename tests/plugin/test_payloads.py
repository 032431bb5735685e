"""``--jobkit-payloads``: what older code enqueued is read by today's, or a test says why not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin.conftest import Project

FOLDER = "tests/payloads"

STORES = """
    def test_it(jobs):
        send_welcome.enqueue(1)
        send_welcome.enqueue(22, template="hello")
        send_welcome.enqueue(333)
        jobs.perform()
"""


def stored(project: Project, name: str = "shop.send_welcome") -> list[dict[str, Any]]:
    found = json.loads((project.path / FOLDER / f"{name}.json").read_text())
    assert found["job"] == name
    return list(found["payloads"])


def files(project: Project) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((project.path / FOLDER).iterdir())}


def declare(project: Project, line: str) -> None:
    """A module with one job; what an earlier run imported of it is forgotten."""
    project.write("later.py", f"import jobkit\n\napp = jobkit.App()\n\n\n@app.job\n{line}\n")


@pytest.fixture
def recorded(project: Project) -> Project:
    """A project with a stored payload of ``later.send(user_id=7, template='hello')``."""
    declare(project, "def send(user_id: int | str, template: str = 'welcome') -> None: ...")
    tests = """
        def test_it(jobs):
            later.send.enqueue(7, template="hello")
            later.send.enqueue("ada", template="hello")
            jobs.perform()
    """
    result = project.run(tests, "--jobkit-payloads=record", head="import later")
    result.assert_outcomes(passed=1)
    assert (project.path / FOLDER / "later.send.json").exists()
    project.write("test_it.py", "import later\ndef test_it(): pass")
    return project


def check(project: Project, *args: str) -> pytest.RunResult:
    return project.again("--jobkit-payloads=check", *args)


# Recording.


def test_one_payload_of_each_job_and_shape_is_stored(project: Project) -> None:
    result = project.run(STORES, "--jobkit-payloads=record")
    result.assert_outcomes(passed=1)
    assert list(files(project)) == ["shop.push_crm.json", "shop.send_welcome.json"]
    assert stored(project) == [
        {"shape": "user_id: int", "version": "1", "coder": "json", "body": {"user_id": 1}},
        {
            "shape": "user_id: int, template: str",
            "version": "1",
            "coder": "json",
            "body": {"user_id": 22, "template": "hello"},
        },
    ]
    result.stdout.fnmatch_lines(["*= jobkit payloads =*", f"{FOLDER}: 3 added, 0 kept, 0 dropped; commit them"])


def test_recording_again_changes_no_byte(project: Project) -> None:
    project.run(STORES, "--jobkit-payloads=record")
    before = files(project)
    result = project.run(STORES.replace("22", "9").replace("(1)", "(5)"), "--jobkit-payloads=record")
    assert files(project) == before
    result.stdout.fnmatch_lines([f"{FOLDER}: 0 added, 3 kept, 0 dropped; commit them"])


def test_a_run_of_some_tests_drops_nothing(project: Project) -> None:
    project.run(STORES, "--jobkit-payloads=record")
    before = files(project)
    project.run("def test_it(jobs): remind.enqueue(1); jobs.perform()", "--jobkit-payloads=record")
    assert files(project).keys() - before.keys() == {"shop.remind.json"}
    assert files(project).items() >= before.items()


def test_shapes_look_inside(project: Project) -> None:
    module = project.path / "later.py"
    head = """
        from __future__ import annotations
        import enum
        from dataclasses import dataclass
        from decimal import Decimal

        @dataclass
        class Item:
            sku: str
            price: Decimal

        class Kind(enum.Enum):
            SMALL = 1

    """
    project.write("later.py", head)
    module.write_text(
        module.read_text()
        + "import jobkit\napp = jobkit.App()\n@app.job\ndef send(items: list[Item], seen: set[int], "
        + "note: dict[str, object], kind: Kind = Kind.SMALL, *more: int): ...\n"
    )
    tests = """
        def test_it(jobs):
            item = later.Item("a", later.Decimal("1.5"))
            later.send.enqueue([item, item], set(), {"a": 1, "b": None}, later.Kind.SMALL, 1, 2)
            later.send.enqueue([], {1}, {})
            jobs.perform()
    """
    project.run(tests, "--jobkit-payloads=record", head="import later").assert_outcomes(passed=1)
    items = "items: list[Item(sku: str, price: Decimal)]"
    assert [each["shape"] for each in stored(project, "later.send")] == [
        "items: list, seen: set[int], note: dict, more: tuple",
        f"{items}, seen: set, note: dict[str, None | int], kind: Kind, more: tuple[int]",
    ]
    check(project).assert_outcomes(passed=3)


def test_a_body_that_is_no_json_is_stored_to_the_byte(project: Project) -> None:
    project.write(
        "later.py",
        """
        import jobkit
        from jobkit.coders.json import JSON

        class Odd(JSON):
            name = "odd"
            def encode(self, value): return bytes([0xff]) + JSON.encode(self, value)
            def decode(self, body, type): return JSON.decode(self, body[1:], type)

        class Spaced(JSON):
            name = "spaced"
            def encode(self, value): return b" " + JSON.encode(self, value)

        app = jobkit.App()
        app.queue("odd", coder=Odd())
        app.queue("spaced", coder=Spaced())

        @app.job(queue="odd")
        def odd(text: str): ...

        @app.job(queue="spaced")
        def spaced(text: str): ...
        """,
    )
    tests = """
        def test_it(jobs):
            later.odd.enqueue("ü")
            later.spaced.enqueue("ü")
            jobs.perform()
    """
    project.run(tests, "--jobkit-payloads=record", head="import later").assert_outcomes(passed=1)
    assert stored(project, "later.odd")[0]["base64"]
    assert stored(project, "later.spaced")[0]["text"] == ' {"text":"ü"}'
    check(project).assert_outcomes(passed=3)


def test_the_folder_is_an_ini_key(project: Project) -> None:
    project.run(STORES, "--jobkit-payloads=record", "-o", "jobkit_payloads=old/jobs")
    assert [file.name for file in sorted((project.path / "old" / "jobs").iterdir())] == [
        "shop.push_crm.json",
        "shop.send_welcome.json",
    ]


# Checking.


def test_what_today_s_code_reads_passes(recorded: Project) -> None:
    check(recorded).assert_outcomes(passed=3)
    declare(recorded, "def send(user_id: int | str, template: str | None = None, more: int = 0) -> None: ...")
    check(recorded).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("today", "change", "accept"),
    [
        (
            "def send(user_id: int | str) -> None: ...",
            "parameter 'template' (str) was removed",
            "keep it for a while (template: str | None = None)",
        ),
        (
            "def send(user_id: int | str, layout: str) -> None: ...",
            "parameter 'template' was renamed to 'layout', or one went and the other came",
            "take both for a while (template: str | None = None, and layout with a default)",
        ),
        (
            "def send(user_id: int | str, tenant: str, template: str = 'welcome') -> None: ...",
            "parameter 'tenant' is new, and has no default",
            "give 'tenant' a default",
        ),
    ],
    ids=["removed", "renamed", "added"],
)
def test_a_signature_that_changed_is_a_red_test(recorded: Project, today: str, change: str, accept: str) -> None:
    declare(recorded, today)
    result = check(recorded)
    result.assert_outcomes(passed=1, failed=2)
    said = " ".join(result.stdout.str().split())
    assert f"change: {change}" in said
    assert f"Either {accept}, or, once none" in said
    assert 'stored: later.send(user_id: int, template: str) {"user_id":7,"template":"hello"}' in said
    assert f"FAILED {FOLDER}/later.send.json::user_id: int, template: str" in said


def test_a_type_that_takes_less_fails_for_what_it_no_longer_takes(recorded: Project) -> None:
    declare(recorded, "def send(user_id: int, template: str = 'welcome') -> None: ...")
    result = check(recorded)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*a type no longer takes what was stored: Expected `int`, got `str` - at `$.user_id`"])


def test_a_job_that_is_gone_fails(recorded: Project) -> None:
    declare(recorded, "def sends(user_id: int | str, template: str = 'welcome') -> None: ...")
    result = check(recorded)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        ["*no job of this name is declared any more; was it renamed to later.sends?", "*@app.job(name='later.send')*"]
    )
    (recorded.path / "later.py").unlink()
    recorded.write("test_it.py", "def test_it(): pass")
    check(recorded).assert_outcomes(passed=1, failed=2)


def test_nobody_has_to_import_the_job(recorded: Project) -> None:
    recorded.write("test_it.py", "def test_it(): pass")
    check(recorded).assert_outcomes(passed=3)


def test_one_alone_is_run_by_its_id(recorded: Project) -> None:
    check(recorded, f"{FOLDER}/later.send.json::user_id: int, template: str").assert_outcomes(passed=2)
    result = check(recorded, f"{FOLDER}/later.send.json")
    result.assert_outcomes(passed=2)


def test_recording_anew_drops_on_purpose_and_says_so(recorded: Project) -> None:
    declare(recorded, "def send(user_id: int) -> None: ...")
    tests = "def test_it(jobs): later.send.enqueue(1); jobs.perform()"
    result = recorded.run(tests, "--jobkit-payloads=record", head="import later\n")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            f"{FOLDER}: 1 added, 0 kept, 2 dropped; commit them",
            "*today's code can't perform it: later.send.json (user_id: int, template: str)",
        ]
    )
    assert [each["shape"] for each in stored(recorded, "later.send")] == ["user_id: int"]
    check(recorded).assert_outcomes(passed=2)


def test_a_file_that_is_none_of_ours_is_named(project: Project) -> None:
    project.write(f"{FOLDER}/shop.odd.json", '{"job": "shop.odd"}')
    project.write("test_it.py", "def test_it(): pass")
    result = check(project)
    assert result.ret != 0
    assert "shop.odd.json: this is no file of stored payloads" in result.stderr.str() + result.stdout.str()


def test_without_the_option_nothing_is_read_or_written(project: Project) -> None:
    project.write(f"{FOLDER}/shop.odd.json", "{")
    project.run(STORES).assert_outcomes(passed=1)
    assert files(project) == {"shop.odd.json": b"{"}


def test_shapes_name_their_parameters() -> None:
    from pytest_jobkit.features.payloads.check import parameters

    assert parameters("") == {}
    assert parameters("a: int, b: Item(sku: str, price: list[int]), c: dict[str, None | int]") == {
        "a": "int",
        "b": "Item(sku: str, price: list[int])",
        "c": "dict[str, None | int]",
    }
