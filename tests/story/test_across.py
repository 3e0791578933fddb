"""Finding words in stories that nobody has open."""

from pathlib import Path

import pytest

from storyloom.story import marks, shape
from storyloom.story.across import in_title, places
from storyloom.story.story import Story
from storyloom.text import Refusal


def told(path: Path, phrase: str, limit: int = 20) -> list[tuple[int, str, str]]:
    """Places with their words in brackets."""
    found, _ = places(path, phrase, limit)
    return [
        (each.node, each.where, "".join(f"[{text}]" if hit else text for text, hit in each.excerpt))
        for each in found
    ]


def test_places_come_with_the_words_around_them(path: Path) -> None:
    with Story.create(path, title="Bells", premise="A bell is lost.") as story:
        shape.write_child(story, 1, "Far out " + "and on " * 40 + "the Bélls rang. " + "x " * 40)
        pruned = shape.write_child(story, 1, "No bell.")
        marks.set_text(story, 2, "note", "mind the bell")
        marks.set_chapter(story, 2, "Low bells")
        shape.prune(story, pruned)
    before = {each.name for each in path.parent.iterdir()}
    found = told(path, "bell")
    assert [each[:2] for each in found] == [
        (0, "premise"), (2, "chapter"), (2, "note"), (2, "text"), (3, "text"),
    ]  # fmt: skip
    assert found[0][2] == "A [bell] is lost."
    assert found[1][2] == "Low [bells]"
    assert "the [Bélls] rang" in found[3][2]
    assert len(found[3][2]) < 200
    assert [each.pruned for each in places(path, "bell", 9)[0]] == [False] * 4 + [True]
    assert {each.name for each in path.parent.iterdir()} == before


def test_no_more_places_are_told_than_asked_for(path: Path) -> None:
    with Story.create(path, opening="bell") as story:
        for _ in range(5):
            shape.write_child(story, 1, "bell")
    found, more = places(path, "bell", 3)
    assert (len(found), more) == (3, True)
    assert places(path, "bell", 6)[1] is False
    assert places(path, "no such words", 3) == ([], False)
    assert places(path, "...", 3) == ([], False)


@pytest.mark.parametrize("phrase", ['"', "a OR b", "NEAR(", "*", "bell*", "\0", "-bell", "{x}:"])
def test_no_phrase_is_a_fault(path: Path, phrase: str) -> None:
    Story.create(path, opening="bell").close()
    places(path, phrase, 3)


def test_what_cannot_be_read_is_a_sentence(path: Path) -> None:
    path.write_bytes(b"no story" * 100)
    with pytest.raises(Refusal):
        places(path, "bell", 3)
    with pytest.raises(Refusal):
        places(path.with_name("gone.loom"), "bell", 3)
    old = Path(__file__).parent / "data" / "version-1.loom"
    if old.exists():
        with pytest.raises(Refusal, match="earlier Storyloom"):
            places(old, "bell", 3)


def test_a_title_has_a_phrase_when_it_has_all_its_words() -> None:
    assert in_title("The 92nd Little Pig", "pig LITTLE")
    assert not in_title("The 92nd Little Pig", "pig wolf")
    assert not in_title("Pig", "  ")
