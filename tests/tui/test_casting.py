"""A recording shows, in a terminal that plays it, what the replay's screen would show."""

import json
import random
import re
import sqlite3
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyte
import pytest
from rich.segment import Segment

from storyloom.replay.recording import CHAPTER, CHOICE, marks_of, record
from storyloom.story import marks, shape
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui import casting, themes
from storyloom.tui.casting import Cast, Casting, Looks, Played
from storyloom.tui.commands import REPLAY
from storyloom.tui.escapes import Ink
from storyloom.tui.exporting import Stopped
from storyloom.tui.screens.replay import ReplayScreen
from tests.replay.sessions import ferry
from tests.tui.stage import SIZES, Stage, until

TITLE = "Low bells"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story with choices, text that a model wrote, and chapters, one of wide letters."""
    path = ferry(tmp_path_factory.mktemp("cast"))
    with Story(path) as story:
        marks.set_text(story, 0, "title", TITLE)
        shape.prune(story, 2)
        marks.set_chapter(story, 1, "The ferry")
        marks.set_chapter(story, 3, "鐘")
        marks.set_chapter(story, 7, "")
    return path


def ink(name: str = "dusk", **options: bool) -> Ink:
    found = {theme.name: theme for theme in themes.load_all()[0]}
    return Ink(found[name], **options)


def made(
    path: Path, size: tuple[int, int] = (80, 24), look: Ink | None = None, **play: Any
) -> Cast:
    return Cast(path, Played(**play), Looks(look or ink(), REPLAY, *size))


def read(lines: list[str]) -> tuple[dict[str, Any], list[tuple[Decimal, str, str]]]:
    """The header and the events, with times from the beginning."""
    head, *events = (json.loads(line, parse_float=Decimal) for line in lines)
    out: list[tuple[Decimal, str, str]] = []
    now = Decimal(0)
    for at, code, data in events:
        now = now + at if head["version"] == 3 else at
        out.append((now, code, data))
    return head, out


def screen_after(events: list[tuple[Decimal, str, str]], size: tuple[int, int]) -> pyte.Screen:
    screen = pyte.Screen(*size)
    stream = pyte.Stream(screen)
    for _, code, data in events:
        if code == "o":
            stream.feed(data)
    return screen


Seen = tuple[str, str, str, bool]
"""What is in a cell: a character, its colour, what is behind it, whether it is bold."""


def cells_of_terminal(screen: pyte.Screen) -> list[list[Seen]]:
    return [
        [
            seen(cell.data, cell.fg, cell.bg, cell.bold)
            for cell in (screen.buffer[y][x] for x in range(screen.columns))
        ]
        for y in range(screen.lines)
    ]


def cells_of_app(app: Stage) -> list[list[Seen]]:
    return [
        [cell for segment in strip for cell in _cells(segment)]
        for strip in app.screen._compositor.render_strips()
    ]


def _cells(segment: Segment) -> list[Seen]:
    style = segment.style
    assert style is not None
    ink, ground = (
        color.triplet.hex.removeprefix("#") if color and color.triplet else "default"
        for color in (style.color, style.bgcolor)
    )
    out: list[Seen] = []
    for character in segment.text:
        out.append(seen(character, ink, ground, bool(style.bold)))
        # The second cell of a wide character has nothing of its own.
        out += [seen("", ink, ground, bool(style.bold))] * (Segment(character).cell_length - 1)
    return out


def seen(character: str, ink: str, ground: str, bold: bool) -> Seen:
    # Of a space only what is behind it.
    return (" ", "", ground, False) if character == " " else (character, ink, ground, bold)


def text_of(screen: pyte.Screen) -> str:
    return "\n".join(screen.display)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_at_any_moment_it_is_what_the_screen_shows(path: Path, size: tuple[int, int]) -> None:
    _, events = read(list(made(path, size).lines()))
    chance = random.Random(20)
    frames = sorted({at for at, code, _ in events if code == "o"})
    moments = sorted(chance.sample(frames[1:-1], 2))
    now = [0.0]
    app = Stage(ReplayScreen(path, TITLE, now=lambda: now[0]))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "next choice" in app_text(app))
        await pilot.press("space")
        for moment in (*moments, frames[-1] + 1):
            # A little later, as neither clock can say some fractions.
            now[0] = float(moment) + 0.000_01
            upto = [event for event in events if event[0] <= moment]
            wanted = cells_of_terminal(screen_after(upto, size))
            await until(pilot, lambda: cells_of_app(app) == wanted, "the recording's screen")  # noqa: B023


def app_text(app: Stage) -> str:
    return "\n".join("".join(cell[0] for cell in row) for row in cells_of_app(app))


def test_its_last_screen_has_the_tips_last_line_and_the_tree(path: Path) -> None:
    _, events = read(list(made(path).lines()))
    display = screen_after(events, (80, 24)).display
    page = " ".join(" ".join(line[31:] for line in display[1:20]).split())
    assert page.endswith("Then the bells began.")
    assert " paused " in display[22]
    rows = [line for line in display if re.match(r"[ >*] (\|- )?n\d", line)]
    assert [re.findall(r"n\d+", row)[0] for row in rows] == [f"n{each}" for each in range(1, 8)]


def test_both_versions_say_the_same(path: Path) -> None:
    two, three = (read(list(made(path, version=version).lines())) for version in (2, 3))
    assert two[1] == three[1][:-1]
    assert three[1][-1] == (two[1][-1][0], "x", "0")
    assert (two[0]["width"], two[0]["height"]) == (80, 24)
    assert (three[0]["term"]["cols"], three[0]["term"]["rows"]) == (80, 24)
    for key in ("title", "timestamp", "idle_time_limit"):
        assert two[0][key] == three[0][key]
    assert (two[0]["title"], two[0]["timestamp"]) == (TITLE, 1_700_000_000)


@pytest.mark.parametrize("cap", [0.4, 0.13, 0.02])
@pytest.mark.parametrize("speed", [0.25, 1.0, 16.0, float("inf")])
def test_time_goes_on_without_a_longer_wait_than_the_cap(
    path: Path, speed: float, cap: float
) -> None:
    head, events = read(list(made(path, speed=speed, cap=cap).lines()))
    assert head["idle_time_limit"] == Decimal(str(cap))
    assert {code for _, code, _ in events} == {"o", "m"}
    assert all(
        0 <= later - sooner <= Decimal(str(cap)) for (sooner, *_), (later, *_) in pairwise(events)
    )
    assert len({at for at, *_ in events}) > 3


def test_its_markers_are_the_recordings_chapters_and_choices(path: Path) -> None:
    _, events = read(list(made(path).lines()))
    labels = [data for _, code, data in events if code == "m"]
    with Story(path) as story:
        found = [
            mark
            for mark in marks_of(story.read, record(story.read))
            if mark.kind in (CHAPTER, CHOICE)
        ]
    assert len(labels) == len(found) == 5
    assert labels == [
        "n3 The rope came loose, and the ferry with it.", "n7 Then the bells began.",
        "The ferry", "鐘", "chapter at n7",
    ]  # fmt: skip
    # Whoever goes to a marker sees what it is of.
    at = next(at for at, event in enumerate(events) if event[1] == "m")
    assert "wove to n3" in text_of(screen_after(events[:at], (80, 24)))
    assert "wove to n3" not in text_of(screen_after(events[: at - 1], (80, 24)))


def test_only_rows_that_differ_are_sent(path: Path) -> None:
    _, events = read(list(made(path, cap=5.0).lines()))
    rows = [re.findall(r"\x1b\[(\d+);1H", data) for _, code, data in events if code == "o"]
    assert len(rows[0]) == 24
    # Where nothing but the time went on, its row alone.
    assert ["22"] in rows
    assert all(len(each) < 24 for each in rows[1:])


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202e[bold]\x00"


def test_no_text_brings_an_escape_sequence_of_its_own(tmp_path: Path) -> None:
    path = ferry(tmp_path)
    with Story(path) as story:
        marks.set_chapter(story, 1, "A chapter")
    with sqlite3.connect(path) as db:
        # As a file from elsewhere may have it.
        guards = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE rev SET text = ? || text", (HOSTILE,))
        db.execute("UPDATE gen SET model = ?", (HOSTILE,))
        db.execute("INSERT OR REPLACE INTO attr VALUES (0, 'title', ?)", (HOSTILE,))
        db.execute(
            "UPDATE change SET new = replace(new, 'A chapter', ?) WHERE key = 'chapters'",
            (json.dumps(HOSTILE)[1:-1],),
        )
        for _, sql in guards:
            db.execute(sql)
    db.close()
    lines = list(made(path).lines())
    head, events = read(lines)
    assert "owned" in head["title"]
    sent = "".join(data for _, code, data in events if code == "o")
    assert "owned" in sent
    ours = re.compile(r"\x1b\[(?:[\d;]*m|\d+;\d+H|\?25[lh]|2J)")
    assert sent.startswith("\x1b[?25l\x1b[2J\x1b[1;1H")
    assert sent.count("\x1b[2J") == 1
    labels = [data for _, code, data in events if code == "m"]
    assert any("owned" in label for label in labels)
    for text in (head["title"], ours.sub("", sent), *labels):
        assert text.isprintable(), text


def test_without_colours_none_is_sent_and_what_is_marked_is_reversed(path: Path) -> None:
    _, events = read(list(made(path, look=ink(colours=False)).lines()))
    codes = {
        code
        for _, kind, data in events
        if kind == "o"
        for found in re.findall(r"\x1b\[([\d;]*)m", data)
        for code in found.split(";")
    }
    assert "7" in codes
    assert not {code for code in codes if code[:1] == "3" and len(code) > 1 and code != "39"}
    assert not {code for code in codes if code[:1] == "4" and len(code) > 1 and code != "49"}


def test_a_theme_of_the_terminals_own_colours_sends_those_alone(path: Path) -> None:
    native = next(theme.name for theme in themes.load_all()[0] if theme.native)
    _, events = read(list(made(path, look=ink(native)).lines()))
    assert not re.search(r"[34]8;[25];", "".join(data for _, _, data in events))


def test_it_can_be_of_ascii_alone(path: Path) -> None:
    _, events = read(list(made(path, look=ink(only_ascii=True)).lines()))
    assert all(data.isascii() for _, code, data in events if code == "o")


def test_a_part_is_played_from_nought(path: Path) -> None:
    _, events = read(list(made(path, begin="3", end="7").lines()))
    first = [event for event in events if event[0] == 0]
    assert "event 3/" in text_of(screen_after(first, (80, 24)))
    assert "event 7/" in text_of(screen_after(events, (80, 24)))
    assert [data for _, code, data in events if code == "m"] == [
        "n3 The rope came loose, and the ferry with it."
    ]
    for begin, end in (("7", "7"), ("9", "3"), ("100%", "")):
        with pytest.raises(Refusal, match="nothing to be played"):
            list(made(path, begin=begin, end=end).lines())
    with pytest.raises(Refusal, match="no place of a replay"):
        list(made(path, begin="soon").lines())


@pytest.mark.parametrize("size", ["80", "80x", "x24", "wide", "80x24x2", "8²x24", "-80x24", ""])
def test_what_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(Refusal, match="is no size"):
        casting.size_of(size)


def test_a_size_is_one_that_a_screen_has() -> None:
    assert casting.size_of("120X40") == (120, 40)
    for size in ("59x24", "80x15", "501x24", "80x201"):
        with pytest.raises(Refusal, match="60x16 at least and 500x200 at most"):
            casting.size_of(size)


def test_what_is_stopped_or_cannot_be_written_leaves_nothing(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    job = Casting(made(path), folder / "out.cast")
    told: list[tuple[int, int]] = []

    def note(done: int, whole: int) -> None:
        told.append((done, whole))
        if len(told) > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(path).write(job.target, progress=note)
    assert 0 < told[-1][0] < told[-1][1]
    job.stop()
    with pytest.raises(Stopped):
        job.run(replace=False)
    for target in (folder, folder / "none" / "out.cast"):
        with pytest.raises(Refusal):
            made(path).write(target)
    assert list(folder.iterdir()) == []
