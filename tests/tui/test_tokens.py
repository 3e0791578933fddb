"""The tokens of a passage are gone through and read, and a branch grows from any alternative."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from storyloom.generate.branching import percent, spelled, tokens_of
from storyloom.story import history, reading, shape
from storyloom.story.drawn import Drawn, DrawnToken
from storyloom.story.story import Story
from storyloom.tui.screens.tokens import Chosen, TokensScreen
from storyloom.tui.token_rows import Rows, alternatives, step
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import Stage, shown
from tests.tui.tokened import PASSAGE, tokened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story in which n2 has its tokens."""
    return tokened(tmp_path / "saltmarsh.loom")


@pytest.fixture
def drawn(path: Path) -> Drawn:
    """Those tokens."""
    with Story(path) as story:
        return tokens_of(story, 2)


def named(screen: TokensScreen) -> str:
    """The token that the cursor is on."""
    token = screen._drawn.tokens[screen.current]
    return screen._drawn.text[token.start : token.end]


@asynccontextmanager
async def staged(
    drawn: Drawn, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[TokensScreen, Hand, Stage]]:
    screen = TokensScreen(2, "smollm2", drawn)
    app = Stage(screen)
    async with app.run_test(size=size) as pilot:
        hand = Hand.__new__(Hand)
        hand.pilot, hand.app = pilot, app
        await hand.shows("nobody")
        yield screen, hand, app


async def test_keys_go_by_token_line_and_surprise(drawn: Drawn) -> None:
    async with staged(drawn) as (screen, hand, _):
        assert named(screen) == " The"
        await hand.press("l", "l")
        assert named(screen) == " wound"
        await hand.press("h")
        assert named(screen) == " keeper"
        await hand.press("right_square_bracket")
        assert named(screen) == " rope"
        assert math.exp(drawn.tokens[screen.current].logprob) < 0.2
        assert "rope" in hand.screen
        assert "9.1 %" in hand.screen
        first = screen.current
        await hand.press("j")
        assert screen.current > first
        assert PASSAGE[: drawn.tokens[screen.current].start].count("\n") == 0
        await hand.press("k")
        assert screen.current == first
        await hand.press("left_square_bracket")
        assert "No token that way" in hand.foot
        await hand.press("end", "l")
        assert screen.current == len(drawn.tokens) - 1
        await hand.press("right_square_bracket")
        assert "No token that way" in hand.foot
        for _ in range(9):
            await hand.press("k")
        assert screen.current < 15
        for _ in range(9):
            await hand.press("j")
        assert screen.current > len(drawn.tokens) - 15
        await hand.press("home")
        assert screen.current == 0


async def test_an_alternative_is_picked_by_its_number_or_by_going_to_it(drawn: Drawn) -> None:
    for keys, wanted in (
        (("2",), Chosen(0, 1, True)), (("tab", "tab", "enter"), Chosen(0, 2, True)),
        (("shift+tab", "shift+tab", "o"), Chosen(0, 3, False)), (("q",), None),
    ):  # fmt: skip
        async with staged(drawn) as (_, hand, app):
            await hand.press(*keys)
            assert app.results == [wanted]


async def test_what_cannot_be_grown_is_refused_with_a_sentence(drawn: Drawn) -> None:
    async with staged(drawn) as (_, hand, app):
        await hand.press("5")
        assert "the model would have ended" in hand.foot
        await hand.press("6")
        assert "This token has 5 alternatives" in hand.foot
        await hand.press("l", "l", "l", "enter")
        assert "No alternative to this token was told" in hand.foot
        assert app.results == []
    async with staged(drawn._replace(present=False)) as (_, hand, app):
        assert "changed since" in hand.screen
        await hand.press("enter")
        assert "no branch can be grown" in hand.foot
        assert app.results == []


