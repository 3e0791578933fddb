"""What a replay shows stays where it is for as long as it can."""

from itertools import pairwise

from storyloom.replay.scene import Happening, Passage
from storyloom.tui.replay_rows import happening_lines, page_lines
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
