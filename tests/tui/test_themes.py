"""Themes are readable, complete, and reach the screen; bad ones cost a sentence and no more."""

import itertools
import math
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.color import Color, rgb_to_lab
from textual.widgets import Static

from storyloom import paths
from storyloom.text import Refusal
from storyloom.tui.themes import ANSI, COLORS, MODEL_ROLES, ROLES, LoomTheme, load, load_all
from storyloom.tui.widgets.lines import styles

SHIPPED = load_all()[0]
COLOURED = [theme for theme in SHIPPED if not theme.native]
NAMES = [
    "contrast", "contrast-light", "dusk", "fathom", "mono", "morning", "paper", "terminal",
]  # fmt: skip
WANTED = {"contrast": 7.0, "contrast-light": 7.0}
"""Themes with a higher contrast than WCAG's AA, which is 4.5."""
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


def test_eight_themes_ship() -> None:
    themes, refused = load_all()
    assert refused == []
    assert [theme.name for theme in themes] == NAMES
    assert [theme.name for theme in themes if not theme.dark] == [
        "contrast-light", "morning", "paper",
    ]  # fmt: skip
    assert [theme.name for theme in themes if theme.native] == ["terminal"]
    assert len({theme.title for theme in themes}) == len(NAMES)


def inks(theme: LoomTheme) -> dict[str, str]:
    """Return every colour of text on a loom, by the name of its style, as it is drawn."""
    drawn = styles(App[None]().get_css_variables() | variables(theme))
    return {name: style.color.get_truecolor().hex for name, style in drawn.items() if style.color}


def variables(theme: LoomTheme) -> dict[str, str]:
    """Return the style variables that a theme makes."""
    made = theme.to_textual()
    return made.to_color_system().generate() | made.variables


@pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)
class TestShipped:
    def test_every_colour_and_role_is_given(self, theme: LoomTheme) -> None:
        written = (paths.shipped("themes") / f"{theme.name}.toml").read_text()
        for key in (*COLORS, *ROLES):
            assert f"\n{key} = " in written
        assert theme.about

    def test_the_weave_stands_out_and_the_pruned_is_struck_out(self, theme: LoomTheme) -> None:
        drawn = styles(variables(theme))
        assert drawn["weave"].bold
        assert drawn["pruned"].strike
        assert drawn["unread"].bold
        text, selected = drawn["text"], drawn["text"] + drawn["selection"]
        assert (text.bgcolor, text.reverse) != (selected.bgcolor, selected.reverse)


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
class TestColoured:
    def test_every_text_reads_on_every_background(self, theme: LoomTheme) -> None:
        least = WANTED.get(theme.name, 4.5)
        behind = {name: theme.colors[name] for name in BEHIND}
        behind["selection"] = theme.roles["selection"]
        texts = {name: theme.colors[name] for name in TEXT_COLORS}
        texts |= {role: theme.roles[role] for role in TEXT_ROLES}
        poor = [
            f"{text} on {under}: {ratio:.2f}"
            for text, under in itertools.product(texts, behind)
            if (ratio := contrast(texts[text], behind[under])) < least
        ]
        assert poor == []

    def test_whatever_a_loom_draws_reads_on_the_page(self, theme: LoomTheme) -> None:
        least = WANTED.get(theme.name, 4.5)
        page = theme.colors["background"]
        drawn = inks(theme)
        assert {"past", "fresh", "model-8", "why"} <= set(drawn)
        poor = {name: ink for name, ink in drawn.items() if contrast(ink, page) < least}
        assert poor == {}

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
        if theme.name == "mono":
            # Letters tell models apart there; greys could not.
            assert all(hueless(value) for value in (*theme.colors.values(), *theme.roles.values()))
        else:
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


def hueless(color: str) -> bool:
    """Whether a colour is black, white or a grey."""
    return len({color[1:3], color[3:5], color[5:7]}) == 1


def test_the_terminals_own_colours_stay_its_own() -> None:
    (theme,) = (theme for theme in SHIPPED if theme.native)
    drawn = styles(variables(theme))
    assert theme.to_textual().ansi
    numbers = {
        color.number
        for style in drawn.values()
        for color in (style.color, style.bgcolor)
        if color is not None
    }
    assert all(number is None or number < 16 for number in numbers)
    assert all(
        color.triplet is None
        for style in drawn.values()
        for color in (style.color, style.bgcolor)
        if color is not None
    )
    models = [theme.roles[role] for role in MODEL_ROLES]
    assert len(set(models)) == len(models)
    assert theme.roles["weave"] not in models
    # Nothing is drawn on a background of which it is not known what is read on it.
    assert {style.bgcolor.name for style in drawn.values() if style.bgcolor} == {"default"}


