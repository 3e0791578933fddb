"""The user's settings, read from one TOML file.

A missing file is the same as an empty one. A file that cannot be read as settings is refused with
a sentence that names the file, the key and the nearest known key; nothing is guessed.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from storyloom import paths
from storyloom.text import Refusal, one_line

__all__ = ["FRACTIONS", "INHERITED", "LENGTHS", "MOST_BRANCHES", "MOST_PRESETS", "OWN", "RANGES",
           "SKETCH", "TEXTS", "USUAL_SERVERS", "ModelEntry", "PlanPart", "Preset", "Settings",
           "fits", "load", "range_of", "varied", "vary_for"]  # fmt: skip

MODES = ("chat", "text", "prefill")
MOST_BRANCHES = 9
MOST_PRESETS = 9
MOST_AT_ONCE = 64
USUAL_SERVERS = ("127.0.0.1:1234", "127.0.0.1:8080", "127.0.0.1:8000")
"""Where LM Studio, llama.cpp and vLLM are when nobody says otherwise. These alone can be named in a
plan without an entry, as a story of somebody else's must not name a server that gets its text."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class PlanPart:
    """One model of a plan and how many branches it is asked for."""

    model: str
    """The name of a `[[model]]` table, or any model name that litellm knows."""
    count: int = 1
    """Branches asked of this model, 1 to 9."""
    values: Mapping[str, float] = field(default_factory=dict[str, Any])
    """What it has of its own, of `OWN`; it goes before what holds for all models."""


@dataclass(frozen=True)
class ModelEntry:
    """One `[[model]]` table: a model and how to reach it."""

    name: str
    """What plans and the screen call it."""
    model: str
    """litellm's name for it, such as `openai/gpt-4o-mini`."""
    api_base: str | None = None
    """The address of a server of one's own, usually ending in `/v1`."""
    key_env: str | None = None
    """The environment variable that holds the key, where litellm's own is not the one."""
    mode: str | None = None
    """`chat`, `text` (for base models) or `prefill`; found out when absent."""
    window: int | None = None
    """The input window in tokens, where litellm does not know it."""
    fill: bool | None = None
    """Whether its text completion takes a suffix, so that it fills a gap by itself; by its name
    when absent.
    """
    at_once: int | None = None
    """How many requests to it are under way at once, 1 to 64; absent is 16."""


@dataclass(frozen=True)
class Preset:
    """One `[[preset]]` table: a plan and settings that are taken at once."""

    name: str
    plan: tuple[PlanPart, ...] = ()
    """From its `models`; empty leaves the plan as it is."""
    values: Mapping[str, float | bool | str] = field(default_factory=dict[str, Any])
    """The settings that it sets, of `INHERITED`."""


@dataclass(frozen=True)
class Settings:
    """Everything the config file can say, with what holds when it says nothing."""

    theme: str = "dusk"
    """The colour theme's name."""
    count: int = 3
    """Branches of a batch when the plan names one model only."""
    plan: tuple[PlanPart, ...] = ()
    """What a story without a plan of its own grows with; empty means the embedded model."""
    words: int = 60
    """How long a new branch should be, in words; 20 to 600, or `SKETCH` for two lines."""
    temperature: float | None = None
    """Sampling temperature for every model; absent leaves it to the model."""
    top_p: float | None = None
    """Nucleus sampling for every model, 0.01 to 1; absent leaves it to the model."""
    seed: int | None = None
    """What the first branch of each model is drawn with, the next with one more, where a model
    takes it; absent is another one each time.
    """
    trim: bool = True
    """Whether a sentence that a branch breaks off at its limit is cut away."""
    alternatives: int | None = None
    """Alternatives to each token that are asked for and kept with a branch, where a provider tells
    them, 0 to 20; absent asks the embedded model for 5 and no other for any.
    """
    context: int = 16_000
    """The most tokens a request may hold, whatever the model's window."""
    vary: str = ""
    """What the branches of a batch differ in, such as `tone: dry / tender`; nothing and `none` are
    the same.
    """
    cap: float | None = None
    """Dollars that a story may cost in all; absent is no cap."""
    cap_per_day: float | None = None
    """Dollars that all stories together may cost in a day; absent is no cap."""
    ascii: bool = False
    """Draw with ASCII characters only."""
    keys: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict[str, Any])
    """The author's own keys: the `[keys.SCREEN]` tables, each command with its keys."""
    models: tuple[ModelEntry, ...] = field(default=())
    """The `[[model]]` tables, in the file's order."""
    presets: tuple[Preset, ...] = ()
    """The `[[preset]]` tables, in the file's order; at most nine."""

    def entry(self, name: str) -> ModelEntry:
        """Return the configured model of that name, or one that litellm is to know by it.

        `MODEL@ENTRY` is another model on that entry's server, `MODEL@127.0.0.1:8080` one on a
        server at one of `USUAL_SERVERS`.
        """
        for entry in self.models:
            if entry.name == name:
                return entry
        for entry in self.models:
            model = name.removesuffix(f"@{entry.name}")
            if model not in ("", name) and entry.api_base is not None:
                provider = entry.model.partition("/")[0] if "/" in entry.model else "openai"
                return replace(entry, name=name, model=f"{provider}/{model}", window=None)
        model, _, place = name.rpartition("@")
        if model and place in USUAL_SERVERS:
            return ModelEntry(name, f"openai/{model}", f"http://{place}/v1")
        return ModelEntry(name=name, model=name)


