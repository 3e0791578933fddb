"""What differs between two texts, word by word."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Stretch", "word_diff"]

_PIECES = re.compile(r"([^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_)(\s*)")
_MOST = 5_000
"""Pairs of equal words up to which a stretch is compared exhaustively: that costs their number
many times over.
"""
_LITTLE = 2
"""Words that both texts have, which say nothing between so many that they have not:"""
_MUCH = 3

_Words = Sequence[tuple[str, str]]
"""Words, or marks, each with the space behind it."""
_Block = tuple[int, int, int]
"""Equal words: where they begin in the first text and in the second, and how many they are."""


@dataclass(frozen=True)
class Stretch:
    """Some text, and whether both have it."""

    kind: str
    """`same`, `missing` (only the first has it) or `added` (only the second)."""
    text: str


def word_diff(one: str, other: str) -> list[Stretch]:
    """Return the stretches that make `other` out of `one`.

    The texts of `same` and `missing` are `one`, those of `same` and `added` are `other`. Long
    texts are compared between the words that stand once in each of them, so that it takes
    milliseconds; what is long and has no such words counts as changed altogether.
    """
    first, second = _words(one), _words(other)
    out: list[Stretch] = []
    at = begin = 0
    keys = [word for word, _ in first], [word for word, _ in second]
    for start, there, count in [
        *_equal(keys[0], keys[1], 0, len(first), 0, len(second)),
        (len(first), len(second), 0),
    ]:
        out += _replaced(_text(first[at:start]), _text(second[begin:there]))
        for (word, space), (_, other_space) in zip(
            first[start : start + count], second[there : there + count], strict=True
        ):
            out.append(Stretch("same", word))
            out += _replaced(space, other_space)
        at, begin = start + count, there + count
    return _readable(_joined(out))


def _words(text: str) -> _Words:
    lead = len(text) - len(text.lstrip())
    # A text's first space has no word before it.
    return [("", text[:lead]), *_PIECES.findall(text, lead)]


def _text(words: _Words) -> str:
    return "".join(word + space for word, space in words)


def _replaced(gone: str, come: str) -> list[Stretch]:
    """Return one text taken out and another put in; the space that both end with stays."""
    kept = 0
    while (
        kept < min(len(gone), len(come))
        and gone[-1 - kept] == come[-1 - kept]
        and (gone[-1 - kept].isspace())
    ):
        kept += 1
    same = gone[len(gone) - kept :]
    return [
        Stretch("missing", gone[: len(gone) - kept]),
        Stretch("added", come[: len(come) - kept]),
        Stretch("same", same),
    ]


def _equal(
    first: list[str], second: list[str], low: int, high: int, begin: int, stop: int
) -> Iterator[_Block]:
    """Yield the equal words of two stretches, in order."""
    head = 0
    while low + head < high and begin + head < stop and first[low + head] == second[begin + head]:
        head += 1
    yield low, begin, head
    low, begin = low + head, begin + head
    tail = 0
    while (
        low < high - tail
        and begin < stop - tail
        and (first[high - 1 - tail] == second[stop - 1 - tail])
    ):
        tail += 1
    high, stop = high - tail, stop - tail
    yield from _between(first, second, low, high, begin, stop)
    yield high, stop, tail


def _between(
    first: list[str], second: list[str], low: int, high: int, begin: int, stop: int
) -> Iterator[_Block]:
    counts = Counter(first[low:high]), Counter(second[begin:stop])
    if sum(many * counts[1][word] for word, many in counts[0].items()) <= _MOST:
        matcher = SequenceMatcher(None, first[low:high], second[begin:stop], autojunk=False)
        for start, there, count in matcher.get_matching_blocks():
            yield low + start, begin + there, count
        return
    once = {word for word, many in counts[0].items() if many == 1 == counts[1][word]}
    place = {second[at]: at for at in range(begin, stop) if second[at] in once}
    anchors = _rising([(at, place[first[at]]) for at in range(low, high) if first[at] in once])
    if not anchors:
        return
    for at, there in anchors:
        yield from _equal(first, second, low, at, begin, there)
        yield at, there, 1
        low, begin = at + 1, there + 1
    yield from _equal(first, second, low, high, begin, stop)


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the most of these pairs, in the order of their firsts, whose seconds rise too."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, there) in enumerate(pairs):
        at = bisect_left(ends, there)
        before.append(last[at - 1] if at else -1)
        ends[at : at + 1] = [there]
        last[at : at + 1] = [number]
    out: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        out.append(pairs[number])
        number = before[number]
    return out[::-1]


def _readable(stretches: list[Stretch]) -> list[Stretch]:
    """Take a word or two that both texts happen to have, between much that they have not, for
    changed as well: texts that have little in common would else be read word by word.
    """
    out: list[Stretch] = []
    for at, stretch in enumerate(stretches):
        around = stretches[max(0, at - 2) : at], stretches[at + 1 : at + 3]
        changed = [
            sum(len(each.text.split()) for each in side if each.kind != "same") for side in around
        ]
        alone = all(changed) and sum(changed) >= 2 * _MUCH
        if stretch.kind == "same" and alone and len(stretch.text.split()) <= _LITTLE:
            out += [Stretch("missing", stretch.text), Stretch("added", stretch.text)]
        else:
            out.append(stretch)
    merged: list[Stretch] = []
    gone = come = ""
    for stretch in [*out, Stretch("same", "")]:
        if stretch.kind == "missing":
            gone += stretch.text
        elif stretch.kind == "added":
            come += stretch.text
        else:
            merged += [Stretch("missing", gone), Stretch("added", come), stretch]
            gone = come = ""
    return _joined(merged)


def _joined(stretches: list[Stretch]) -> list[Stretch]:
    """Put neighbours of a kind together, and leave out empty ones."""
    out: list[Stretch] = []
    for stretch in stretches:
        if not stretch.text:
            continue
        if out and out[-1].kind == stretch.kind:
            out[-1] = Stretch(stretch.kind, out[-1].text + stretch.text)
        else:
            out.append(stretch)
    return out
