"""The colour themes: TOML files with Storyloom's own roles, made into Textual's themes.

Two ship with the program; a user's own lie in the `themes` folder of the config folder and may
replace a shipped one by its name. The format is described in `themes/README.md`.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from textual.theme import Theme

from storyloom import paths
from storyloom.text import Refusal, one_line

__all__ = ["COLORS", "MODEL_ROLES", "ROLES", "LoomTheme", "load", "load_all"]

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

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LARGEST = 64 * 1024
"""Bytes; no theme is near it."""


@dataclass(frozen=True)
class LoomTheme:
    """A colour theme: Textual's colours and the roles that only a loom has."""

    name: str
    """What the settings call it: lower-case letters, digits and hyphens."""
    title: str
    """What the screen calls it."""
    dark: bool
    colors: Mapping[str, str]
    """Every name of COLORS to `#rrggbb`."""
    roles: Mapping[str, str]
    """Every name of ROLES to `#rrggbb`."""

    def to_textual(self) -> Theme:
        """Return Textual's form; the roles are style variables such as `$loom-model-1`."""
        variables = {f"loom-{role.replace('_', '-')}": value for role, value in self.roles.items()}
        colors = cast("dict[str, Any]", dict(self.colors))
        return Theme(name=self.name, dark=self.dark, variables=variables, **colors)


def load_all() -> tuple[list[LoomTheme], list[str]]:
    """Return every theme, sorted by name, and one sentence for each file that is not one."""
    found: dict[str, LoomTheme] = {}
    refused: list[str] = []
    for folder in (paths.shipped("themes"), paths.config_dir() / "themes"):
        here: dict[str, Path] = {}
        for path in sorted(folder.glob("*.toml")):
            try:
                theme = load(path)
                if theme.name in here:
                    raise Refusal(
                        f"{path}: {here[theme.name].name} has the name {theme.name!r} too."
                    )
            except Refusal as refusal:
                refused.append(str(refusal))
                continue
            here[theme.name] = path
            found[theme.name] = theme
    return [found[name] for name in sorted(found)], refused


def load(path: Path) -> LoomTheme:
    """Read one theme; raises Refusal with a sentence that names the file and the key."""
    table = _read(path)
    _refuse_unknown(table, ("name", "title", "dark", "colors", "roles"), path, "")
    name = table.get("name", path.stem)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refusal(f"{path}: name has to be lower-case letters, digits and hyphens.")
    title = table.get("title", name)
    if not isinstance(title, str) or not one_line(title):
        raise Refusal(f"{path}: title has to be a text.")
    dark = table.get("dark")
    if not isinstance(dark, bool):
        raise Refusal(f"{path}: dark has to be true or false.")
    colors = _colors(table, "colors", COLORS, path)
    for key in COLORS:
        if key not in colors:
            raise Refusal(f"{path}: [colors] has no {key}.")
    roles = _fallback(colors) | _colors(table, "roles", ROLES, path)
    return LoomTheme(name, one_line(title)[:40], dark, colors, roles)


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


def _colors(
    table: Mapping[str, Any], section: str, known: tuple[str, ...], path: Path
) -> dict[str, str]:
    found = cast("Mapping[str, object]", table.get(section, {}))
    if not isinstance(table.get(section, {}), dict):
        raise Refusal(f"{path}: write {section} as a table that begins with [{section}].")
    _refuse_unknown(found, known, path, f" in [{section}]")
    for key, value in found.items():
        if not isinstance(value, str) or not _COLOR.fullmatch(value):
            raise Refusal(f"{path}: {key} in [{section}] has to be a colour such as '#7fb2ff'.")
    return cast("dict[str, str]", dict(found))


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
