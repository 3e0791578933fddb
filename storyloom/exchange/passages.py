"""A book cut into the passages of one strand: at chapters, at scene breaks, at ends of paragraphs.

The texts put one behind the other are the book, and `book.sections` finds the same sections,
paragraphs and scene breaks in them.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from storyloom.exchange.book import Book, Section
from storyloom.story.marks import Chapter
from storyloom.story.planting import Passage
from storyloom.text import words

__all__ = ["divided"]

_MOST = 600
"""Words above which a scene becomes several passages of about the same length."""
_LONG = 1_200
"""Words above which a single paragraph is cut too, at ends of sentences."""
_GAP = "\n\n"
_BREAK = "* * *"
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]]*\s+|\n")


def divided(book: Book, origin: str, tick: Callable[[], object] = lambda: None) -> list[Passage]:
    """Return the passages of a book as one strand on the weave, all of that origin.

    `tick` is called now and then; what it raises ends it.
    """
    texts: list[str] = []
    marks: list[list[Chapter]] = []
    waiting: list[Chapter] = []
    """Chapters that no text has come after."""
    for section in book.sections:
        if section.title is not None:
            waiting.append(Chapter(0, section.title, section.number is not None))
        for text in _of_section(section, tick):
            # Each empty chapter has a line of its own, as two cannot begin at one place.
            lead = "\n" * (len(waiting) - 1)
            marks.append([mark._replace(offset=n) for n, mark in enumerate(waiting)])
            texts.append(lead + text)
            waiting = []
    if waiting:
        _end_with(texts, marks, waiting)
    elif texts:
        texts[-1] = texts[-1].removesuffix(_GAP)
    return [
        Passage(number - 1, text, origin, tuple(chapters))
        for number, (text, chapters) in enumerate(zip(texts, marks, strict=True))
    ]


def _end_with(texts: list[str], marks: list[list[Chapter]], chapters: list[Chapter]) -> None:
    """Put chapters without any text at the end."""
    if not texts:
        texts.append("")
        marks.append([])
    start = len(texts[-1])
    texts[-1] += "\n" * len(chapters)
    marks[-1] += [mark._replace(offset=start + n) for n, mark in enumerate(chapters)]


def _of_section(section: Section, tick: Callable[[], object]) -> list[str]:
    """Return the texts of a section's passages."""
    texts: list[str] = []
    scene: list[str] = []

    def close() -> None:
        texts.extend(_of_scene(scene, tick))
        scene.clear()

    for block in section.blocks:
        if block is not None:
            scene.append(block)
            continue
        close()
        # The break ends what is before it: the next passage, and each that may stand in its place,
        # begins with words.
        if texts:
            texts[-1] += _BREAK + _GAP
        else:
            texts.append(_BREAK + _GAP)
    close()
    return texts


def _of_scene(paragraphs: list[str], tick: Callable[[], object]) -> list[str]:
    """Return the texts of the passages of a scene, each of 300 to 600 words if that can be."""
    units: list[tuple[str, int]] = []
    for paragraph in paragraphs:
        tick()
        units += _units(paragraph)
    whole = sum(count for _, count in units)
    parts = max(1, -(-whole // _MOST))
    out: list[str] = []
    text, done = "", 0
    for unit, count in units:
        # Ended where that comes nearest to what is due.
        due = whole * (len(out) + 1) / parts
        if text and len(out) < parts - 1 and done + count / 2 > due:
            out.append(text)
            text = ""
        text += unit
        done += count
    return [*out, text] if text else out


def _units(paragraph: str) -> list[tuple[str, int]]:
    """Return what must stay together, each with its number of words: a paragraph mostly."""
    count = words(paragraph)
    if count <= _LONG:
        return [(paragraph + _GAP, count)]
    ends = [found.end() for found in _SENTENCE_END.finditer(paragraph)]
    cuts = [0, *ends, len(paragraph)]
    sentences = [paragraph[start:end] for start, end in pairwise(cuts)]
    sentences = [sentence for sentence in sentences if sentence]
    sentences[-1] += _GAP
    return [(sentence, words(sentence)) for sentence in sentences]
