"""What an author says about the tree: the weave, chapters, why, notes, settings."""

import json
from typing import NamedTuple

from storyloom.story.kept import kept
from storyloom.story.schema import PRUNED
from storyloom.story.story import Act, Story
from storyloom.text import Refusal

__all__ = ["MAIN", "Chapter", "chapters_of", "set_chapter", "set_text", "set_weave", "story_text",
           "text_of"]  # fmt: skip

MAIN = "main"
"""The name of the weave that a story has from the start."""

_STORY_TEXTS = ("title", "premise", "style")
_NODE_TEXTS = ("why", "reason", "note", "label", "plan")


# The steps to a node that the weave does not take yet, and those that it cannot: a strand may be
# many thousand nodes deep, and the weave mostly changes at its end.
_STEPS = """
WITH RECURSIVE up(id, parent, flags) AS (
    SELECT id, parent, flags FROM node WHERE id = ?
    UNION ALL SELECT p.id, p.parent, p.flags FROM up JOIN node p ON p.id = up.parent
)
SELECT up.parent, up.id, up.flags FROM up
LEFT JOIN attr ON attr.owner = up.parent AND attr.key = ?
WHERE up.flags & ? OR attr.value IS NOT up.id
"""


class Chapter(NamedTuple):
    """A chapter mark in a node's text."""

    offset: int
    """Code points before the mark."""
    title: str
    numbered: bool = True


def set_weave(story: Story, node: int, weave: str = MAIN) -> None:
    """Lead the weave to `node`: every ancestor's step goes towards it, its own one stays.

    Refused for a node that is pruned or below a pruned one.
    """
    with story.act("weave.set", data={"weave": weave, "to": node}) as act:
        act.node(node)
        key = f"weave:{weave}"
        steps = act.db.execute(_STEPS, (node, key, PRUNED)).fetchall()
        for parent, child, flags in steps:
            if flags & PRUNED:
                raise Refusal(f"n{child} is pruned; restore it before the weave goes there.")
            act.change(parent, key, child)


def set_chapter(story: Story, node: int, title: str | None, offset: int = 0) -> None:
    """Begin a chapter before code point `offset` of a node; a title of None takes the mark away."""
    with story.act("chapter.set") as act:
        text, _ = act.text(act.settled(node).rev)
        if not 0 <= offset < max(1, len(text)):
            raise Refusal("A chapter begins inside the text of a node.")
        marks = [mark for mark in _marks(act, node) if mark.offset != offset]
        if title is not None:
            marks.append(Chapter(offset, kept(title).strip()))
        act.change(
            node, "chapters", json.dumps(sorted(marks), ensure_ascii=False) if marks else None
        )


def chapters_of(value: object) -> list[Chapter]:
    """Return the marks that an attribute `chapters` holds; None gives none."""
    return [Chapter(*mark) for mark in json.loads(str(value or "[]"))]


def set_text(story: Story, owner: int, key: str, text: str | None) -> None:
    """Set one of the author's texts: title, premise or style of the story (owner 0), or why,
    reason, note or label of a node. An empty one is taken away.
    """
    allowed = _NODE_TEXTS if owner else _STORY_TEXTS
    if key not in allowed:
        raise Refusal(f"There is no {key!r} to be set here; there are {', '.join(allowed)}.")
    with story.act("settings.set" if not owner else f"{key}.set") as act:
        if owner:
            act.node(owner)
        text = kept(text or "").strip()
        act.change(owner, key, text or None)


def text_of(story: Story, owner: int, key: str) -> str:
    """Return one of the author's texts, empty when it is not set."""
    row = story.read.execute(
        "SELECT value FROM attr WHERE owner = ? AND key = ?", (owner, key)
    ).fetchone()
    return str(row[0]) if row else ""


def story_text(story: Story, key: str) -> str:
    """Return the story's title, premise or style; a story without a title has its file's name."""
    return text_of(story, 0, key) or (story.path.stem if key == "title" else "")


def _marks(act: Act, node: int) -> list[Chapter]:
    return chapters_of(act.tables.attribute(node, "chapters"))
