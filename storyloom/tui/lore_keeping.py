"""How the lore is read for its screens, and an entry put back into it that others may have changed.

Called in threads.
"""

import re
from dataclasses import dataclass, field

from storyloom.story import lore, place, reading
from storyloom.story.lore import Entry
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui.lore_fields import FIELDS
from storyloom.tui.lore_rows import searched

__all__ = ["NEW", "Elsewhere", "Snapshot", "draft_name", "field_of", "put", "snapshot"]

NEW = "new"
"""What an entry goes by that is not in the lore yet."""
_LABELS = {field.name: field.label for field in FIELDS}


def draft_name(uid: str) -> str:
    """Return the name under which a draft of an entry is kept."""
    return f"draft:lore:{uid}"


@dataclass(frozen=True)
class Snapshot:
    """What was read of the lore at one moment."""

    op: int = -1
    """The story's last operation then."""
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    words: dict[str, str] = field(default_factory=dict[str, str])
    """All words of each entry, to be searched in."""
    drafts: frozenset[str] = frozenset()
    """Entries that were changed and not kept yet, `NEW` for one that is not in the lore."""


def snapshot(story: Story) -> Snapshot:
    """Read the lore."""
    # First, so that what is changed while the rest is read is seen at the next look.
    op = reading.last_op(story)
    entries = lore.entries(story)
    kept = place.recalled(story)
    drafts = frozenset(uid for uid in (*entries, NEW) if kept.get(draft_name(uid)))
    return Snapshot(op, entries, {uid: searched(each) for uid, each in entries.items()}, drafts)


class Elsewhere(Exception):
    """Something was done to an entry elsewhere since it was opened; the message is a question."""


def put(story: Story, uid: str | None, base: Entry, mine: Entry, *, over: bool = False) -> str:
    """Put an entry into the lore, as a new one without `uid`, and return its uid.

    What was changed elsewhere since the entry was `base` stays. Raises Elsewhere where that cannot
    be, unless `over` says that `mine` goes before it, and Refusal as `lore.set_entry` does.
    """
    if uid is None:
        return lore.set_entry(story, mine)
    try:
        lore.put_entry(story, uid, base, mine, over=over)
    except lore.Clash as clash:
        if not clash.fields:
            raise Elsewhere("This entry was removed elsewhere meanwhile. Add it again?") from None
        what = ", ".join(_LABELS.get(name, name) for name in clash.fields)
        question = f"Changed elsewhere too, meanwhile: {what}. Keep yours instead?"
        raise Elsewhere(question) from None
    return uid


def field_of(refusal: Refusal, entry: Entry) -> str | None:
    """Return the field of an entry that a refusal of `put` speaks of."""
    sentence = str(refusal)
    first = sentence.split(" ", 1)[0]
    if first in _LABELS:
        return first
    found = re.match(r"There is no node n(-?\d+) ", sentence)
    if found:
        nodes = ("valid_from", "valid_until")
        return next((name for name in nodes if str(entry.get(name)) == found[1]), None)
    return "title" if "a title" in sentence else None
