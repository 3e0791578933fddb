"""How alike the branches of a fork are: figures for an author who asked for different ways on.

The measure and its thresholds were chosen by test on real openings by many models: the share of
content stems that two texts have in common tells texts of one premise from those of another better
than characters, words or pairs of words do.
"""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import combinations, pairwise

from storyloom.curate.stems import content, tokens

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
    found: set[tuple[str, str]] = set()
    count = 0
    for text in texts:
        words = list(tokens(text))
        neighbours = list(pairwise(words))
        found.update(neighbours)
        count += len(neighbours)
    return len(found) / count if count else 0.0


def compare(texts: Sequence[str]) -> Alike:
    """Return what there is to say of these texts beside each other."""
    stems = [content(text) for text in texts]
    lengths = [sum(1 for _ in tokens(text)) for text in texts]
    pairs: list[Pair] = []
    for one, other in combinations(range(len(texts)), 2):
        figure = _jaccard(stems[one].keys(), stems[other].keys())
        twins = figure >= twin_from(min(lengths[one], lengths[other])) and figure > 0
        pairs.append(Pair(one, other, figure, twins))
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
        distinct(texts),
        tuple(shared[:_MOST_SHOWN]) if len(texts) > 1 else (),
        tuple(alone),
    )


def _jaccard(one: Set[str], other: Set[str]) -> float:
    either = len(one | other)
    return len(one & other) / either if either else 0.0
