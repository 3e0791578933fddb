"""The colour themes: TOML files with Storyloom's own roles, made into Textual's themes.

Eight ship with the program; a user's own lie in the `themes` folder of the config folder and may
replace a shipped one by its name. The format is described in `themes/README.md`.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from storyloom import paths
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from textual.theme import Theme

__all__ = ["ANSI", "ATTRIBUTES", "COLORS", "MODEL_ROLES", "ROLES", "STYLED", "LoomTheme", "load",
           "load_all"]  # fmt: skip

COLORS = (
    "primary",
    "secondary",
    "accent",
    "background",
    "surface",
    "panel",
    "foreground",
    "warning",
    "error",
    "success",
)
MODEL_ROLES = tuple(f"model_{number}" for number in range(1, 9))
"""The colours of models, in the order in which a story first uses them."""
ROLES = ("weave", "pruned", "human", "unread", "selection", "why", "dim", *MODEL_ROLES)
STYLED = (*ROLES, "title", "bar", "warning", "error")
"""What may have attributes beside its colour."""
ATTRIBUTES = ("bold", "italic", "underline", "reverse", "strike")
_HUES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI = ("default", *_HUES, *(f"bright_{hue}" for hue in _HUES))
"""The terminal's own colours: its default one and the sixteen that it lets its user choose."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LARGEST = 64 * 1024
"""Bytes; no theme is near it."""
_WITHOUT_COLOURS = {"bar": "underline"}
"""What tells apart, where there is no colour at all, what a background would."""


@dataclass(frozen=True)
class LoomTheme:
    """A colour theme: Textual's colours and the roles that only a loom has."""

    name: str
    """What the settings call it: lower-case letters, digits and hyphens."""
    title: str
    """What the screen calls it."""
    dark: bool
    colors: Mapping[str, str]
    """Every name of COLORS to its colour."""
    roles: Mapping[str, str]
    """Every name of ROLES to its colour."""
    styles: Mapping[str, str]
    """Some names of STYLED to their attributes with spaces between them, or `none`."""
    about: str = ""
    """What it is like, in a few words."""
    path: Path | None = None
    """The file it was read from."""

    @property
    def native(self) -> bool:
        """Whether its colours are the terminal's own, names of ANSI, instead of `#rrggbb`."""
        return self.colors["foreground"] in ANSI

    def to_textual(self, *, colours: bool = True) -> "Theme":
        """Return Textual's form; the roles are style variables such as `$loom-model-1`.

        Attributes are `$loom-weave-style` and the like. Without `colours`, whatever would have a
        background of its own has another colour than the default there, for `Colourless` to see.
        """
        from textual.theme import Theme

        colors = dict(self.colors)
        roles = dict(self.roles)
        styles = dict(self.styles)
        if not colours:
            colors = dict.fromkeys(colors, "default")
            roles = dict.fromkeys(roles, "default") | {"selection": "white"}
            styles = _WITHOUT_COLOURS | styles
        native = self.native or not colours
        if native:
            colors = {name: f"ansi_{value}" for name, value in colors.items()}
            roles = {name: f"ansi_{value}" for name, value in roles.items()}
        variables = {f"loom-{_css(role)}": value for role, value in roles.items()}
        variables |= {f"loom-{_css(role)}-style": value for role, value in styles.items()}
        if native:
            variables |= _native_variables(colors, colours=colours)
        return Theme(
            name=self.name,
            dark=self.dark,
            ansi=native,
            variables=variables,
            **cast("dict[str, Any]", colors),
        )


def _css(role: str) -> str:
    return role.replace("_", "-")


def _native_variables(colors: Mapping[str, str], *, colours: bool) -> dict[str, str]:
    """Return what Textual would choose badly, or not as these colours, in a theme of native ones.

    It has no surface and no panel in them; and its cursor in a list is the default colour on one
    that a light terminal's default cannot be read on.
    """
    made = {key: colors[key] for key in ("background", "surface", "panel", "foreground")}
    made |= {"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"}
    made |= {"boost": "ansi_default", "border": colors["primary"], "border-blurred": "ansi_default"}
    for key in ("block-cursor", "block-cursor-blurred", "input-cursor"):
        made |= {f"{key}-{which}ground": "ansi_default" for which in ("back", "fore")}
        made[f"{key}-text-style"] = "reverse"
    lit, ink = ("ansi_blue", "ansi_bright_white") if colours else ("ansi_white", "ansi_default")
    for key in ("input-selection", "screen-selection"):
        made |= {f"{key}-background": lit, f"{key}-foreground": ink}
    made |= dict.fromkeys(("scrollbar", "scrollbar-hover", "scrollbar-active"), lit)
    for where in ("background", "background-hover", "background-active", "corner-color"):
        made[f"scrollbar-{where}"] = "ansi_default"
    return made


