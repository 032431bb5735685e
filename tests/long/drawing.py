"""Draws what a soak went through, as SVG: lines over time, and a mark for each fault."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from tests.long.soak import Sample

WIDTH, HEIGHT, GAP, LEFT, RIGHT, TOP = 900, 120, 46, 90, 20, 64
MB: Final = 1_000_000
COLOURS: Final = {
    "kill": "#c0392b",
    "stop": "#8e44ad",
    "term": "#2c7fb8",
    "hole": "#d35400",
    "cut": "#e0a800",
    "away": "#111111",
    "full": "#0a7d55",
    "producer killed": "#7f8c8d",
}


def draw(samples: Sequence[Sample], faults: Sequence[tuple[float, str]]) -> str:
    """Three panels: jobs a second, the server's memory, that of the workers."""
    whole = max((sample.at for sample in samples), default=1.0) or 1.0
    panels = [
        ("jobs ended a second", _rates(samples)),
        ("the server's data, MB", [(each.at, each.used / MB) for each in samples if each.used is not None]),
        ("all workers' memory, MB", [(each.at, each.resident / MB) for each in samples]),
    ]
    height = TOP + len(panels) * (HEIGHT + GAP) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        *_legend(faults),
    ]
    for number, (title, points) in enumerate(panels):
        parts += _panel(TOP + number * (HEIGHT + GAP), title, points, faults, whole)
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{height - 8}" text-anchor="end">{whole:.0f} s</text>')
    return "\n".join([*parts, "</svg>", ""])


def _rates(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    return [(two.at, (two.ended - one.ended) / max(two.at - one.at, 0.01)) for one, two in pairwise(samples)]


def _legend(faults: Sequence[tuple[float, str]]) -> list[str]:
    parts: list[str] = []
    x = LEFT
    for what in COLOURS:
        count = sum(fault == what for _, fault in faults)
        if count:
            words = f"{count} {what}"
            parts.append(f'<rect x="{x}" y="18" width="10" height="10" fill="{COLOURS[what]}"/>')
            parts.append(f'<text x="{x + 14}" y="28">{escape(words)}</text>')
            x += 30 + 7 * len(words)
    return parts


def _panel(
    top: int, title: str, points: Sequence[tuple[float, float]], faults: Sequence[tuple[float, str]], whole: float
) -> list[str]:
    most = max((value for _, value in points), default=1.0) or 1.0
    wide = WIDTH - LEFT - RIGHT

    def place(at: float, value: float) -> str:
        return f"{LEFT + at / whole * wide:.1f},{top + HEIGHT - value / most * HEIGHT:.1f}"

    marks = [
        f'<line x1="{LEFT + min(at / whole, 1) * wide:.1f}" x2="{LEFT + min(at / whole, 1) * wide:.1f}" y1="{top}" '
        f'y2="{top + HEIGHT}" stroke="{COLOURS[what]}" stroke-width="1" opacity="0.45"/>'
        for at, what in faults
    ]
    line = " ".join(place(at, value) for at, value in points)
    return [
        f'<text x="{LEFT}" y="{top - 6}" font-weight="bold">{escape(title)}</text>',
        *marks,
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top + HEIGHT}" y2="{top + HEIGHT}" stroke="#888"/>',
        f'<polyline points="{line}" fill="none" stroke="#222" stroke-width="1.5"/>',
        f'<text x="{LEFT - 6}" y="{top + 10}" text-anchor="end">{most:,.0f}</text>',
        f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end">0</text>',
    ]
