"""The content of a text as a set of stems, for comparing what texts are about."""

import re
from collections.abc import Iterable, Iterator

__all__ = ["content", "stem", "stems_of", "tokens"]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LEAST = 3
"""Letters of the shortest word that counts."""
_LONGER_THAN = 4
"""An ending is taken off words of more letters than these only."""
_ENDINGS = ("ing", "edly", "ed", "es", "s", "ly")

_STOPWORDS = frozenset(
    """
    about above after again against all almost along already also although always among and
    another any anyone anything are aren't around away back because been before behind being
    below beneath beside between beyond both but came can can't cannot come could couldn't did
    didn't does doesn't doing don't done down during each either else enough even ever every
    everyone everything few for from gave get give given goes going gone got had hadn't has
    hasn't have haven't having her here hers herself him himself his how however if in inside
    instead into is isn't it it's its itself just knew know known last later least less let like
    little long made make many may maybe might mine more most much must my myself near nearly
    neither never next nobody none nor not nothing now off often once one only onto or other
    others otherwise our ours ourselves out outside over own perhaps put quite rather really
    said same saw say see seem seemed seen she she'd she's should shouldn't since some someone
    something sometimes still such take than that that's the their theirs them themselves then
    there there's these they they'd thing things this those though through thus till to together
    too took toward towards two under until up upon us very want was wasn't way we well went
    were weren't what whatever when whenever where wherever whether which while who whoever
    whole whom whose why will with within without won't would wouldn't yes yet you you'd you're
    your yours yourself
    """.split()
)
"""Words that say little of what an English text is about. In other languages fewer words are left
out, so that figures of their texts are a little higher.
"""


def tokens(text: str) -> Iterator[str]:
    """Yield the words of a text in lower case, in order."""
    for match in _WORD.finditer(text):
        yield match.group().lower().replace("’", "'")


def stem(word: str) -> str:
    """Return a word, in lower case, without the ending it may share with its relatives."""
    word = word.removesuffix("'s")
    if len(word) > _LONGER_THAN:
        for ending in _ENDINGS:
            if word.endswith(ending):
                return word.removesuffix(ending)
    return word


def content(text: str) -> dict[str, str]:
    """Return the stems of a text's content words in order of appearance, each with the first word
    it stands for: words of three or more letters that are no stopwords.
    """
    return stems_of(tokens(text))


def stems_of(words: Iterable[str]) -> dict[str, str]:
    """Return what `content` does of a text whose `tokens` these are."""
    found: dict[str, str] = {}
    for word in dict.fromkeys(words):
        if len(word) >= _LEAST and word not in _STOPWORDS:
            found.setdefault(stem(word), word)
    return found
