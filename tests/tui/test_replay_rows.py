"""What a replay shows stays where it is for as long as it can; its bar tells what it can."""

from itertools import pairwise

from storyloom.replay.player import Player
from storyloom.replay.recording import CHAPTER, CHOICE, Mark, Recording
from storyloom.replay.scene import Happening, Passage
from storyloom.tui.replay_rows import bar_lines, happening_lines, page_lines
from storyloom.tui.widgets.lines import Line

WIDTH, HEIGHT = 40, 12
PROSE = "The tide had gone out farther than it should and left the bell in its own mud. " * 20


def grown(written: int) -> list[Line]:
    passages = [Passage(1, PROSE[:600], "", False), Passage(2, PROSE[:written], "m", True)]
    return page_lines(passages, WIDTH, HEIGHT, lambda model: model or "human")


def said(lines: list[Line]) -> str:
    return "".join(text for line in lines for text, _ in line)


def test_a_page_goes_up_by_a_third_of_its_height_and_not_with_every_line() -> None:
    pages = [grown(written) for written in range(1, 1_200)]
    turned = [now for before, now in pairwise(pages) if before[0] != now[0]]
    added = 1_200 // (WIDTH - 4)
    assert 0 < len(turned) <= added / (HEIGHT / 3) + 1
    for page in pages:
        assert HEIGHT * 2 / 3 <= len(page) <= HEIGHT


def test_the_last_words_of_a_page_are_always_there() -> None:
    for written in range(20, 1_200, 7):
        assert said(grown(written)).endswith(PROSE[:written].split()[-1])


def test_what_happened_goes_up_by_a_third_too_and_ends_with_the_last() -> None:
    events = [Happening(n, n * 1_000, "human", f"event number {n}") for n in range(60)]
    logs = [happening_lines(events[:count], WIDTH, HEIGHT) for count in range(1, 60)]
    assert sum(one[0] != other[0] for one, other in pairwise(logs)) <= 60 / 4
    for count, log in enumerate(logs, 1):
        assert said(log[-1:]).endswith(f"event number {count - 1}")
        assert len(log) <= HEIGHT


def bar(of: Player, width: int = 42) -> list[str]:
    return ["".join(text for text, _ in line) for line in bar_lines(of, width)]


def player(*marks: Mark, sittings: tuple[int, ...] = (0,)) -> Player:
    times = [n * 500 for n in range(101)]
    recording = Recording(list(range(1, 102)), times, ["note.set"] * 101, list(sittings))
    return Player(recording, marks)


def test_the_cursor_hides_a_mark_and_no_mark_hides_it() -> None:
    of = player(Mark(50, CHOICE, 3), Mark(10, CHAPTER, 1), sittings=(0, 80))
    assert (bar(of)[0].count("c"), bar(of)[0].count("#"), bar(of)[0][1:-1].count("|")) == (1, 1, 1)
    of.to_mark(CHOICE, 1)
    assert bar(of)[0].index(">") == 20
    assert "c" not in bar(of)[0]


def test_choices_that_would_fill_the_bar_are_left_out_and_chapters_are_not() -> None:
    of = player(*(Mark(n, CHOICE, n) for n in range(100)))
    assert "c" not in bar(of)[0]
    of.marks = sorted([*of.marks, Mark(30, CHAPTER, 1)], key=lambda mark: mark.position)
    assert bar(of)[0].count("#") == 1


def test_the_bar_tells_the_time_left_at_the_speed_and_the_places_of_speed_one() -> None:
    of = player()
    of.go(51)
    for speed, left in ((1.0, "0:25 left"), (4.0, "0:07 left"), (0.25, "0:50 left")):
        of.set_speed(speed)
        scrub, times, state = bar(of, 80)
        assert (scrub.index(">"), "0:25" in times, "0:50" in times) == (39, True, True)
        assert left in state, state


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
