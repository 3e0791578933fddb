"""The theme chooser shows each theme at once, keeps the chosen one, and gives the old one back."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from storyloom import configuring, paths, settings
from storyloom.settings import Settings
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui import theme_sample
from storyloom.tui.screens.themes import ThemesScreen
from storyloom.tui.widgets.listing import Listing
from tests.tui.looming import at_the_loom
from tests.tui.stage import SIZES, Stage, shown
from tests.tui.stories import HOSTILE

Compare = Callable[..., bool]


@pytest.fixture
def folder() -> Path:
    """The folder of the user's own themes."""
    folder = paths.config_dir() / "themes"
    folder.mkdir(parents=True)
    return folder


def ground(app: Stage) -> str:
    """Return the background of the screen as it is drawn."""
    return app.screen.styles.background.hex.lower()


@pytest.mark.parametrize("size", SIZES)
async def test_the_theme_under_the_cursor_is_on_the_whole_screen(size: tuple[int, int]) -> None:
    app = Stage(ThemesScreen(), Settings(theme="paper"))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert app.theme == "paper"
        assert "in use" in next(line for line in shown(app).splitlines() if "Paper" in line)
        seen: dict[str, str] = {}
        listing = app.screen.query_one(Listing)
        await pilot.press(*["k"] * listing.count)
        for _ in range(listing.count):
            await pilot.pause()
            seen[app.theme] = ground(app)
            colours = app.loom_themes[app.theme].colors["background"]
            assert seen[app.theme] == ("ansi_default" if colours == "default" else colours.lower())
            await pilot.press("j")
        assert list(seen) == sorted(seen)
        assert len(seen) == 8


