"""Who is still leaving when connections are counted is nobody's connection."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jobkit_conformance.checks.g_cost import _at_rest  # pyright: ignore[reportPrivateUsage]

pytestmark = pytest.mark.realtime


@pytest.mark.parametrize(
    ("seen", "found"), [([1, 0], 0), ([3, 3, 2, 2, 1], 1), ([2], 2)], ids=["one leaves", "several leave", "they stay"]
)
async def test_connections_are_counted_once_nobody_is_leaving(seen: Sequence[int], found: int) -> None:
    left = list(seen)

    async def connections() -> int:
        return left.pop(0) if len(left) > 1 else left[0]

    env = SimpleNamespace(harness=SimpleNamespace(connections=connections))
    assert await _at_rest(cast("Any", env)) == found
