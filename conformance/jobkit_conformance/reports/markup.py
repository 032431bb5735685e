"""Elements of pages and pictures, escaped by construction: what stands in a report may be anything."""

from __future__ import annotations

import re
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element, tostring

Child: TypeAlias = "Element | str | None"
Value: TypeAlias = str | float | bool | None

_VISIBLE: Final = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"} | {127: 0x2421}
"""Control characters have no place in a page: their pictures stand for them."""


def element(tag: str, *children: Child, **attributes: Value) -> Element:
    """An element. Attributes: ``class_`` is ``class``, ``aria_label`` ``aria-label``; None and False leave one out."""
    stated = {
        _name(name): _value(value) for name, value in attributes.items() if value is not None and value is not False
    }
    made = Element(tag, stated)
    for child in children:
        _append(made, child)
    return made


def breakable(name: str) -> list[Child]:
    """A dotted name, such as a harness' path: where a line is too short for it, it goes on after a dot."""
    parts = re.findall(r"[^.:]*[.:]|[^.:]+", name)
    return [each for part in parts for each in (part, element("wbr"))][:-1]


def html(root: Element) -> str:
    """The text of a page, or of a part of one."""
    return tostring(root, encoding="unicode", method="html")


def xml(root: Element) -> bytes:
    """The text of a picture that stands alone."""
    return tostring(root, encoding="unicode").encode()


def _append(parent: Element, child: Child) -> None:
    if isinstance(child, Element):
        parent.append(child)
    elif child and len(parent):
        parent[-1].tail = (parent[-1].tail or "") + child.translate(_VISIBLE)
    elif child:
        parent.text = (parent.text or "") + child.translate(_VISIBLE)


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    if value is True:
        return ""
    return value.translate(_VISIBLE) if isinstance(value, str) else f"{value:g}"
