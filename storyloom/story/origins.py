"""Who wrote which characters of a text: runs, and what an edit does to them.

A text's runs partition it: each says an origin and a number of code points, and their sum is the
text's length. Origins are `human`, `paste`, `import:<source>` and `model:<provider/model>`. No
function here looks at a story or a screen.
"""

import difflib
import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence, Sized
from typing import NamedTuple, TypeAlias

from storyloom.text import one_line

__all__ = ["HUMAN", "PASTE", "PASTE_LENGTH", "Run", "Runs", "Splice", "attributed", "author",
           "by_origin", "changes", "dumped", "inserted", "joined", "loaded", "model_origin",
           "moved", "named", "spliced", "split", "whole"]  # fmt: skip

HUMAN = "human"
PASTE = "paste"
PASTE_LENGTH = 20
"""Code points from which pasted text is `paste`; a shorter one counts as typed."""

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_SENTENCE_ENDS = frozenset(".!?…。！？")
_PAIRS = 4_000_000
"""Pairs of tokens up to which texts are compared token by token, which takes about 0.2 s."""
_UNALIKE_PAIRS = 250_000
"""The same for texts that share few words: their many spaces are then tried against each other, and
the time grows with the cube, half a second for some 250 words."""
_Grouping: TypeAlias = "Callable[[list[str]], list[tuple[str, ...]]]"


class Run(NamedTuple):
    """A stretch of text of one origin."""

    origin: str
    length: int
    """Code points, at least 1."""
    gen: int | None = None
    """The generation a model's characters came from."""


Runs = tuple[Run, ...]


def model_origin(model: str) -> str:
    """Return the origin of text by that model."""
    return f"model:{model}"


def named(origin: str) -> str:
    """Return what an author is told an origin is: human, pasted, imported and from what, or the
    name of a model without its provider.
    """
    kind, _, name = origin.partition(":")
    if kind == "model":
        return one_line(name.rsplit("/", 1)[-1])
    if kind == "import":
        return one_line(f"imported {name}")
    return {HUMAN: "human", PASTE: "pasted"}.get(origin, one_line(origin.replace(":", " ", 1)))


def author(runs: str, model: str = "") -> str:
    """Return the one origin that a node is said to be of; what others wrote in it is an edit.

    `runs` are those of its text as they are stored, `model` is the one that it was asked of. What
    was joined to a text of a model's, or brought in with one, is of that origin too; pasted text
    to which the author has added a word is the author's.
    """
    if model:
        return model_origin(model)
    if '["model:' in runs or '["import:' in runs:
        found = [run.origin for run in loaded(runs)]
        return min(found, key=lambda each: (each in (HUMAN, PASTE), each.startswith("import:")))
    return PASTE if '["paste"' in runs and '["human"' not in runs else HUMAN


def whole(text: str, origin: str, gen: int | None = None) -> Runs:
    """Return the runs of a text that has one origin throughout."""
    return (Run(origin, len(text), gen),) if text else ()


def joined(*parts: Iterable[Run]) -> Runs:
    """Return the runs of texts put one behind the other, equal neighbours merged."""
    out: list[Run] = []
    for part in parts:
        for run in part:
            if run.length <= 0:
                continue
            last = out[-1] if out else None
            if last is not None and (last.origin, last.gen) == (run.origin, run.gen):
                out[-1] = last._replace(length=last.length + run.length)
            else:
                out.append(run)
    return tuple(out)


def split(runs: Runs, at: int) -> tuple[Runs, Runs]:
    """Return the runs before and from code point `at`."""
    before: list[Run] = []
    after: list[Run] = []
    for run in runs:
        taken = max(0, min(run.length, at))
        before.append(run._replace(length=taken))
        after.append(run._replace(length=run.length - taken))
        at -= run.length
    return joined(before), joined(after)


def spliced(runs: Runs, at: int, deleted: int, inserted: Runs) -> Runs:
    """Return the runs after `deleted` code points at `at` gave way to text with those runs."""
    before, rest = split(runs, at)
    return joined(before, inserted, split(rest, deleted)[1])


def attributed(old: str, runs: Runs, new: str) -> Runs:
    """Return the runs of `new`, into which a person made `old` in an editor we did not watch.

    Words that a diff finds equal keep their origin and all else is human. An equal stretch with no
    word in it (a space, a comma) between changed ones is human too, so that a full rewrite is
    wholly human however many commas it shares with what it replaced.
    """
    if old == new:
        return runs
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    starts = _starts(a)
    parts: list[Runs] = []
    end = 0
    for a1, b1, size in _equal_blocks(a, b):
        if any(token[0].isalnum() or token[0] == "_" for token in a[a1 : a1 + size]):
            parts.append(whole("".join(b[end:b1]), HUMAN))
            parts.append(split(split(runs, starts[a1])[1], starts[a1 + size] - starts[a1])[0])
            end = b1 + size
    parts.append(whole("".join(b[end:]), HUMAN))
    return joined(*parts)


def inserted(old: str, old_runs: Runs, new: str, new_runs: Runs) -> dict[str, int]:
    """Return how many code points of each origin an edit put into a text.

    One change in one place is counted exactly; of several, words that a diff finds equal and of
    the same origin were there before.
    """
    before = [origin for origin, length, _ in old_runs for _ in range(length)]
    after = [origin for origin, length, _ in new_runs for _ in range(length)]
    out: dict[str, int] = {}
    for change in changes(old, before, new, after):
        for origin in after[change.to : change.to + change.inserted]:
            out[origin] = out.get(origin, 0) + 1
    return out


class Splice(NamedTuple):
    """A stretch of a text that gave way to another one; counts are code points."""

    at: int
    """Where in the old text."""
    deleted: int
    to: int
    """Where in the new text."""
    inserted: int


