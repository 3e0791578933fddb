"""A bit of a story that has everything in it a theme gives a colour to."""

from collections.abc import Iterator

from storyloom.tui.widgets.columns import left, paragraph
from storyloom.tui.widgets.lines import Line, Part, fitted

__all__ = ["lines"]

_NARROWEST, _WIDEST = 32, 72
_MEASURE = 64
_PAST = (
    "The keeper had written down every ship for thirty years, and not one of them had been "
    "expected. Tonight the page was ruled and the ink was thawed, and she waited with the lamp "
    "turned low."
)
_FRESH = (
    "Then the bell rang twice under the water, as it does when something large goes over it "
    "without a light."
)
_BRANCHES: tuple[tuple[str, str, str, str, str], ...] = (
    (">", "1", "*", "Then the bell rang twice under the water", "model-1"),
    (" ", "2", "•", "She had been told never to answer it", "model-2"),
    (" ", "3", " ", "Nobody alive had heard that bell", "human"),
)
_MODELS = ("one", "two", "three", "four", "five", "six", "seven", "eight")


def lines(width: int, height: int) -> list[Line]:
    """Return the sample for a pane of that size; what matters least is left out of a low one."""
    if width < _NARROWEST or height < 4:
        return []
    width = min(width, _WIDEST)
    measure = min(width - 2, _MEASURE)
    tall = height >= 20
    blocks = [
        _strand(width, measure, most=4 if tall else 2),
        [*_branches(width), *([()] if tall else [])],
        _models(width),
        *([[(), *_sentences(width)]] if tall else [_sentences(width)]),
    ]
    return [line for block in blocks for line in block][:height]


def _title(text: str, style: str, note: str, width: int) -> Line:
    room = max(0, width - len(text) - 3)
    return ((f" {text}", f"{style} bar"), (f"  {left(note, room)}", "dim bar"))


def _strand(width: int, measure: int, *, most: int) -> Iterator[Line]:
    yield _title("strand", "title", "n42, depth 7", width)
    if most > 2:
        yield (("  " + "— Low bells —".center(measure), "title"),)
    for line in paragraph(_PAST, measure, "past", most=most):
        yield (("  ", "past"), *line)
    for line in paragraph(_FRESH, measure, "fresh", most=most):
        yield (("▌ ", "fresh"), *line)
    if most > 2:
        yield ()


def _branches(width: int) -> Iterator[Line]:
    yield _title("why: what comes over the bar?", "why", "3 here, 1 pruned", width)
    for pointer, number, mark, text, model in _BRANCHES:
        name = "human" if model == "human" else f"tide-{number}"
        style = "weave" if mark == "*" else "unread" if mark == "•" else "dim"
        room = max(4, width - 5 - len(name) - 5)
        row: list[Part] = [
            (f"{pointer} {number}{mark} ", style),
            (fitted(text, room), "fresh" if pointer == ">" else "text"),
            (" 31w ", "dim"),
            (name, model),
        ]
        lit = " selection" if pointer == ">" else ""
        yield tuple((text, f"{style}{lit}") for text, style in row)
    yield (("  x  ", "dim"), (fitted("It was only the wind", width - 5).rstrip(), "pruned"))


def _models(width: int) -> Iterator[Line]:
    yield _title("models", "title", "by the order in which a story first uses them", width)
    row: list[Part] = []
    used = 0
    for number, name in enumerate(_MODELS, 1):
        text = f" {number} {name}".ljust(11)
        if used + len(text) > width:
            yield tuple(row)
            row, used = [], 0
        row.append((text, f"model-{number}"))
        used += len(text)
    yield tuple(row)


def _sentences(width: int) -> Iterator[Line]:
    for text, style in (
        ("from the story: tide-1 x3", "why"),
        ("A branch was cut off at its end.", "warning"),
        ("tide-2 says that the key is not right.", "error"),
    ):
        yield ((fitted(f" {text}", width).rstrip(), style),)
