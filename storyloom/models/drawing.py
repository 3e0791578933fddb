"""The tokens of an answer with their probabilities, in each shape that providers send them in.

OpenAI's chat and llama.cpp have them in `logprobs.content`, completions as four lists side by
side, llama.cpp's own endpoint in `completion_probabilities`, Gemini in `logprobsResult`. A server
may send anything there: what makes no sense is left out, and nothing is kept without a bound.
"""

import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple, cast

from storyloom.models.protocol import Token
from storyloom.models.wire import Message

__all__ = ["LONGEST", "MOST_ALTERNATIVES", "MOST_TOKENS", "Drawing"]

MOST_TOKENS = 4096
"""Tokens of one branch that are kept."""
MOST_ALTERNATIVES = 20
"""Alternatives to a token that are kept."""
LONGEST = 100
"""Characters of a token, and of an alternative, that are kept."""
_LOOKED_AT = 64
"""Alternatives of an event that are looked at; a hostile one has thousands."""
_LOWEST = -1000.0
_ESCAPED = re.compile(r"(?:bytes:)?((?:\\x[0-9a-fA-F]{2})+)")
"""How a token is written that is a part of a character, where its bytes are not given."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Drawn(NamedTuple):
    """One token as it was sent."""

    raw: bytes
    logprob: float
    others: list[tuple[bytes, float]]


class Drawing:
    """Gathers tokens from the events of one answer; those that are parts of a character become one,
    as likely as all of them together.
    """

    def __init__(self, most: int = 0) -> None:
        """Keep `most` alternatives to each token; 0 reads nothing at all."""
        self._most = min(most, MOST_ALTERNATIVES)
        self._seen = 0
        self._tokens: list[Token] = []
        self._held: _Drawn | None = None

    def take(self, event: Message) -> None:
        """Read the tokens of one event, whatever it holds."""
        if not self._most or self._seen >= MOST_TOKENS:
            return
        for drawn in islice(_tokens(event), MOST_TOKENS - self._seen):
            self._seen += 1
            self._add(drawn)

    def taken(self) -> tuple[Token, ...]:
        """Return the tokens that have come since this was last asked."""
        tokens, self._tokens = tuple(self._tokens), []
        return tokens

    def _add(self, drawn: _Drawn) -> None:
        held = self._held
        if held is not None:
            # What might have stood in place of half a character is in place of all of it.
            drawn = _Drawn(held.raw + drawn.raw, held.logprob + drawn.logprob, held.others)
        self._held = None
        try:
            text = drawn.raw.decode()
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and len(drawn.raw) <= 4 * LONGEST:
                self._held = drawn
                return
            text = drawn.raw.decode("utf-8", "replace")
        if text:
            others = tuple(self._others(drawn))
            logprob = max(drawn.logprob, _LOWEST)
            self._tokens.append(Token(text[:LONGEST], logprob, others))

    def _others(self, drawn: _Drawn) -> Iterator[tuple[str, float]]:
        """Yield the alternatives that are whole text, the likeliest first."""
        seen = {drawn.raw}
        ordered = sorted(drawn.others, key=lambda other: -other[1])
        left = self._most
        for raw, logprob in ordered:
            if not left or not raw or raw in seen:
                continue
            seen.add(raw)
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                continue
            left -= 1
            yield text[:LONGEST], logprob


def _tokens(event: Message) -> Iterator[_Drawn]:
    choice = _first(event.get("choices"))
    delta = _table(choice.get("delta"))
    if not delta.get("content") and (delta.get("reasoning_content") or delta.get("reasoning")):
        return  # thoughts are no story
    given = _table(choice.get("logprobs"))
    content = given.get("content") or event.get("completion_probabilities")
    if isinstance(content, list):
        yield from _listed(cast("list[Any]", content))
    elif given:
        yield from _side_by_side(given)
    else:
        yield from _of_gemini(_table(_first(event.get("candidates")).get("logprobsResult")))


def _listed(content: list[Any]) -> Iterator[_Drawn]:
    for item in content:
        found = _one(item)
        if found is not None:
            others = _list(_table(item).get("top_logprobs") or _table(item).get("top_probs"))
            alternatives = (_one(other) for other in others[:_LOOKED_AT])
            yield _Drawn(*found, [other for other in alternatives if other is not None])


def _side_by_side(given: dict[str, Any]) -> Iterator[_Drawn]:
    """Yield the tokens of a completion: lists of tokens, of logprobs, and of tables of both."""
    tokens, logprobs = _list(given.get("tokens")), _list(given.get("token_logprobs"))
    tops = _list(given.get("top_logprobs"))
    for index, (token, number) in enumerate(zip(tokens, logprobs, strict=False)):
        logprob = _number(number)
        if not isinstance(token, str) or logprob is None:
            continue
        top = _table(tops[index]) if index < len(tops) else {}
        others = [
            (_bytes(text), found)
            for text, value in islice(top.items(), _LOOKED_AT)
            if (found := _number(value)) is not None
        ]
        yield _Drawn(_bytes(token), logprob, others)


def _of_gemini(result: dict[str, Any]) -> Iterator[_Drawn]:
    tops = _list(result.get("topCandidates"))
    for index, item in enumerate(_list(result.get("chosenCandidates"))):
        found = _one(item)
        if found is not None:
            top = _list(_table(tops[index]).get("candidates")) if index < len(tops) else []
            alternatives = (_one(other) for other in top[:_LOOKED_AT])
            yield _Drawn(*found, [other for other in alternatives if other is not None])


def _one(item: Any) -> tuple[bytes, float] | None:
    """Return the bytes and the logprob that a table says; None where it says neither well."""
    table = _table(item)
    token = table.get("token")
    logprob = _number(table.get("logprob", table.get("logProbability")))
    share = table.get("prob")
    if logprob is None and isinstance(share, int | float) and 0 < share <= 1:
        logprob = math.log(share)
    if logprob is None:
        return None
    given = _list(table.get("bytes"))
    if given and len(given) <= 4 * LONGEST and all(type(each) is int for each in given):
        try:
            return bytes(given), logprob
        except ValueError:
            return None
    return (_bytes(token), logprob) if isinstance(token, str) else None


def _bytes(token: str) -> bytes:
    token = token[: 4 * LONGEST]
    if (escaped := _ESCAPED.fullmatch(token)) is not None:
        return bytes.fromhex(escaped[1].replace("\\x", ""))
    return _SURROGATE.sub("\ufffd", token[:LONGEST]).encode()


def _number(value: Any) -> float | None:
    """Return a logprob, None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    return float(min(max(value, _LOWEST), 0))


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _first(value: Any) -> dict[str, Any]:
    items = _list(value)
    return _table(items[0]) if items else {}
