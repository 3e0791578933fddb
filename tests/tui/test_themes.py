"""Themes are readable, complete, and reach the screen; bad ones cost a sentence and no more."""

import itertools
import math
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.color import Color, rgb_to_lab
from textual.widgets import Static

from storyloom import paths
from storyloom.tui.themes import COLORS, MODEL_ROLES, ROLES, LoomTheme, load, load_all

SHIPPED = load_all()[0]
BEHIND = ("background", "surface", "panel")
TEXT_COLORS = ("foreground", "primary", "secondary", "accent", "warning", "error", "success")
TEXT_ROLES = tuple(role for role in ROLES if role != "selection")


def luminance(color: str) -> float:
    """Return WCAG's relative luminance of `#rrggbb`."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def apart(one: str, other: str) -> float:
    """Return how far two colours are for the eye (CIE76); from about 10 on they look unlike."""
    first, second = rgb_to_lab(Color.parse(one)), rgb_to_lab(Color.parse(other))
    return math.dist((first.L, first.a, first.b), (second.L, second.a, second.b))


def test_the_contrast_formula_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_dark_and_a_light_theme_ship() -> None:
    themes, refused = load_all()
    assert refused == []
    assert {theme.name: theme.dark for theme in themes} == {"dusk": True, "paper": False}


@pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)
class TestShipped:
    def test_every_colour_and_role_is_given(self, theme: LoomTheme) -> None:
        written = (paths.shipped("themes") / f"{theme.name}.toml").read_text()
        for key in (*COLORS, *ROLES):
            assert f"\n{key} = " in written

    def test_every_text_reads_on_every_background(self, theme: LoomTheme) -> None:
        behind = {name: theme.colors[name] for name in BEHIND}
        behind["selection"] = theme.roles["selection"]
        texts = {name: theme.colors[name] for name in TEXT_COLORS}
        texts |= {role: theme.roles[role] for role in TEXT_ROLES}
        poor = [
            f"{text} on {under}: {ratio:.2f}"
            for text, under in itertools.product(texts, behind)
            if (ratio := contrast(texts[text], behind[under])) < 4.5
        ]
        assert poor == []

    def test_prose_reads_better_than_that(self, theme: LoomTheme) -> None:
        assert contrast(theme.colors["foreground"], theme.colors["background"]) >= 7
        assert contrast(theme.roles["human"], theme.colors["background"]) >= 7

    def test_models_and_the_weave_are_told_apart(self, theme: LoomTheme) -> None:
        names = ("weave", "human", *MODEL_ROLES)
        close = [
            pair
            for pair in itertools.combinations(names, 2)
            if apart(theme.roles[pair[0]], theme.roles[pair[1]]) < 20
        ]
        assert close == []

    def test_dark_means_a_dark_background(self, theme: LoomTheme) -> None:
        assert (luminance(theme.colors["background"]) < 0.2) is theme.dark

    async def test_the_roles_reach_the_style_sheet(self, theme: LoomTheme) -> None:
        class Loom(App[None]):
            CSS = "Static { color: $loom-weave; background: $loom-selection; }"

            def get_theme_variable_defaults(self) -> dict[str, str]:
                return theme.to_textual().variables

            def compose(self) -> ComposeResult:
                yield Static("text")

        app = Loom()
        async with app.run_test():
            app.register_theme(theme.to_textual())
            app.theme = theme.name
            await app.workers.wait_for_complete()
            style = app.query_one(Static).styles
            assert style.color.hex.lower() == theme.roles["weave"]
            assert style.background.hex.lower() == theme.roles["selection"]
            assert app.theme_variables["loom-model-8"] == theme.roles["model_8"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = paths.config_dir() / "themes"
    folder.mkdir(parents=True)
    return folder


def dusk() -> str:
    return (paths.shipped("themes") / "dusk.toml").read_text()


def test_a_theme_of_the_users_joins_the_shipped_ones(folder: Path) -> None:
    (folder / "mine.toml").write_text(dusk().replace('name = "dusk"', 'name = "mine"'))
    themes, refused = load_all()
    assert [theme.name for theme in themes] == ["dusk", "mine", "paper"]
    assert refused == []


def test_a_theme_of_the_users_replaces_a_shipped_one(folder: Path) -> None:
    (folder / "any.toml").write_text(dusk().replace("#14141c", "#000000"))
    themes, _ = load_all()
    assert [theme.name for theme in themes] == ["dusk", "paper"]
    assert themes[0].colors["background"] == "#000000"


def test_roles_left_out_come_from_the_ten_colours(folder: Path) -> None:
    path = folder / "plain.toml"
    path.write_text(dusk().partition("[roles]")[0].replace('name = "dusk"\n', ""))
    theme = load(path)
    assert theme.name == "plain"
    assert theme.roles["weave"] == theme.colors["accent"]
    assert set(theme.roles) == set(ROLES)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "dusk"', 'name = "../x"', "name has to be lower-case letters"),
        ('title = "Dusk"', "title = 1", "title has to be a text"),
        ("dark = true", 'dark = "yes"', "dark has to be true or false"),
        ("dark = true", "", "dark has to be true or false"),
        ("dark = true", "darc = true", "there is no 'darc'; did you mean 'dark'?"),
        ('panel = "#232331"', "", "[colors] has no panel"),
        ('panel = "#232331"', 'panel = "blue"', "panel in [colors] has to be a colour"),
        ('panel = "#232331"', 'pannel = "#232331"', "in [colors]; did you mean 'panel'?"),
        ('model_8 = "', 'model_9 = "', "in [roles]; did you mean 'model_"),
        ("[roles]", "[[roles]]", "write roles as a table"),
        ("[roles]", "[roles", "not right as TOML"),
    ],
)
def test_a_bad_theme_costs_one_sentence(folder: Path, old: str, new: str, says: str) -> None:
    assert old in dusk()
    (folder / "bad.toml").write_text(dusk().replace(old, new))
    themes, refused = load_all()
    assert [theme.name for theme in themes] == ["dusk", "paper"]
    assert len(refused) == 1
    assert refused[0].startswith(str(folder / "bad.toml"))
    assert says in refused[0]


def test_files_that_are_no_text_are_refused_one_by_one(folder: Path) -> None:
    (folder / "a.toml").write_bytes(b"\xff\xfe")
    (folder / "b.toml").mkdir()
    (folder / "c.toml").symlink_to(folder / "gone")
    (folder / "d.toml").write_bytes(b" " * 100_000)
    (folder / "e.toml").write_text("x = " + "[" * 50_000)
    themes, refused = load_all()
    assert [theme.name for theme in themes] == ["dusk", "paper"]
    assert len(refused) == 5


def test_two_of_the_users_with_one_name_are_not_both_taken(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text(dusk().replace('name = "dusk"', 'name = "same"'))
    _, refused = load_all()
    assert len(refused) == 1
    assert "one.toml has the name 'same' too" in refused[0]
