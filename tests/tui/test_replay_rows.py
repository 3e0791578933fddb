"""The bar of a replay: marks that tell something, and a cursor that is always seen."""

from storyloom.replay.player import Player
from storyloom.replay.recording import CHAPTER, CHOICE, Mark, Recording
from storyloom.tui.replay_rows import bar_lines


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
