"""A long line in stretches that are short enough for one breath of the program."""

from collections.abc import Iterator

__all__ = ["stretches"]

_LEAST = 16_384
"""Code points. A pattern takes a millisecond or two for as many, and what runs in a thread keeps
all others waiting until it is through with a text."""


def stretches(line: str) -> Iterator[str]:
    """Yield `line` in stretches, each but the last with a space at its end that none follows.

    So a pattern that looks one character ahead or back finds in them what it finds in the line.
    """
    start = 0
    while len(line) - start > 2 * _LEAST:
        end = line.find(" ", start + _LEAST) + 1
        while 0 < end < len(line) and line[end] == " ":
            end += 1
        if not 0 < end < len(line):
            break
        yield line[start:end]
        start = end
    yield line[start:]