def load_all() -> tuple[list[LoomTheme], list[str]]:
    """Return every theme, sorted by name, and one sentence for each file that is not one."""
    found: dict[str, LoomTheme] = {}
    refused: list[str] = []
    for folder in (paths.shipped("themes"), paths.config_dir() / "themes"):
        here: dict[str, Path] = {}
        for path in _files(folder, refused):
            try:
                theme = load(path)
                if theme.name in here:
                    raise Refusal(
                        f"{path}: {here[theme.name].name} has the name {theme.name!r} too."
                    )
            except Refusal as refusal:
                refused.append(one_line(str(refusal)))
                continue
            here[theme.name] = path
            found[theme.name] = theme
    return [found[name] for name in sorted(found)], refused


def _files(folder: Path, refused: list[str]) -> list[Path]:
    try:
        # By hand, as a glob takes a folder that may not be read for an empty one.
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except FileNotFoundError:
        return []
    except OSError as error:
        refused.append(f"{one_line(str(folder))} cannot be read: {error.strerror or error}.")
        return []


def load(path: Path) -> LoomTheme:
    """Read one theme; raises Refusal with a sentence that names the file and the key."""
    table = _read(path)
    _refuse_unknown(
        table, ("name", "title", "about", "dark", "colors", "roles", "styles"), path, ""
    )
    name = table.get("name", path.stem)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refusal(f"{path}: name has to be lower-case letters, digits and hyphens.")
    title = table.get("title", name)
    if not isinstance(title, str) or not one_line(title):
        raise Refusal(f"{path}: title has to be a text.")
    about = table.get("about", "")
    if not isinstance(about, str):
        raise Refusal(f"{path}: about has to be a text.")
    dark = table.get("dark")
    if not isinstance(dark, bool):
        raise Refusal(f"{path}: dark has to be true or false.")
    colors = _colors(table, "colors", COLORS, path)
    for key in COLORS:
        if key not in colors:
            raise Refusal(f"{path}: [colors] has no {key}.")
    roles = _fallback(colors) | _colors(table, "roles", ROLES, path)
    _refuse_mixture(colors | roles, path)
    styles = _styles(table, path)
    if roles["selection"] == "default":
        # It would look like all the rest.
        styles = {"selection": "reverse"} | styles
    return LoomTheme(
        name, one_line(title)[:40], dark, colors, roles, styles, one_line(about)[:80], path
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise Refusal(f"{path}: this is not a theme's file of at most {_LARGEST // 1024} KB.")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except Refusal:
        raise
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        why = one_line(str(error)).rstrip(".")
        raise Refusal(f"{path} is not right as TOML: {why}.") from error


def _table(
    table: Mapping[str, Any], section: str, known: tuple[str, ...], path: Path
) -> dict[str, object]:
    found = table.get(section, {})
    if not isinstance(found, dict):
        raise Refusal(f"{path}: write {section} as a table that begins with [{section}].")
    _refuse_unknown(cast("dict[str, object]", found), known, path, f" in [{section}]")
    return cast("dict[str, object]", dict(found))


def _colors(
    table: Mapping[str, Any], section: str, known: tuple[str, ...], path: Path
) -> dict[str, str]:
    found = _table(table, section, known, path)
    for key, value in found.items():
        if not isinstance(value, str) or not (_COLOR.fullmatch(value) or value in ANSI):
            raise Refusal(
                f"{path}: {key} in [{section}] has to be a colour such as '#7fb2ff', or one of the "
                "terminal's own such as 'default', 'blue' or 'bright_blue'."
            )
    return cast("dict[str, str]", found)


def _refuse_mixture(colors: Mapping[str, str], path: Path) -> None:
    own = [key for key, value in colors.items() if value in ANSI]
    given = [key for key in colors if key not in own]
    if own and given:
        raise Refusal(
            f"{path}: {own[0]} is {colors[own[0]]!r} and {given[0]} is {colors[given[0]]!r}; a "
            "theme has either the terminal's own colours or such as '#7fb2ff', not both."
        )


def _styles(table: Mapping[str, Any], path: Path) -> dict[str, str]:
    found = _table(table, "styles", STYLED, path)
    for key, value in found.items():
        words = value.split() if isinstance(value, str) else []
        if words != ["none"] and (not words or not set(words) <= set(ATTRIBUTES)):
            raise Refusal(
                f"{path}: {key} in [styles] has to be 'none', or some of {', '.join(ATTRIBUTES)} "
                "with spaces between them."
            )
        found[key] = " ".join(words)
    return cast("dict[str, str]", found)


def _refuse_unknown(
    table: Mapping[str, object], known: tuple[str, ...], path: Path, where: str
) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}."
            raise Refusal(f"{path}: there is no {one_line(key)!r}{where}; {hint}")


def _fallback(colors: Mapping[str, str]) -> dict[str, str]:
    """Return roles from the ten colours, so that a theme may name only those it cares about."""
    models = ("primary", "warning", "success", "error", "accent", "secondary")
    return {
        "weave": colors["accent"],
        "pruned": colors["foreground"],
        "human": colors["foreground"],
        "unread": colors["secondary"],
        "selection": colors["panel"],
        "why": colors["secondary"],
        "dim": colors["foreground"],
        **{role: colors[models[at % len(models)]] for at, role in enumerate(MODEL_ROLES)},
    }
