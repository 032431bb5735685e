"""Stored payloads: what jobs looked like when they were enqueued, kept in the repository and read by later code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_jobkit.features.registry import Watcher

MODES = ("record", "check")


def add(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    group.addoption(
        "--jobkit-payloads",
        choices=MODES,
        default=None,
        help="record: store one payload of each job and shape that the tests enqueue; check: each stored one is a test "
        "that today's code still decodes and binds it, as it has to while older jobs are in flight",
    )
    parser.addini(
        "jobkit_payloads",
        "the folder of the stored payloads, to be committed (default: tests/payloads)",
        default="tests/payloads",
    )


def begin(config: pytest.Config) -> Watcher | None:
    mode = config.getoption("--jobkit-payloads")
    if mode is None:
        return None
    from pytest_jobkit.features.payloads.plugin import PayloadPlugin

    folder = config.rootpath / config.getini("jobkit_payloads")
    keeping = PayloadPlugin(config, folder, recording=mode == "record")
    config.pluginmanager.register(keeping, "jobkit-payloads")
    return keeping.see
