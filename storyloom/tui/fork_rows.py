"""What a reader is told of a fork: how many other ways there are, and how some of them begin."""

from rich.cells import cell_len

from storyloom.story.offered import Fork, Offer
from storyloom.story.origins import named
from storyloom.text import first_words
from storyloom.tui.widgets.columns import left

__all__ = ["fork_rows", "ways"]

_NAME = 20
"""The widest name of a model."""


def ways(fork: Fork) -> str:
    """Return how many other ways there are, in words."""
    return "1 other way" if fork.others == 1 else f"{fork.others} other ways"


def fork_rows(fork: Fork, width: int, *, offers: bool) -> list[str]:
    """Return the lines of a fork, none wider than `width`; with `offers` how its others begin."""
    lines = [left(f"| fork: {ways(fork)} from here", width)]
    if offers:
        lines += [_row(offer, width) for offer in fork.offers]
        rest = fork.others - len(fork.offers)
        if rest > 0:
            lines.append(left(f"|  and {rest} more", width))
    return lines


def _row(offer: Offer, width: int) -> str:
    name = named(offer.author)
    name = left(name, min(_NAME, cell_len(name)))
    room = max(4, width - cell_len(name) - 5)
    begins = first_words(offer.text, room) or "no words yet"
    return left(f"|  {left(begins, room)}  {name}", width)