def test_without_colours_every_theme_is_told_by_attributes_alone() -> None:
    for theme in SHIPPED:
        made = theme.to_textual(colours=False)
        drawn = styles(made.to_color_system().generate() | made.variables)
        inks = {style.color.name for style in drawn.values() if style.color is not None}
        assert inks == {"default"}
        assert drawn["weave"].bold
        assert drawn["bar"].underline or theme.styles.get("bar")
        lit = drawn["selection"].bgcolor
        assert (lit is not None and not lit.is_default) or drawn["selection"].reverse


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
    assert [theme.name for theme in themes] == sorted([*NAMES, "mine"])
    assert refused == []


def test_a_theme_of_the_users_replaces_a_shipped_one(folder: Path) -> None:
    (folder / "any.toml").write_text(dusk().replace("#14141c", "#000000"))
    themes, _ = load_all()
    assert [theme.name for theme in themes] == NAMES
    assert themes[NAMES.index("dusk")].colors["background"] == "#000000"


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
        ('panel = "#232331"', 'panel = "beige"', "panel in [colors] has to be a colour"),
        ('panel = "#232331"', 'pannel = "#232331"', "in [colors]; did you mean 'panel'?"),
        ('model_8 = "', 'model_9 = "', "in [roles]; did you mean 'model_"),
        ('panel = "#232331"', 'panel = "bright_blue"', "either the terminal's own colours or such"),
        (
            'panel = "#232331"',
            'panel = "#23233"',
            "'#7fb2ff', or one of the terminal's own such as",
        ),
        ('about = "', 'about = 3 # "', "about has to be a text"),
        ("[roles]", "[styles]\nweave = 1\n[roles]", "weave in [styles] has to be 'none', or some"),
        ("[roles]", '[styles]\nweave = "blink"\n[roles]', "some of bold, italic, underline"),
        ("[roles]", '[styles]\nweave = "none bold"\n[roles]', "weave in [styles] has to be"),
        ("[roles]", '[styles]\nweawe = "bold"\n[roles]', "in [styles]; did you mean 'weave'?"),
        ("[roles]", "[[styles]]\n[roles]", "write styles as a table"),
        ("[roles]", "[[roles]]", "write roles as a table"),
        ("[roles]", "[roles", "not right as TOML"),
    ],
)
def test_a_bad_theme_costs_one_sentence(folder: Path, old: str, new: str, says: str) -> None:
    assert old in dusk()
    (folder / "bad.toml").write_text(dusk().replace(old, new))
    themes, refused = load_all()
    assert [theme.name for theme in themes] == NAMES
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
    assert [theme.name for theme in themes] == NAMES
    assert len(refused) == 5


def test_a_theme_may_say_how_a_role_is_set(folder: Path) -> None:
    path = folder / "own.toml"
    said = '[styles]\nweave = "italic  underline"\ntitle = "none"\n[roles]'
    path.write_text(dusk().replace("[roles]", said))
    drawn = styles(variables(load(path)))
    assert (drawn["weave"].bold, drawn["weave"].italic, drawn["weave"].underline) == (
        None, True, True,
    )  # fmt: skip
    assert not drawn["title"].bold
    assert drawn["pruned"].strike


def test_a_theme_of_the_terminals_own_colours_needs_no_word_on_its_selection(folder: Path) -> None:
    path = folder / "own.toml"
    path.write_text("dark = true\n[colors]\n" + "".join(f'{key} = "default"\n' for key in COLORS))
    theme = load(path)
    assert theme.native
    assert set(theme.roles.values()) <= set(ANSI)
    assert styles(variables(theme))["selection"].reverse


def test_a_folder_of_themes_that_is_none_costs_one_sentence(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("not a folder")
    themes, refused = load_all()
    assert [theme.name for theme in themes] == NAMES
    assert len(refused) == 1
    assert "cannot be read" in refused[0]


def test_a_file_that_may_not_be_read_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "mine.toml"
    path.write_text(dusk())

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(Refusal, match=r"mine\.toml cannot be read: Permission denied\."):
        load(path)


def test_a_name_of_a_file_cannot_reach_the_terminal_by_a_refusal(folder: Path) -> None:
    (folder / "\x1b[31mevil\u202e.toml").write_text("dark = 1")
    _, refused = load_all()
    assert len(refused) == 1
    assert refused[0].isprintable()


def test_two_of_the_users_with_one_name_are_not_both_taken(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text(dusk().replace('name = "dusk"', 'name = "same"'))
    _, refused = load_all()
    assert len(refused) == 1
    assert "one.toml has the name 'same' too" in refused[0]