def load(path: Path | None = None) -> Settings:
    """Read the settings from `path`, by default the user's config file.

    Raises Refusal when the file is not TOML, or has an unknown key or a value of the wrong kind.
    """
    path = path or paths.config_file()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        why = error.strerror or str(error)
        raise Refusal(f"The settings in {path} cannot be read: {why}.") from error
    except (ValueError, RecursionError) as error:
        # Beside its own error, tomllib lets through those of bad UTF-8, dates, numbers and depth.
        why = one_line(str(error)).rstrip(".")
        raise Refusal(f"The settings in {path} are not right as TOML: {why}.") from error
    models = table.pop("model", [])
    plan = table.pop("plan", [])
    keys = table.pop("keys", {})
    presets = table.pop("preset", [])
    known = {f.name for f in fields(Settings)} - {"models", "plan", "keys", "presets"}
    _refuse_unknown(table, known | {"model", "plan", "keys", "preset"}, path, "")
    settings = Settings()
    for key, value in table.items():
        settings = replace(settings, **{key: _checked(key, value, getattr(settings, key), path)})
    entries = tuple(_entry(item, path) for item in _tables(models, "model", path))
    _refuse_twice([entry.name for entry in entries], "model", path)
    return replace(
        settings,
        keys=_keys(keys, path),
        models=entries,
        plan=tuple(_part(item, path) for item in _tables(plan, "plan", path)),
        presets=_presets(_tables(presets, "preset", path), path),
    )


def _refuse_twice(names: list[str], table: str, path: Path) -> None:
    for name in names:
        if names.count(name) > 1:
            raise Refusal(f"{path}: two [[{table}]] tables have the name {one_line(name)!r}.")


def _refuse_unknown(table: dict[str, Any], known: set[str], path: Path, where: str) -> None:
    for key in table:
        if key in known:
            continue
        if key in ("key", "api_key", "token"):
            raise Refusal(
                f"{path}: a key is never kept in this file, so there is no setting {key!r}{where}; "
                "run 'storyloom keys set', or set key_env to the name of its variable."
            )
        near = difflib.get_close_matches(key, sorted(known), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}."
        raise Refusal(f"{path}: there is no setting {one_line(key)!r}{where}; {hint}")


RANGES: dict[str, tuple[float, float]] = {
    "count": (1, MOST_BRANCHES),
    "words": (20, 600),
    "temperature": (0, 2),
    "top_p": (0.01, 1),
    "seed": (0, 2**31 - 1),
    "trim": (0, 1),
    "alternatives": (0, 20),
    "context": (512, 10_000_000),
    "cap": (0, 1_000_000),
    "cap_per_day": (0, 1_000_000),
}
"""The least and the greatest value of each number."""
INHERITED = ("words", "temperature", "top_p", "seed", "trim", "alternatives", "context", "vary")
"""What a node, a story and a preset may set for all that grows from there."""
OWN = ("temperature", "top_p", "words")
"""What one model of a plan may have of its own."""
FRACTIONS = ("temperature", "top_p", "cap", "cap_per_day")
"""Those that need not be whole numbers."""
TEXTS = ("vary",)
"""Those that are no numbers."""
SKETCH = 0
"""The length in words that stands for a sketch, which is at most two lines."""
LENGTHS = {"sketch": SKETCH, "beat": 60, "scene": 300}
"""Lengths in words that have a name."""
NO_VARY = "none"
_LONGEST_VARY = 200


