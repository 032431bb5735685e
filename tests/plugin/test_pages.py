"""The pages of ``docs/`` that are made of tests are as these make them."""

from __future__ import annotations

import ast

import pytest

from tests.plugin.pages import DOCS, TRANSLATED, forms_of, pages

SYSTEMS = {"Rails", "Laravel", "Sidekiq", "Oban"}

ACTIVE_JOB = {
    "assert_enqueued_jobs",
    "assert_no_enqueued_jobs",
    "assert_performed_jobs",
    "assert_no_performed_jobs",
    "assert_enqueued_with",
    "assert_performed_with",
    "perform_enqueued_jobs",
    "interrupt_job_during_step",
    "queue_adapter_for_test",
}


@pytest.mark.parametrize("name", pages())
def test_it_is_what_the_tests_make(name: str) -> None:
    assert (DOCS / name).read_text() == pages()[name](), "python -m tests.plugin.pages writes it anew"


def test_every_helper_of_active_job_is_translated() -> None:
    said = TRANSLATED.read_text()
    assert [helper for helper in ACTIVE_JOB if f"{helper}" not in said] == []
    for option in ("only:", "except:", "queue:", "priority:", "at:", "args:"):
        assert option in said


def test_each_translation_names_where_it_comes_from() -> None:
    for node in ast.parse(TRANSLATED.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            forms = forms_of(ast.get_docstring(node) or "")
            assert forms, node.name
            assert set(forms) <= SYSTEMS, node.name
