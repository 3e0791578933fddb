"""A writing session of the CoAuthor data set, as the events that its file holds.

One JSON object a line, 17 keys each (version 1.0; Lee, Liang and Yang 2022, coauthor.stanford.edu).
Offsets are UTF-16 units of a Quill document, whose last character is a line break that Quill puts
there itself. What is not understood is passed over, as CoAuthor's own player does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from storyloom.exchange.json_lines import begins_with, objects

__all__ = ["Edit", "Event", "Offer", "coauthor_session", "gestures", "looks_like_coauthor", "units"]

_KEYS = frozenset({"eventName", "eventSource", "eventTimestamp", "textDelta", "currentDoc"})
_PAUSE = 1_000
"""Milliseconds between key strokes that end a gesture."""
_MOST_OFFERS = 100


@dataclass(frozen=True)
class Edit:
    """One change of the document."""

    at: int
    """Where, in UTF-16 units."""
    deleted: int = 0
    inserted: str = ""
    """As UTF-16 units, one character each; see `units`."""


@dataclass(frozen=True)
class Offer:
    """One suggestion that was shown."""

    original: str
    trimmed: str
    """Without the white space around it, as it was shown."""
    probability: float | None = None


@dataclass(frozen=True)
class Event:
    """One event of a session."""

    name: str
    by_model: bool
    """Whether the model did it; the writer otherwise."""
    time: int
    """Milliseconds since the epoch."""
    edits: tuple[Edit, ...] = ()
    """In the order in which they are made, each at a place of the text as it then is."""
    text: str = ""
    """The document at the beginning, of the first event."""
    offers: tuple[Offer, ...] = ()
    cursor: int = 0
    asked: tuple[tuple[str, float], ...] = ()
    """The parameters that suggestions are asked for with, by our names."""


def looks_like_coauthor(data: bytes) -> bool:
    """Whether a file begins with an event of a session."""
    return begins_with(data, _KEYS)


def coauthor_session(data: bytes) -> list[Event]:
    """Return the events of a session in their order. Raises Refusal where a line is none."""
    return [_event(found) for _, found in objects(data, "event of a CoAuthor session")]


def _event(raw: dict[str, Any]) -> Event:
    delta = raw.get("textDelta")
    ops: object = cast("dict[str, Any]", delta).get("ops") if isinstance(delta, dict) else None
    offers: object = raw.get("currentSuggestions")
    return Event(
        str(raw.get("eventName")),
        raw.get("eventSource") == "api",
        _whole(raw.get("eventTimestamp")),
        tuple(_edits(cast("list[object]", ops))) if isinstance(ops, list) else (),
        _string(raw.get("currentDoc")),
        tuple(_offers(cast("list[object]", offers))) if isinstance(offers, list) else (),
        _whole(raw.get("currentCursor")),
        tuple(_asked(raw)),
    )


_PARAMETERS = {
    "currentMaxToken": "max_tokens",
    "currentTemperature": "temperature",
    "currentTopP": "top_p",
    "currentPresencePenalty": "presence_penalty",
    "currentFrequencyPenalty": "frequency_penalty",
}


def _asked(raw: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for theirs, ours in _PARAMETERS.items():
        try:
            number = float(raw.get(theirs) or "")
        except (TypeError, ValueError):
            continue
        if abs(number) < 1e6:
            yield ours, int(number) if ours == "max_tokens" else number


def _edits(ops: list[object]) -> Iterator[Edit]:
    at = 0
    for op in ops:
        if not isinstance(op, dict):
            continue
        found = cast("dict[str, object]", op)
        inserted = found.get("insert")
        if isinstance(inserted, str):
            yield Edit(at, 0, units(inserted))
            at += len(units(inserted))
        elif "delete" in found:
            yield Edit(at, _whole(found["delete"]))
        elif "retain" in found:
            at += _whole(found["retain"])


def _offers(raw: list[object]) -> Iterator[Offer]:
    for each in raw[:_MOST_OFFERS]:
        if isinstance(each, dict):
            found = cast("dict[str, object]", each)
            original, trimmed = _string(found.get("original")), _string(found.get("trimmed"))
            chance = found.get("probability")
            number = float(chance) if isinstance(chance, int | float) else None
            yield Offer(original or trimmed, trimmed or original.strip(), number)


def units(text: str) -> str:
    """Return a text as its UTF-16 units, a character each: an astral character becomes two."""
    if text.isascii() or max(text) < "\U00010000":
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(int.from_bytes(data[n : n + 2], "little")) for n in range(0, len(data), 2))


def gestures(events: Sequence[Event]) -> Iterator[Event]:
    """Yield the events, key strokes of the writer's that belong together as one of them.

    Those are letters typed one behind the other, or deleted one before the other, without a pause
    of a second; so nothing that was typed is lost with what was deleted.
    """
    held: Event | None = None
    for event in events:
        joined = _joined(held, event) if held is not None else None
        if joined is None and held is not None:
            yield held
        held = joined or event
    if held is not None:
        yield held


def _joined(one: Event, next_: Event) -> Event | None:
    if (
        one.by_model
        or next_.by_model
        or one.name != next_.name
        or len(one.edits) != 1
        or len(next_.edits) != 1
        or not 0 <= next_.time - one.time < _PAUSE
    ):
        return None
    before, after = one.edits[0], next_.edits[0]
    if not before.deleted and not after.deleted:
        if after.at != before.at + len(before.inserted):
            return None
        edit = Edit(before.at, 0, before.inserted + after.inserted)
    elif not before.inserted and not after.inserted:
        if after.at + after.deleted != before.at:
            return None
        edit = Edit(after.at, before.deleted + after.deleted)
    else:
        return None
    return replace(next_, edits=(edit,))


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) and abs(value) < 1 << 53 else 0


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
