"""A CoAuthor log played as its readers play it: a Quill document of UTF-16 units."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["KEYS", "Played", "played"]

KEYS = (
    "eventName", "eventSource", "eventTimestamp", "textDelta", "cursorRange", "currentDoc",
    "currentCursor", "currentSuggestions", "currentSuggestionIndex", "currentHoverIndex",
    "currentN", "currentMaxToken", "currentTemperature", "currentTopP", "currentPresencePenalty",
    "currentFrequencyPenalty", "eventNum",
)  # fmt: skip
"""Those of version 1.0, in their order."""


@dataclass
class Played:
    """What came of it."""

    events: list[dict[str, Any]]
    text: str = ""
    mask: str = ""
    """A letter for each UTF-16 unit: P of what was there at the beginning, A of api, U of user."""
    inserted: Counter[str] = field(default_factory=Counter[str])
    """UTF-16 units that were ever inserted, by source."""
    deleted: int = 0

    @property
    def names(self) -> list[str]:
        """The names of the events."""
        return [event["eventName"] for event in self.events]

    @property
    def counts(self) -> Counter[str]:
        """How many events of each name there are."""
        return Counter(self.names)

    @property
    def models(self) -> int:
        """Code points that api inserted and that are there still."""
        pairs = zip(_units(self.text), self.mask, strict=True)
        return len(b"".join(unit for unit, letter in pairs if letter == "A").decode("utf-16-le"))

    def edits(self) -> list[tuple[str, str, list[dict[str, Any]]]]:
        """The changes of the text."""
        return [
            (event["eventName"], event["eventSource"], event["textDelta"]["ops"])
            for event in self.events
            if event["textDelta"]
        ]


def _units(text: str) -> list[bytes]:
    data = text.encode("utf-16-le")
    return [data[at : at + 2] for at in range(0, len(data), 2)]


def played(lines: Iterable[str]) -> Played:
    """Play a log. Fails where an event is not one that CoAuthor's own player could play."""
    out = Played([json.loads(line) for line in lines])
    units: list[bytes] = []
    for number, event in enumerate(out.events):
        assert tuple(event) == KEYS
        assert event["eventNum"] == number
        assert (event["eventName"] == "system-initialize") == (number == 0)
        if not number:
            units = _units(event["currentDoc"])
            out.mask = "P" * len(units)
            assert units[-1] == b"\n\0"
        if event["textDelta"]:
            at = _edit(out, units, event)
            assert event["currentCursor"] == at
        assert 0 <= event["currentCursor"] < len(units)
    # Quill's own line break.
    assert units.pop() == b"\n\0"
    out.mask = out.mask[: len(units)]
    out.text = b"".join(units).decode("utf-16-le")
    return out


def _edit(out: Played, units: list[bytes], event: dict[str, Any]) -> int:
    letter, source, at = event["eventSource"][0].upper(), event["eventSource"], 0
    for op in event["textDelta"]["ops"]:
        ((kind, what),) = op.items()
        if kind == "retain":
            at += what
        elif kind == "insert":
            put = _units(what)
            assert at < len(units), "behind the line break"
            units[at:at] = put
            out.mask = out.mask[:at] + letter * len(put) + out.mask[at:]
            out.inserted[source] += len(put)
            at += len(put)
        else:
            assert kind == "delete"
            assert source == "user"
            assert 0 < what < len(units) - at, "the line break too"
            del units[at : at + what]
            out.mask = out.mask[:at] + out.mask[at + what :]
            out.deleted += what
    return at