def fits(key: str, value: float) -> bool:
    """Whether a number can be that setting's."""
    low, high = RANGES[key]
    return low <= value <= high or (key == "words" and value == SKETCH)


def range_of(key: str) -> str:
    """Return which numbers a setting can have, as in `from 0 to 2`."""
    low, high = RANGES[key]
    names = ", or sketch, beat or scene" if key == "words" else ""
    return f"from {low:g} to {high:g}{names}"


def varied(text: str) -> tuple[str, tuple[str, ...]]:
    """Return in what branches differ, and its values, of a text such as `tone: dry / tender`.

    Both are empty for one that says nothing or `none`. Raises Refusal for any other.
    """
    text = " ".join(text.split())
    if text.lower() in ("", NO_VARY):
        return "", ()
    name, _, rest = (part.strip() for part in text.partition(":"))
    values = tuple(value.strip() for value in rest.split("/"))
    right = name and "/" not in name and all(values) and len(set(values)) == len(values)
    if not right or not 2 <= len(values) <= MOST_BRANCHES or len(text) > _LONGEST_VARY:
        raise Refusal(
            f"vary has to be a name, a colon, and 2 to {MOST_BRANCHES} different values with / "
            f"between them, such as 'tone: dry / tender', not {one_line(text[:60])!r}; "
            "'none' is off."
        )
    return name, values


def vary_for(vary: str, index: int) -> str:
    """Return what branch `index` of a batch is told, as in `tone: dry`; empty where vary is off."""
    name, values = varied(vary)
    return f"{name}: {values[index % len(values)]}" if values else ""


def _checked(key: str, value: Any, default: object, path: Path) -> Any:
    if key == "words" and isinstance(value, str):
        value = LENGTHS.get(value.strip().lower(), value)
    kind: type = float if key in FRACTIONS else int if default is None else type(default)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
        lengths = ", or sketch, beat or scene" if key == "words" else ""
        raise Refusal(f"{path}: {key} has to be {names[kind]}{lengths}.")
    if key == "vary":
        try:
            varied(str(value))
        except Refusal as refusal:
            raise Refusal(f"{path}: {refusal}") from None
    if key in RANGES and not fits(key, value):
        raise Refusal(f"{path}: {key} has to be {range_of(key)}.")
    return value


def _tables(value: Any, key: str, path: Path) -> list[dict[str, Any]]:
    items = cast("list[Any]", value)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in items):
        raise Refusal(f"{path}: write each {key} as a table that begins with [[{key}]].")
    return items


