"""What a line of a screen says of a node: how its text begins, who wrote it, what hangs on it."""

import json
from dataclasses import dataclass
from typing import Any

from storyloom.story import origins
from storyloom.story.marks import Chapter, chapters_of
from storyloom.story.origins import HUMAN, PASTE
from storyloom.story.schema import GONE, PRUNED, STREAMING
from storyloom.story.story import Story

__all__ = ["Card", "cards"]

_PREVIEW = 1_200


@dataclass(frozen=True)
class Card:
    """What a list or a tree row says about one node."""

    id: int
    parent: int
    ord: str
    flags: int
    preview: str
    """The first 1,200 code points of the text: all of most passages."""
    length: int
    """Code points of the whole text."""
    model: str
    """The model that wrote it first; empty where none did."""
    author: str
    """The origin that it is said to be of; see `origins.author`."""
    edited: bool
    """Whether a text that was not the author's was changed by hand."""
    kids: int
    """Children that are not pruned."""
    pruned_kids: int
    woven: bool
    """Whether the weave leads here."""
    marks: tuple[Chapter, ...]
    finish: str
    """How its generation ended; empty while it runs and for a human's node."""
    extras: str
    """Keys of the attributes it has, each between spaces."""
    vary: str = ""
    """What it was told to be other in than the branches beside it, such as `tone: dry`."""
    kind: str = ""
    """What kind of fault its generation ended with, if with one; a file may hold anything."""
    status: int | None = None
    """The HTTP status that this came with."""

    @property
    def pruned(self) -> bool:
        """Whether it is itself marked pruned."""
        return bool(self.flags & PRUNED)

    @property
    def sketch(self) -> bool:
        """Whether it is a sketch of what comes next, and no text of the story."""
        return " sketch " in self.extras

    @property
    def streaming(self) -> bool:
        """Whether a model is writing it."""
        return bool(self.flags & STREAMING)


_CARDS = f"""
SELECT node.id, node.parent, node.ord, node.flags, substr(rev.text, 1, {_PREVIEW}),
    length(rev.text), coalesce(gen.model, ''), rev.runs,
    (SELECT count(*) FROM node k WHERE k.parent = node.id AND NOT k.flags & {GONE | PRUNED}),
    (SELECT count(*) FROM node k WHERE k.parent = node.id AND k.flags & {PRUNED}
        AND NOT k.flags & {GONE}),
    EXISTS(SELECT 1 FROM attr WHERE owner = node.parent AND key = 'weave:main'
        AND value = node.id),
    (SELECT value FROM attr WHERE owner = node.id AND key = 'chapters'),
    coalesce((SELECT iif(json_valid(value), json_extract(value, '$.finish'), '') FROM attr
        WHERE owner = node.id AND key = 'result'), ''),
    coalesce((SELECT ' ' || group_concat(key, ' ') || ' ' FROM attr WHERE owner = node.id), ''),
    node.gen IS NOT NULL AND EXISTS(SELECT 1 FROM rev r JOIN op ON op.id = r.op
        WHERE r.node = node.id AND r.id <= node.rev AND op.kind = 'node.text'),
    coalesce(iif(json_valid(gen.params), json_extract(gen.params, '$.vary'), ''), ''),
    (SELECT iif(json_valid(value), json_array(json_extract(value, '$.kind'),
        json_extract(value, '$.status')), NULL) FROM attr
        WHERE owner = node.id AND key = 'result')
FROM json_each(?) AS wanted JOIN node ON node.id = wanted.value
JOIN rev ON rev.id = node.rev LEFT JOIN gen ON gen.id = node.gen
ORDER BY wanted.key
"""


def cards(story: Story, nodes: list[int]) -> list[Card]:
    """Return the cards of those nodes, in the order asked; missing ones are left out."""
    rows = story.read.execute(_CARDS, (str(list(nodes)),)).fetchall()
    return [
        Card(
            *row[:6],
            model=(author := origins.author(row[7], row[6])).partition("model:")[2],
            author=author,
            edited=author not in (HUMAN, PASTE)
            and bool(row[14] or '["human"' in row[7] or '["paste"' in row[7]),
            kids=row[8],
            pruned_kids=row[9],
            woven=bool(row[10]),
            marks=tuple(chapters_of(row[11])),
            finish=row[12],
            extras=row[13],
            vary=str(row[15]),
            **_fault(row[16]),
        )
        for row in rows
    ]


def _fault(told: str | None) -> dict[str, Any]:
    kind, status = json.loads(told) if told else (None, None)
    return {
        "kind": kind if isinstance(kind, str) else "",
        "status": status if isinstance(status, int) else None,
    }
