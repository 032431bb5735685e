"""What tests ask of a page: its elements and texts, as a browser would find them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "wbr", "br", "link", "img", "input"}


@dataclass
class Node:
    """An element, with those inside it."""

    tag: str
    attributes: dict[str, str | None]
    inside: list[Node | str] = field(default_factory=list["Node | str"])

    def all(self, tag: str, **attributes: str) -> Iterator[Node]:
        """The elements inside with this tag, whose attributes have these words among theirs."""
        for each in self.inside:
            if isinstance(each, Node):
                words = {name: (each.attributes.get(name.rstrip("_")) or "").split() for name in attributes}
                if each.tag == tag and all(value in words[name] for name, value in attributes.items()):
                    yield each
                yield from each.all(tag, **attributes)

    def one(self, tag: str, **attributes: str) -> Node:
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def text(self) -> str:
        return "".join(each if isinstance(each, str) else each.text for each in self.inside)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.stack = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self.stack[-1].inside.append(node)
        if tag not in VOID:
            self.stack.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack[-1].tag == tag, f"</{tag}> ends <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.stack[-1].inside.append(data)


def parsed(text: str) -> Node:
    """The page; fails where an element is not ended."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.stack) == 1, f"<{reader.stack[-1].tag}> has no end"
    return reader.stack[0]
