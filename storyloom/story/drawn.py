"""The tokens that a model wrote a text with: how likely each was, and what might have stood there.

They are kept where what models were sent is kept, by their hash, which the operation that finished
the text says. So they are of that one text, whatever the node shows later, and the log's chain
covers them.
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from storyloom.story.kept import kept
from storyloom.story.story import Story

__all__ = ["KEY", "Drawn", "DrawnToken", "digest", "drawn_at", "dumped", "loaded", "named_in"]

_LARGEST = 4 * 1024 * 1024
_FORM = 1
KEY = '"drawn":'
"""What stands in the data of an operation that names tokens; it may stand in others too."""


class DrawnToken(NamedTuple):
    """A stretch of a text that a model wrote as one."""

    start: int
    """Code points before it."""
    end: int
    logprob: float
    """The natural logarithm of its probability."""
    others: tuple[tuple[str, float], ...] = ()
    """What might have stood there, the likeliest first, each with its logprob."""


class Drawn(NamedTuple):
    """A text with the tokens it was written with; they need not cover all of it."""

    rev: int
    text: str
    tokens: tuple[DrawnToken, ...]
    present: bool
    """Whether the node still shows this text."""


def dumped(tokens: Sequence[DrawnToken]) -> bytes:
    """Return what the file holds, there packed by zlib: a JSON text.

    It has for each token a list of the code points since the one before, its length, and its
    logprob in thousandths, followed by each alternative and the thousandths of that. Where it
    would be too large to be read again, only the likeliest alternatives are in it, or none.
    """
    for most in (None, 4):
        if len(body := _json(tokens, most)) <= _LARGEST:
            return body
    return _json(tokens, 0)


def _json(tokens: Sequence[DrawnToken], most: int | None) -> bytes:
    rows: list[list[int | str]] = []
    end = 0
    for token in tokens:
        row: list[int | str] = [token.start - end, token.end - token.start, _thousandths(token[2])]
        for text, logprob in token.others[:most]:
            row += [kept(text), _thousandths(logprob)]
        rows.append(row)
        end = token.end
    body = json.dumps([_FORM, rows], ensure_ascii=False, separators=(",", ":"))
    return body.encode()


def _thousandths(logprob: float) -> int:
    return round(logprob * 1000)


def digest(body: bytes) -> bytes:
    """Return the sha256 by which `dumped` bytes are known."""
    return hashlib.sha256(body).digest()


def loaded(body: bytes, length: int) -> tuple[DrawnToken, ...]:
    """Return the tokens that `dumped` gave, of a text of `length` code points; none when those
    bytes are no such thing, as a file from elsewhere may hold any.
    """
    try:
        form, rows = json.loads(body)
        if form != _FORM:
            return ()
        return tuple(_tokens(rows, length))
    except (ValueError, TypeError, RecursionError):
        return ()


def _tokens(rows: Any, length: int) -> list[DrawnToken]:
    tokens: list[DrawnToken] = []
    end = 0
    for gap, size, logprob, *rest in cast("list[list[Any]]", rows):
        start = end + _count(gap)
        end = start + _count(size)
        if end > length or end == start:
            raise ValueError("a token is outside of its text")
        others = tuple(
            (str(text)[:400], _logprob(number))
            for text, number in zip(rest[::2], rest[1::2], strict=True)
        )
        tokens.append(DrawnToken(start, end, _logprob(logprob), others))
    return tokens


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("a length is none")
    return value


def _logprob(value: Any) -> float:
    if not isinstance(value, int):
        raise TypeError("a logprob is none")
    return max(-1_000_000, min(value, 0)) / 1000


def _unpacked(body: bytes) -> bytes:
    # Bounded, as a file from elsewhere may hold a few bytes that unpack to more than the memory.
    return zlib.decompressobj().decompress(body, _LARGEST)


def drawn_at(story: Story, node: int) -> Drawn | None:
    """Return the newest text of a node that has its tokens with it; None when none has.

    It is the present one unless the author has changed that since. Those of a text that was purged
    are gone.
    """
    rows = story.read.execute(
        "SELECT rev.id, rev.text, rev.id = node.rev, op.data FROM rev "
        "JOIN node ON node.id = rev.node JOIN op ON op.id = rev.op AND instr(op.data, ?) "
        "WHERE rev.node = ? ORDER BY rev.id = node.rev DESC, rev.id DESC LIMIT 9",
        (KEY, node),
    ).fetchall()
    for rev, text, present, data in rows:
        tokens = _stored(story, named_in(data), len(text))
        if tokens:
            return Drawn(rev, text, tokens, bool(present))
    return None


def _stored(story: Story, wanted: bytes, length: int) -> tuple[DrawnToken, ...]:
    row = story.read.execute("SELECT body FROM request WHERE hash = ?", (wanted,)).fetchone()
    if not wanted or row is None or not row[0]:
        return ()
    try:
        return loaded(_unpacked(row[0]), length)
    except (zlib.error, TypeError):
        return ()


def named_in(data: str) -> bytes:
    """Return the hash of the tokens that an operation's data names; empty when it names none."""
    if KEY not in data:
        return b""
    try:
        said: Any = json.loads(data)
        return bytes.fromhex(cast("str", said["drawn"]))
    except (ValueError, TypeError, LookupError, RecursionError):
        return b""
