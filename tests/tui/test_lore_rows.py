"""What is shown of a lore entry: one row, and all of it in lines."""

from typing import Any

import pytest
from rich.cells import cell_len

from storyloom.generate.firing import Cause, Firing
from storyloom.tui.lore_rows import Told, folded, head, name_of, row, searched, told
from storyloom.tui.widgets.lines import Line
from tests.tui.stories import HOSTILE

MARA: dict[str, Any] = {
    "title": "Mara Quill", "keys": ["Mara", "Quill"], "content": "She keeps the ferry.",
}  # fmt: skip


YES = Firing("1", fires=True, reason=Cause.KEY, key="Mara")
WORDY = Firing("1", fires=False, reason=Cause.BAD_REGEX, fault=f"/{HOSTILE}(/: missing )")
NO = Firing("1", fires=False, reason=Cause.NO_KEY)


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line)


def all_of(shown: Told) -> str:
    return "\n".join(text_of(line) for line in shown.lines(0, len(shown)))


@pytest.mark.parametrize("width", [40, 50, 79, 80, 160])
@pytest.mark.parametrize("firing", [YES, NO, WORDY, None])
@pytest.mark.parametrize(
    "entry", [MARA, {}, {"title": HOSTILE, "keys": [HOSTILE]}, {"content": "漢字" * 200}]
)
def test_a_row_fits_its_list(entry: dict[str, Any], firing: Any, width: int) -> None:
    for draft in (False, True):
        line = row(entry, firing, width, draft=draft)
        # One cell is the list's own.
        assert cell_len(text_of(line)) <= width - 1
        assert ("draft" in text_of(line)) == draft
    assert cell_len(text_of(head(width)[0])) <= width


def test_a_row_says_by_a_sign_and_in_words_whether_it_fires() -> None:
    assert text_of(row(MARA, YES, 80)).startswith(" + Mara Quill")
    assert text_of(row(MARA, YES, 80)).endswith("key Mara")
    assert text_of(row(MARA, NO, 80)).startswith(" - Mara Quill")
    assert not text_of(row(MARA, NO, 80)).rstrip().endswith("Mara")
    assert text_of(row(MARA, None, 80)).startswith("   Mara Quill")


@pytest.mark.parametrize(
    ("entry", "firing", "said"),
    [
        (MARA, YES, "yes, key Mara"),
        (MARA, NO, "no: no key is in the last 2 000 characters"),
        ({**MARA, "scan": {"unit": "nodes", "n": 4}}, NO, "no: no key is in the last 4 passages"),
        ({**MARA, "scan": {"unit": "paragraphs", "n": 1}}, NO,
         "no: no key is in the last paragraph"),
        ({**MARA, "scan": {"unit": "nodes", "n": 0}}, NO, "no: no key is in what fires here"),
        ({**MARA, "recursion_only": True}, NO, "no: no key is in what fires here"),
        ({"content": "No keys."}, NO, "no: it has no key"),
        (MARA, Firing("1", fires=False, reason=Cause.OUT_OF_BRANCH), "no: not on this branch"),
    ],
)  # fmt: skip
def test_whether_it_fires_is_told_with_the_key_or_why_not(
    entry: dict[str, Any], firing: Firing, said: str
) -> None:
    assert told(firing, entry) == said


def test_an_entry_without_a_title_is_called_by_its_first_words() -> None:
    assert name_of({"content": "The ferry\nnever stops."}) == "The ferry never stops."
    assert name_of({"title": "  ", "content": ""}) == "no title"
    assert name_of({"title": "a\x1b[31m\nb"}) == "a␛[31m b"


def test_case_and_accents_are_folded_in_a_search() -> None:
    assert folded("Élan STRASSE") == folded("elan straße")
    assert "quill" in searched(MARA)
    assert "ferry" in searched(MARA)


def test_all_of_an_entry_is_told() -> None:
    entry = {
        **MARA, "secondary_keys": ["night"], "logic": "not_any", "enabled": False, "order": 7,
        "constant": False, "pinned": True, "valid_from": 3, "comment": "of another tool",
        "extensions": {"depth": 4}, "probability": 0,
    }  # fmt: skip
    lines = all_of(Told(entry, NO, 68)).splitlines()
    said = [" ".join(line.split()) for line in lines]
    for line in (
        "on no", "keys Mara, Quill", "and none of night", "order 7", "pinned yes", "probability 0",
        "valid from n3", "She keeps the ferry.", "comment \"of another tool\"",
        'extensions {"depth": 4}',
    ):  # fmt: skip
        assert line in said
    assert not any(line.startswith("constant") for line in said)


def test_only_the_lines_that_are_asked_for_are_given_and_they_follow_each_other() -> None:
    shown = Told({**MARA, "content": "word " * 3_000, "x": 1}, YES, 68)
    assert len(shown) > 200
    whole = shown.lines(0, len(shown))
    assert len(whole) == len(shown)
    assert shown.lines(5, 10) == whole[5:15]
    assert shown.lines(len(shown) - 3, 10) == whole[-3:]
    assert all(cell_len(text_of(line)) <= 68 for line in whole)


@pytest.mark.parametrize("width", [20, 68])
def test_hostile_texts_are_lines_as_all_others(width: int) -> None:
    entry = {"title": HOSTILE, "keys": [HOSTILE], "content": HOSTILE * 5, HOSTILE: [HOSTILE]}
    shown = Told(entry, None, width)
    assert "]52;c;" in all_of(shown)
