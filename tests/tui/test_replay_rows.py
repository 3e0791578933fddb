"""The page of a replay: the strand's end, with sketches apart from the story's text."""

from storyloom.replay.scene import Passage
from storyloom.tui.replay_rows import page_lines


def shown(*passages: Passage) -> list[str]:
    return ["".join(text for text, _ in line) for line in page_lines(passages, 40, 20, str)]


def test_passages_run_on_and_the_last_has_the_colour_of_its_model() -> None:
    lines = page_lines([Passage(1, "It rang", "", False), Passage(2, " twice.", "m", False)],
                       40, 20, str)  # fmt: skip
    assert lines == [(("It rang", "past"), (" twice.", "m"))]


def test_a_sketch_stands_apart_and_is_marked_and_the_text_goes_on_behind_it() -> None:
    rang, sketch = Passage(1, "It rang.", "", False), Passage(2, " She goes. ", "m", False, True)
    assert shown(rang, sketch) == ["It rang.", "", "S  She goes."]
    # One paragraph's distance, however the passage behind it begins.
    for begins in ("", " ", "\n\n"):
        written = Passage(3, f"{begins}She put her boots on.", "m", False)
        lines = shown(rang, sketch, written)
        assert lines[:4] == ["It rang.", "", "S  She goes.", ""]
        assert lines[4:] == [f"{begins.strip(chr(10))}She put her boots on."]