def changes(
    old: str, before: Sequence[Hashable], new: str, after: Sequence[Hashable]
) -> list[Splice]:
    """Return what an edit did to a text, from its beginning to its end.

    `before` and `after` say of each code point whose it is; one that is another's now was put in
    anew. One change in one place is found exactly; of several, words that a diff finds equal stay.
    """
    start, end, last = 0, len(new), len(old)
    while start < min(end, last) and (old[start], before[start]) == (new[start], after[start]):
        start += 1
    while start < min(end, last) and (old[last - 1], before[last - 1]) == (
        new[end - 1],
        after[end - 1],
    ):
        end, last = end - 1, last - 1
    out: list[Splice] = []
    at, to = start, start
    for there, here in [*_kept_pairs(old[start:last], new[start:end]), (last - start, end - start)]:
        there, here = start + there, start + here
        if there < last and here < end and before[there] != after[here]:
            continue
        if there > at or here > to:
            out.append(Splice(at, there - at, to, here - to))
        at, to = there + 1, here + 1
    return out


def _kept_pairs(old: str, new: str) -> Iterator[tuple[int, int]]:
    """Yield where each code point that a diff finds in both texts is in the one and the other."""
    if not old or not new:
        return
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    in_old, in_new = _starts(a), _starts(b)
    for a1, b1, size in _equal_blocks(a, b):
        there, here = in_old[a1], in_new[b1]
        for offset in range(in_new[b1 + size] - here):
            yield there + offset, here + offset


def moved(old: str, new: str, offsets: list[int]) -> list[int]:
    """Return where the characters of `old` at these offsets are in `new`, into which it was made.

    One that is gone gives the place where what took its place begins.
    """
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    in_old, in_new = _starts(a), _starts(b)
    blocks = [
        (in_old[a1], in_old[a1 + size], in_new[b1], in_new[b1 + size])
        for a1, b1, size in _equal_blocks(a, b)
    ]
    out: list[int] = []
    for offset in offsets:
        end = 0
        for old1, old2, new1, new2 in blocks:
            if offset < old1:
                break
            end = new1 + offset - old1 if offset < old2 else new2
            if offset < old2:
                break
        out.append(end)
    return out


def _starts(parts: Sequence[Sized]) -> list[int]:
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + len(part))
    return starts


def _equal_blocks(a: list[str], b: list[str]) -> list[tuple[int, int, int]]:
    """Return the stretches that a diff finds equal: token of `a`, token of `b`, tokens.

    Texts too long for that are compared by sentences first, what differs by words with what
    follows them, and only what differs then by tokens.
    """
    out: list[tuple[int, int, int]] = []
    for a1, b1, size in _matched(a, b, [_sentences, _words]):
        if out:
            before_a, before_b, before = out[-1]
            if (before_a + before, before_b + before) == (a1, b1):
                out[-1] = (before_a, before_b, before + size)
                continue
        out.append((a1, b1, size))
    return out


def _matched(a: list[str], b: list[str], coarser: list[_Grouping]) -> list[tuple[int, int, int]]:
    pairs = len(a) * len(b)
    if pairs <= _UNALIKE_PAIRS or (pairs <= _PAIRS and _alike(a, b)):
        return [(a1, b1, size) for a1, b1, size in _matching(a, b) if size]
    if not coarser:
        return []
    groups_a, groups_b = coarser[0](a), coarser[0](b)
    starts_a, starts_b = _starts(groups_a), _starts(groups_b)
    out: list[tuple[int, int, int]] = []
    a_end = b_end = 0
    for group_a, group_b, size in _matching(groups_a, groups_b):
        a1, b1 = starts_a[group_a], starts_b[group_b]
        for x, y, n in _matched(a[a_end:a1], b[b_end:b1], coarser[1:]):
            out.append((a_end + x, b_end + y, n))
        a_end, b_end = starts_a[group_a + size], starts_b[group_b + size]
        if size:
            out.append((a1, b1, a_end - a1))
    return out


def _alike(a: list[str], b: list[str]) -> bool:
    """Whether two texts share at least half of the words that the poorer one has."""
    of_a, of_b = ({token for token in each if token[0].isalnum()} for each in (a, b))
    return 2 * len(of_a & of_b) >= min(len(of_a), len(of_b))


def _matching(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[difflib.Match]:
    return difflib.SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()


def _sentences(tokens: list[str]) -> list[tuple[str, ...]]:
    return _grouped(tokens, lambda token, _: token in _SENTENCE_ENDS or "\n" in token)


def _words(tokens: list[str]) -> list[tuple[str, ...]]:
    return _grouped(tokens, lambda _, following: following[:1].isalnum())


def _grouped(tokens: list[str], ends: Callable[[str, str], bool]) -> list[tuple[str, ...]]:
    """Group tokens; `ends` says of a token and the one behind it whether a group ends between."""
    out: list[tuple[str, ...]] = []
    begin = 0
    for index, token in enumerate(tokens, 1):
        following = tokens[index] if index < len(tokens) else ""
        if not following or ends(token, following):
            out.append(tuple(tokens[begin:index]))
            begin = index
    return out


def by_origin(runs: Runs) -> dict[str, int]:
    """Return how many code points each origin has, in order of first appearance."""
    out: dict[str, int] = {}
    for run in runs:
        out[run.origin] = out.get(run.origin, 0) + run.length
    return out


def dumped(runs: Runs) -> str:
    """Return the runs as the JSON text that the file holds: `[[origin, length, gen?], …]`."""
    return json.dumps(
        [list(run) if run.gen is not None else list(run[:2]) for run in runs],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def loaded(text: str) -> Runs:
    """Return the runs that `dumped` wrote."""
    return tuple(Run(*item) for item in json.loads(text))
