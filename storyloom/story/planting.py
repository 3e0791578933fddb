"""A story file made at once of passages that come from elsewhere."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from storyloom.story import file, origins, shape
from storyloom.story.kept import kept
from storyloom.story.marks import Chapter
from storyloom.story.story import Story

__all__ = ["Passage", "plant"]

_AT_ONCE = 20


class Passage(NamedTuple):
    """One node that is to be."""

    parent: int
    """The place among the passages of what it hangs on, which is before its own; -1 begins."""
    text: str
    origin: str
    chapters: tuple[Chapter, ...] = ()
    woven: bool = True
    """Whether the weave leads to it; so does it then to what it hangs on."""


def plant(
    path: Path,
    passages: Sequence[Passage],
    *,
    source: str,
    title: str = "",
    premise: str = "",
    style: str = "",
    progress: Callable[[int, int], object] = lambda _, __: None,
) -> None:
    """Create the story `path` of those passages, in one operation.

    `source` says in the log where they come from. `progress` is told how many of how many are in;
    what it raises ends it. Raises Refusal when the file is there or cannot be written; whenever
    this raises, no file is left.
    """
    with (
        file.draft(path) as made,
        Story(made) as story,
        story.act("story.create", data={"import": source}) as act,
    ):
        for key, text in (("title", title), ("premise", premise), ("style", style)):
            if text.strip():
                act.change(0, key, kept(text.strip()))
        nodes: list[int] = []
        for number, passage in enumerate(passages):
            parent = nodes[passage.parent] if passage.parent >= 0 else 0
            text = kept(passage.text)
            runs = origins.whole(text, passage.origin)
            node = act.add(parent, shape.keys_at_end(act, parent, 1)[0], text, runs)
            nodes.append(node)
            if passage.chapters:
                marks = [mark._replace(title=kept(mark.title)) for mark in passage.chapters]
                act.change(node, "chapters", json.dumps(marks, ensure_ascii=False))
            if passage.woven:
                act.change(parent, "weave:main", node)
            if number % _AT_ONCE == 0:
                progress(number, len(passages))
        progress(len(passages), len(passages))