def _keys(table: Any, path: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the `[keys.SCREEN]` tables; whether there are such commands and keys is not known
    here.
    """
    if not isinstance(table, dict):
        raise Refusal(f"{path}: write keys as tables such as [keys.loom].")
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for screen, commands in cast("dict[str, Any]", table).items():
        if not isinstance(commands, dict):
            raise Refusal(f"{path}: keys go into a table of a screen's, such as [keys.loom].")
        found[screen] = {}
        for name, keys in cast("dict[str, Any]", commands).items():
            if not isinstance(keys, str):
                raise Refusal(
                    f"{path}: {one_line(name)} in [keys.{one_line(screen)}] has to be a text with "
                    "keys and spaces between them, such as 'Space g'."
                )
            found[screen][name] = tuple(keys.split())
    return found


def _entry(table: dict[str, Any], path: Path) -> ModelEntry:
    _refuse_unknown(table, {f.name for f in fields(ModelEntry)}, path, " in a [[model]] table")
    for key, value in table.items():
        if key == "window":
            if not isinstance(value, int) or value < 256:
                raise Refusal(
                    f"{path}: window in a [[model]] table has to be a whole number, 256 or more."
                )
        elif key == "fill":
            if not isinstance(value, bool):
                raise Refusal(f"{path}: fill in a [[model]] table has to be true or false.")
        elif key == "at_once":
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not 1 <= value <= MOST_AT_ONCE:
                raise Refusal(
                    f"{path}: at_once in a [[model]] table has to be a whole number from 1 to "
                    f"{MOST_AT_ONCE}."
                )
        elif not isinstance(value, str) or not value.strip():
            raise Refusal(f"{path}: {key} in a [[model]] table has to be a text.")
    if "model" not in table:
        raise Refusal(f"{path}: a [[model]] table needs model, such as 'openai/gpt-4o-mini'.")
    if table.get("mode") not in (None, *MODES):
        raise Refusal(f"{path}: mode in a [[model]] table has to be one of {', '.join(MODES)}.")
    if not _VARIABLE.fullmatch(table.get("key_env", "A")):
        # The value is not shown: this is what it looks like when the key itself was put there.
        raise Refusal(f"{path}: key_env has to be the name of an environment variable, not a key.")
    if not table.get("api_base", "http://").startswith(("http://", "https://")):
        raise Refusal(
            f"{path}: api_base has to be an address that begins with http:// or https://."
        )
    return ModelEntry(**{"name": table["model"], **table})


def _part(table: dict[str, Any], path: Path, where: str = "a [[plan]] table") -> PlanPart:
    _refuse_unknown(table, {"model", "count", *OWN}, path, f" in {where}")
    model, count = table.get("model"), table.get("count", 1)
    if not isinstance(model, str) or not model:
        raise Refusal(f"{path}: {where} needs model, a text.")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_BRANCHES:
        raise Refusal(f"{path}: count in {where} has to be from 1 to {MOST_BRANCHES}.")
    own = Settings()
    values = {key: _checked(key, table[key], getattr(own, key), path)
              for key in OWN if key in table}  # fmt: skip
    return PlanPart(model, count, values)


def _of_preset(models: Any, path: Path) -> tuple[PlanPart, ...]:
    """Return the plan of a preset: a table of models, each with its count or a table of its own,
    or a list of tables such as those of `[[plan]]`.
    """
    where = "models in a [[preset]] table"
    if isinstance(models, dict):
        each = cast("dict[str, Any]", models).items()
        models = [{**(of if isinstance(of, dict) else {"count": of}), "model": model}
                  for model, of in each]  # fmt: skip
    listed = cast("list[Any]", models)
    if not isinstance(models, list) or not all(isinstance(item, dict) for item in listed):
        raise Refusal(f'{path}: {where} has to be a table such as {{ "mine" = 2 }}.')
    plan = tuple(_part(item, path, where) for item in listed)
    if sum(part.count for part in plan) > MOST_BRANCHES:
        raise Refusal(f"{path}: {where} ask for 1 to {MOST_BRANCHES} branches in all.")
    return plan


def _presets(tables: list[dict[str, Any]], path: Path) -> tuple[Preset, ...]:
    presets = tuple(_preset(table, path) for table in tables)
    _refuse_twice([preset.name for preset in presets], "preset", path)
    if len(presets) > MOST_PRESETS:
        count = len(presets)
        raise Refusal(f"{path}: there are {count} [[preset]] tables; nine have a digit each.")
    return presets


def _preset(table: dict[str, Any], path: Path) -> Preset:
    where = " in a [[preset]] table"
    _refuse_unknown(table, {"name", "models", *INHERITED}, path, where)
    name, plan = table.get("name"), _of_preset(table.get("models", {}), path)
    if not isinstance(name, str) or not name.strip():
        raise Refusal(f"{path}: a [[preset]] table needs name, a text.")
    own = Settings()
    values = {key: _checked(key, table[key], getattr(own, key), path)
              for key in INHERITED if key in table}  # fmt: skip
    if not plan and not values:
        nothing = f"the preset {one_line(name)!r} sets nothing"
        raise Refusal(f"{path}: {nothing}; give it models, or words.")
    return Preset(name.strip(), plan, values)