async def test_leaving_gives_the_theme_back_that_there_was() -> None:
    app = Stage(ThemesScreen(), Settings(theme="fathom"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("j", "j")
        assert app.theme != "fathom"
        await pilot.press("q")
        await pilot.pause()
        assert app.theme == "fathom"
        assert app.results == [None]
        assert not paths.config_file().exists()


async def test_enter_keeps_a_theme_for_later_too() -> None:
    app = Stage(ThemesScreen(), Settings(theme="mono"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("j", "enter")
        await pilot.pause()
        assert app.theme == "morning"
        assert app.results == [("Morning is the theme from now on.", "information")]
        assert settings.load().theme == app.settings.theme == "morning"


async def test_a_theme_that_cannot_be_kept_stays_until_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: str) -> Path:
        raise Refusal("/x/config.toml cannot be written: Read-only file system.")

    monkeypatch.setattr(configuring, "set_theme", refuse)
    app = Stage(ThemesScreen(), Settings(theme="mono"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("j", "enter")
        await pilot.pause()
        assert app.theme == "morning"
        assert app.results == [
            (
                "Morning until you leave; it could not be kept. /x/config.toml cannot be written: "
                "Read-only file system.",
                "warning",
            )
        ]


async def test_a_click_on_the_selected_row_keeps_it() -> None:
    app = Stage(ThemesScreen(), Settings(theme="dusk"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.click("#themes", offset=(3, 1))
        assert app.theme == "contrast"
        assert app.results == []
        await pilot.click("#themes", offset=(3, 1))
        await pilot.pause()
        assert settings.load().theme == "contrast"


async def test_the_loom_opens_it_and_says_what_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "tide.loom"
    Story.create(path, title="Tide", opening="The tide went out.").close()
    async with at_the_loom(path) as hand:
        await hand.command("theme")
        await hand.until(lambda: isinstance(hand.app.screen, ThemesScreen))
        await hand.press("k", "enter")
        await hand.until(lambda: hand.app.screen is hand.loom)
        await hand.shows("Contrast, light is the theme from now on.")
        assert settings.load().theme == hand.app.theme == "contrast-light"
        await hand.command("theme paper")
        assert hand.app.theme == "paper"
        assert settings.load().theme == "contrast-light"


async def test_two_themes_with_one_ground_have_their_own_colours(
    folder: Path, tmp_path: Path
) -> None:
    text = (paths.shipped("themes") / "dusk.toml").read_text()
    (folder / "red.toml").write_text(
        text.replace('name = "dusk"', 'name = "red"').replace("#ffc93c", "#ff0000")
    )
    path = tmp_path / "tide.loom"
    Story.create(path, title="Tide", opening="The tide went out.").close()
    async with at_the_loom(path, settings=Settings(theme="dusk")) as hand:

        def inks() -> set[str]:
            strips = hand.app.screen._compositor.render_strips()
            styles = [segment.style for strip in strips for segment in strip if segment.style]
            return {style.color.get_truecolor().hex for style in styles if style.color}

        assert "#ffc93c" in inks()
        for name, ink in (("red", "#ff0000"), ("dusk", "#ffc93c")):
            await hand.command(f"theme {name}")
            await hand.until(lambda ink=ink: ink in inks(), ink)
            assert len({"#ff0000", "#ffc93c"} & inks()) == 1


async def test_a_bad_theme_is_told_of_once_when_the_program_starts(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "bad.toml").write_text("dark = 1")
    path = tmp_path / "tide.loom"
    Story.create(path, title="Tide", opening="The tide went out.").close()
    async with at_the_loom(path) as hand:
        (said,) = hand.app._notifications
        assert said.message == f"{folder}/bad.toml: dark has to be true or false."
        await hand.press("question_mark", "q", "r", "q")
        assert len(hand.app._notifications) == 1
        assert len(hand.app.loom_themes) == 8


async def test_a_theme_at_work_is_read_again_each_time(folder: Path) -> None:
    text = (paths.shipped("themes") / "dusk.toml").read_text()
    mine = folder / "mine.toml"
    mine.write_text(text.replace('"dusk"', '"mine"').replace('"Dusk"', '"Mine"'))
    app = Stage(ThemesScreen(), Settings(theme="mine"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert ground(app) == "#14141c"
        await pilot.press("q")
        mine.write_text(mine.read_text().replace("#14141c", "#101018"))
        app.push_screen(ThemesScreen())
        await pilot.pause()
        assert ground(app) == "#101018"
        await pilot.press("q")
        mine.write_text("dark = 1")
        app.push_screen(ThemesScreen())
        await pilot.pause()
        assert "dark has to be true or false" in " ".join(shown(app).split())
        assert "Mine" not in shown(app)
        await pilot.press("q")
        await pilot.pause()
        assert app.is_running


async def test_what_a_theme_says_of_itself_is_drawn_as_text(folder: Path) -> None:
    text = (paths.shipped("themes") / "dusk.toml").read_text()
    hostile = HOSTILE.encode("unicode_escape").decode().replace('"', r"\"").replace(r"\x", r"\u00")
    (folder / "evil.toml").write_text(
        text.replace('name = "dusk"', 'name = "a-evil"')
        .replace('title = "Dusk"', f'title = "{hostile}"')
        .replace('about = "', f'about = "{hostile} ')
    )
    app = Stage(ThemesScreen(), Settings(theme="a-evil"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert app.theme == "a-evil"
        assert all(line.isprintable() for line in shown(app).splitlines())
        metas = [
            segment.style.meta
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None
        ]
        assert "@click" not in str(metas)


async def test_without_colours_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Stage(ThemesScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "There are no colours here" in shown(app)
        rows = [
            [segment.style for segment in strip if segment.style is not None]
            for strip in app.screen._compositor.render_strips()
        ]
        styles = [style for row in rows for style in row]
        assert {style.color for style in styles} | {style.bgcolor for style in styles} == {None}
        assert sum(any(style.reverse for style in row) for row in rows) == 2


@pytest.mark.parametrize("width", [32, 34, 54, 88, 300])
@pytest.mark.parametrize("height", [4, 14, 22, 38])
def test_the_sample_fits_and_has_every_role(width: int, height: int) -> None:
    made = theme_sample.lines(width, height)
    assert len(made) <= height
    assert all(sum(len(text) for text, _ in line) <= width for line in made)
    if width >= 54 and height >= 22:
        names = {name for line in made for _, names in line for name in names.split()}
        models = {f"model-{number}" for number in range(1, 9)}
        assert models | {
            "weave", "unread", "pruned", "human", "why", "dim", "past", "fresh", "title", "text",
            "selection", "bar", "warning", "error",
        } <= names  # fmt: skip


def test_a_pane_without_room_has_no_sample() -> None:
    assert theme_sample.lines(0, 0) == []
    assert theme_sample.lines(31, 30) == []


@pytest.mark.parametrize("size", [(60, 16), *SIZES], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["contrast", "fathom", "mono", "morning", "terminal"])
def test_how_a_theme_looks(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    async def ready(pilot: Pilot[int]) -> None:
        await pilot.pause()
        await pilot.pause()

    app = Stage(ThemesScreen(), Settings(theme=theme))
    assert snap_compare(app, terminal_size=size, run_before=ready)