async def test_marks_say_without_colours_what_colours_say(
    drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(drawn) as (_, hand, _):
        assert "####" not in hand.screen
        await hand.press("v")
        assert "####" in hand.screen
    monkeypatch.setenv("NO_COLOR", "1")
    async with staged(drawn) as (_, hand, _):
        assert "####" in hand.screen
        await hand.press("v")
        assert "####" not in hand.screen


async def test_in_the_loom_a_branch_is_made_and_taken_back(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(1)
        await hand.press("T")
        assert "No tokens are kept with n1" in hand.foot
        await hand.goes(2)
        await hand.press("T")
        await hand.shows("tokens n2", "written")
        await hand.press("l", "o")
        await hand.until(lambda: hand.cursor == 3, "the branch")
        assert hand.text == " The sea"
        assert hand.runs_of(3) == [("model:local/smollm2", 8)]
        await hand.press("u")
        await hand.until(lambda: hand.kids(1) == [2], "the undo")


async def test_in_the_loom_a_branch_goes_on_growing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_the_loom(path) as hand:
        grown: list[int] = []
        monkeypatch.setattr(hand.loom, "_start", lambda parent, _: grown.append(parent))
        await hand.goes(2)
        await hand.command("tokens")
        await hand.shows("tokens n2")
        await hand.press("3")
        await hand.until(lambda: grown == [3], "a batch below the new branch")
        assert hand.text == " nobody"


async def test_a_passage_that_was_edited_shows_the_text_that_the_tokens_are_of(path: Path) -> None:
    with Story(path) as story:
        shape.edit(story, 2, "Nothing is left.")
    async with at_the_loom(path) as hand:
        await hand.goes(2)
        await hand.press("T")
        await hand.shows("The keeper wound", "changed since")
    with Story(path) as story:
        history.undo(story)
        assert reading.children(story, 1) == [2]


HOSTILE = "\x1b[2J\u202e[/b]\u200b" * 40
EVIL = Drawn(1, HOSTILE + "\n" * 9 + "x" * 300, (
    DrawnToken(3, 200, -0.5, tuple((f"[red]{n}\x1b]0;\x07{HOSTILE}", -n / 9) for n in range(20))),
    DrawnToken(210, 214, -900.0),
    DrawnToken(240, 500, 0.0, (("", -1.0), ("🌙\u0301" * 90, -1.0))),
), True)  # fmt: skip


async def test_hostile_tokens_do_no_harm_at_any_size() -> None:
    for size in ((80, 24), (40, 12), (200, 60)):
        app = Stage(TokensScreen(2, HOSTILE, EVIL))
        async with app.run_test(size=size) as pilot:
            for key in ("v", "l", "l", "j", "k", "k", "home", "tab", "shift+tab", "end", "tab"):
                await pilot.press(key)
            await pilot.pause()
            assert "\x1b" not in shown(app)
            assert "\u202e" not in shown(app)


# The lines themselves


TEXTS = st.text(alphabet="ab \n🌙é", max_size=60)


@given(TEXTS, st.lists(st.integers(0, 60), max_size=12), st.integers(9, 30))
def test_every_token_is_on_a_line_and_marks_are_as_wide_as_what_they_are_under(
    text: str, cuts: list[int], width: int
) -> None:
    ends = sorted({min(cut, len(text)) for cut in cuts} | {len(text)})
    tokens = tuple(
        DrawnToken(start, end, -float(number % 5))
        for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False))
        if start < end and number % 3
    )
    rows = Rows(Drawn(1, text, tokens, True), width)
    drawn = [rows.draw(line, 0, marks=True) for line in range(len(rows))]
    for line, below in drawn:
        assert sum(cell_len(part) for part, _ in line) <= width
        assert [cell_len(part) for part, _ in line] == [cell_len(part) for part, _ in below]
    there = "".join(part for line, _ in drawn for part, _ in line)
    assert "".join(there.split()).replace("⏎", "") == "".join(text.split())
    for number, token in enumerate(tokens):
        line = rows.line_of(token)
        assert 0 <= line < len(rows)
        assert tokens[rows.nearest(line, rows.column_of(token))].start <= token.start
        del number


def test_shares_are_said_as_a_person_reads_them() -> None:
    assert [percent(math.log(share)) for share in (0.5, 0.1234, 0.0005, 0.0004)] == [
        "50.0 %", "12.3 %", "0.1 %", "<0.1 %"
    ]  # fmt: skip
    assert (percent(0.0), percent(-1e-9)) == ("100.0 %", "99.9 %")
    assert spelled(" a\tb\n") == "␣a⇥b⏎"
    assert [step(math.log(each)).mark for each in (1, 0.79, 0.49, 0.19, 0.04)] == list(" .-=#")


def test_alternatives_stand_in_the_order_of_their_chance_with_the_written_one_among_them(
    drawn: Drawn,
) -> None:
    rows = alternatives(drawn, 2, 1, 80)
    assert [number for _, number in rows] == [0, -1, 1, 2, 3, 4]
    texts = ["".join(part for part, _ in line) for line, _ in rows]
    assert texts[0].split()[:2] == ["1", "␣sea"]
    assert texts[1].split()[-1] == "written"
    assert [text for text in texts if text.startswith(">")] == [texts[2]]
    assert "(the end)" in texts[5]
