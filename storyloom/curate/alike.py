"""How alike the branches of a fork are: figures for an author who asked for different ways on.

The measure and its thresholds were chosen by test on real openings by many models: the share of
content stems that two texts have in common tells texts of one premise from those of another better
than characters, words or pairs of words do.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations, pairwise

from storyloom.curate.stems import content, stems_of, tokens

__all__ = ["Alike", "Pair", "alike", "compare", "distinct", "twin_from"]

_MOST_SHOWN = 60
"""Words of a kind that are named at most."""


@dataclass(frozen=True)
class Pair:
    """Two texts of several, by their places among them."""

    one: int
    other: int
    figure: float
    """The share of content stems that both have of those that either has, 0 to 1."""
    twins: bool
    """Whether they are so alike that one may be spared."""


@dataclass(frozen=True)
class Alike:
    """What several texts have in common, and what each has alone."""

    pairs: tuple[Pair, ...]
    """Each text with each other one."""
    mean: float
    """The mean of their figures; 0 for fewer than two texts."""
    distinct: float
    """How many of all pairs of neighbouring words are different ones, 0 to 1."""
    shared: tuple[str, ...]
    """Content words of all texts, in the order of the first; none for fewer than two."""
    alone: tuple[tuple[str, ...], ...]
    """For each text the content words that no other has, in its order."""


def alike(one: str, other: str) -> float:
    """Return the share of content stems that two texts have in common, 0 to 1."""
    return _jaccard(content(one).keys(), content(other).keys())


def twin_from(words: int) -> float:
    """Return the figure from which texts are twins, the shorter of which has so many words."""
    return max(0.20, min(0.30, 0.34 - 0.0014 * words))


def distinct(texts: Sequence[str]) -> float:
    """Return distinct-2: different pairs of neighbouring words of all texts, by all such pairs."""
    return _distinct([list(tokens(text)) for text in texts])


def compare(texts: Sequence[str]) -> Alike:
    """Return what there is to say of these texts beside each other."""
    words = [list(tokens(text)) for text in texts]
    stems = [stems_of(own) for own in words]
    pairs = _pairs(stems, [len(own) for own in words])
    spread = Counter(stem for own in stems for stem in own)
    shared = (
        [word for stem, word in stems[0].items() if spread[stem] == len(texts)] if stems else []
    )
    alone = [
        tuple(word for stem, word in own.items() if spread[stem] == 1)[:_MOST_SHOWN]
        for own in stems
    ]
    return Alike(
        tuple(pairs),
        sum(pair.figure for pair in pairs) / len(pairs) if pairs else 0.0,
        _distinct(words),
        tuple(shared[:_MOST_SHOWN]) if len(texts) > 1 else (),
        tuple(alone),
    )


def _pairs(stems: Sequence[Mapping[str, str]], lengths: Sequence[int]) -> list[Pair]:
    # A set of stems is a number with a bit for each: sixty texts make 1,770 pairs.
    bits: dict[str, int] = {}
    masks = [sum(1 << bits.setdefault(stem, len(bits)) for stem in own) for own in stems]
    pairs: list[Pair] = []
    for one, other in combinations(range(len(stems)), 2):
        either = (masks[one] | masks[other]).bit_count()
        figure = (masks[one] & masks[other]).bit_count() / either if either else 0.0
        twins = figure >= twin_from(min(lengths[one], lengths[other])) and figure > 0
        pairs.append(Pair(one, other, figure, twins))
    return pairs


def _distinct(texts: Sequence[Sequence[str]]) -> float:
    found: set[tuple[str, str]] = set()
    for words in texts:
        found.update(pairwise(words))
    count = sum(max(0, len(words) - 1) for words in texts)
    return len(found) / count if count else 0.0


def _jaccard(one: Set[str], other: Set[str]) -> float:
    either = len(one | other)
    return len(one & other) / either if either else 0.0
