"""What an author says of nodes and of the story: chapters, notes, tags, bookmarks, settings."""

import json
from typing import Any, NamedTuple

from storyloom.settings import FRACTIONS, INHERITED, TEXTS, fits, range_of, varied
from storyloom.story.act import Act
from storyloom.story.kept import kept
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["SETTINGS", "Bookmark", "Chapter", "bookmark", "bookmarks",
           "chapters_of", "is_setting", "set_chapter", "set_setting", "set_sketch", "set_text",
           "settings_of", "story_text", "tag", "tagged", "tags", "text_of", "whys"]  # fmt: skip

SETTINGS = (*INHERITED, "cap")
"""What a story may set for itself, in place of the config file's."""
_LONGEST = 60

_STORY_TEXTS = ("title", "premise", "style")
_NODE_TEXTS = ("why", "reason", "note", "label", "plan")


class Chapter(NamedTuple):
    """A chapter mark in a node's text."""

    offset: int
    """Code points before the mark."""
    title: str
    numbered: bool = True


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
    kind, data = (f"{key}.set", None) if owner else ("settings.set", {"setting": key})
    with story.act(kind, data=data) as act:
        if owner:
            act.node(owner)
        text = kept(text or "").strip()
        act.change(owner, key, text or None)


def tag(story: Story, node: int, name: str, *, on: bool = True) -> None:
    """Give a node a tag, or take it away. A tag is a few words without line ends."""
    name = " ".join(kept(name).split())
    if not name or len(name) > _LONGEST:
        raise Refusal(f"A tag has 1 to {_LONGEST} characters.")
    with story.act("tag.set", data={"tag": name}) as act:
        act.node(node)
        act.change(node, f"tag:{name}", 1 if on else None)


def tags(story: Story, node: int) -> list[str]:
    """Return a node's tags by name."""
    rows = story.read.execute(
        "SELECT substr(key, 5) FROM attr WHERE owner = ? AND key GLOB 'tag:*' ORDER BY key", (node,)
    ).fetchall()
    return [row[0] for row in rows]


def tagged(story: Story, name: str | None = None) -> list[tuple[str, int]]:
    """Return each tag, or the one of that name, with each node that has it."""
    rows = story.read.execute(
        "SELECT substr(key, 5), owner FROM attr WHERE key GLOB 'tag:*' AND (? IS NULL OR key = ?) "
        "ORDER BY key, owner",
        (name, f"tag:{name}"),
    )
    return rows.fetchall()


class Bookmark(NamedTuple):
    """A node that the author wants to come back to."""

    node: int
    name: str
    """What the author calls it, perhaps nothing."""


def bookmark(story: Story, node: int, name: str | None = "") -> None:
    """Set a bookmark at a node, with a name if there is one; None takes it away."""
    with story.act("bookmark.set") as act:
        act.node(node)
        act.change(node, "bookmark", None if name is None else " ".join(kept(name).split()))


def bookmarks(story: Story) -> list[Bookmark]:
    """Return the story's bookmarks, those on nodes that are pruned too."""
    rows = story.read.execute(
        "SELECT owner, value FROM attr WHERE key = 'bookmark' ORDER BY owner"
    ).fetchall()
    return [Bookmark(*row) for row in rows]


def set_setting(story: Story, key: str, value: float | str | None, owner: int = 0) -> None:
    """Let a node and what is below it, or the story (owner 0), have a setting of its own; None
    lets it inherit again: from above, then from the config file.

    `trim` is 1 or 0. Raises Refusal for a setting that its owner cannot have, see `SETTINGS` and
    `INHERITED`, for a value out of its range, and for a node that is not there.
    """
    known = INHERITED if owner else SETTINGS
    if key not in known:
        what = "node" if owner else "story"
        raise Refusal(f"A {what} has no setting {one_line(key)!r}; it has {', '.join(known)}.")
    if key in TEXTS and value is not None:
        varied(str(value))
        value = " ".join(kept(str(value)).split())
    elif value is not None:
        if isinstance(value, str) or not fits(key, value):
            raise Refusal(f"{key} has to be {range_of(key)}.")
        value = float(value) if key in FRACTIONS else int(value)
    with story.act("settings.set", data={"setting": key}) as act:
        if owner:
            act.node(owner)
        act.change(owner, f"setting:{key}", value)


def settings_of(story: Story) -> dict[str, Any]:
    """Return the settings that the story has of its own, by name."""
    rows = story.read.execute(
        "SELECT substr(key, 9), value FROM attr WHERE owner = 0 AND key GLOB 'setting:*'"
    ).fetchall()
    return {key: value for key, value in rows if key in SETTINGS and is_setting(key, value)}


def is_setting(key: str, value: object) -> bool:
    """Whether `value` can be that setting's; a file from elsewhere may hold anything there."""
    if key not in TEXTS:
        return isinstance(value, int | float) and fits(key, value)
    try:
        varied(value if isinstance(value, str) else "?")
    except Refusal:
        return False
    return True


def set_sketch(story: Story, node: int, *, on: bool = True) -> None:
    """Mark a passage as a sketch of what comes next, which is no part of the text of any strand,
    or as prose again.
    """
    with story.act("sketch.set") as act:
        act.settled(node)
        act.change(node, "sketch", 1 if on else None)


def text_of(story: Story, owner: int, key: str) -> str:
    """Return one of the author's texts, empty when it is not set."""
    row = story.read.execute(
        "SELECT value FROM attr WHERE owner = ? AND key = ?", (owner, key)
    ).fetchone()
    return str(row[0]) if row else ""


def whys(story: Story, most: int = 5) -> list[str]:
    """Return what forks were for, those of the nodes that came last first, each but once."""
    rows = story.read.execute(
        "SELECT value FROM attr WHERE key = 'why' GROUP BY value ORDER BY max(owner) DESC LIMIT ?",
        (most,),
    ).fetchall()
    return [str(row[0]) for row in rows]


def story_text(story: Story, key: str) -> str:
    """Return the story's title, premise or style; a story without a title has its file's name."""
    return text_of(story, 0, key) or (story.path.stem if key == "title" else "")


def _marks(act: Act, node: int) -> list[Chapter]:
    return chapters_of(act.tables.attribute(node, "chapters"))
