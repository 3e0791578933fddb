"""Changes in the user's config file that leave the rest of it as it was written."""

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

from storyloom import paths, settings
from storyloom.settings import PlanPart, Preset
from storyloom.text import Refusal, clean

__all__ = ["rewrite", "save_preset", "set_cap_per_day", "set_theme"]


def set_theme(name: str) -> Path:
    """Write `theme = "NAME"` into the config file and return its path.

    A theme that is set there already is replaced on its own line. `name` is one that a theme can
    have. Raises Refusal with the file untouched when it cannot be written.
    """
    return rewrite(lambda text: _with(text, "theme", f'"{name}"'))


def set_cap_per_day(dollars: float | None) -> Path:
    """Write `cap_per_day = DOLLARS` into the config file and return its path; None takes it out.

    Raises Refusal with the file untouched when it cannot be written.
    """
    value = None if dollars is None else f"{dollars:.9f}".rstrip("0").rstrip(".")
    return rewrite(lambda text: _with(text, "cap_per_day", value))


def save_preset(preset: Preset) -> Path:
    """Write a `[[preset]]` table into the config file and return its path.

    One of that name is replaced where it stands, and its comments stay; whoever calls has asked.
    Raises Refusal with the file untouched when it cannot be written, or there are nine already.
    """
    return rewrite(lambda text: _with_preset(text, preset))


def rewrite(change: Callable[[str], str]) -> Path:
    """Put what `change` makes of the config file's text in its place, and return its path.

    The new text is read as settings before it takes the old one's place; the file is then
    readable by its owner alone. Raises Refusal with the file untouched when it is not right.
    """
    path = paths.config_file()
    # The file may be a link into a folder of dotfiles: the link stays.
    target = path.resolve()
    paths.made(target.parent)
    try:
        old = target.read_bytes().decode("utf-8-sig") if target.exists() else ""
        if target.exists() and not os.access(target, os.W_OK):
            # Its folder would let it be replaced, but it was not made read-only for nothing.
            raise Refusal(f"{path} cannot be written: it is read-only.")
        handle, drafted = tempfile.mkstemp(prefix=".storyloom-", suffix=".toml", dir=target.parent)
    except UnicodeDecodeError as error:
        raise Refusal(f"{path} is not a text in UTF-8, so it is left as it is.") from error
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {error.strerror or error}.") from error
    draft = Path(drafted)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as out:
            out.write(change(old))
            out.flush()
            os.fsync(out.fileno())
        settings.load(draft)
        os.replace(draft, target)
    except Refusal as refusal:
        raise Refusal(str(refusal).replace(str(draft), str(path))) from refusal
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return path


_TABLE = re.compile(r"[ \t]*\[")
_PRESET = re.compile(r"""[ \t]*\[\[[ \t]*(?:preset|"preset"|'preset')[ \t]*\]\]""")
_OF_PRESET = re.compile(r"""[ \t]*\[\[?[ \t]*(?:preset|"preset"|'preset')[ \t]*\.""")


def _with_preset(text: str, preset: Preset) -> str:
    """Return the text of a config file with a preset in place of the one of its name, or at its
    end.
    """
    lines = text.splitlines(keepends=True)
    end = _line_end(text)
    written = [f"{line}{end}" for line in _preset_lines(preset)]
    at = next((span for span in _presets(lines) if _name(lines, span) == preset.name), None)
    if at is None:
        gap = [end] if text.strip() else []
        return "".join([text.rstrip("\r\n"), *(gap * 2), *written])
    comments = [line for line in lines[at.start + 1 : at.stop] if line.lstrip().startswith("#")]
    # The head stays as it was written, with what is said behind it.
    return "".join([*lines[: at.start + 1], *comments, *written[1:], *lines[at.stop :]])


def _presets(lines: list[str]) -> list[range]:
    """Return the lines of each `[[preset]]` table, without what is said above the next table."""
    heads = [
        at
        for at, line in enumerate(lines)
        if _TABLE.match(line) and _is_whole(lines[:at]) and _is_whole(lines[: at + 1])
    ]
    spans: list[range] = []
    for number, at in enumerate(heads):
        if not _PRESET.match(lines[at]):
            continue
        later = (each for each in heads[number + 1 :] if not _OF_PRESET.match(lines[each]))
        stop = next(later, len(lines))
        while stop > at + 1 and (not lines[stop - 1].strip() or lines[stop - 1].startswith("#")):
            stop -= 1
        spans.append(range(at, stop))
    return spans


def _is_whole(lines: list[str]) -> bool:
    """Whether some lines are a file of their own, and do not end inside a text or a list."""
    try:
        tomllib.loads("".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _name(lines: list[str], span: range) -> str:
    table = tomllib.loads("".join(lines[span.start : span.stop]))["preset"][0]
    return str(table.get("name", "")).strip()


def _preset_lines(preset: Preset) -> list[str]:
    lines = ["[[preset]]", f"name = {_toml(preset.name)}"]
    if preset.plan:
        lines.append(f"models = {_models(preset.plan)}")
    return lines + [f"{key} = {_toml(value)}" for key, value in preset.values.items()]


def _models(plan: tuple[PlanPart, ...]) -> str:
    names = [part.model for part in plan]
    if len(set(names)) < len(names):
        tables = (_inline({"model": part.model, **_of(part)}) for part in plan)
        return f"[{', '.join(tables)}]"
    each = (f"{_toml(part.model)} = {_inline(_of(part)) if part.values else part.count}"
            for part in plan)  # fmt: skip
    return f"{{ {', '.join(each)} }}"


def _of(part: PlanPart) -> dict[str, object]:
    return {"count": part.count, **part.values}


def _inline(table: dict[str, object]) -> str:
    return f"{{ {', '.join(f'{key} = {_toml(value)}' for key, value in table.items())} }}"


def _toml(value: object) -> str:
    # JSON's strings are TOML's too, once no control character is left that TOML wants escaped.
    if isinstance(value, str):
        return json.dumps(clean(value), ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else repr(value)


_COMMENT = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[\w.+-]+)(?P<comment>[ \t]*#.*)?[ \t]*""")


def _with(text: str, key: str, value: str | None) -> str:
    """Return the text of a config file with a setting, written as TOML, on a line of its own;
    None takes its line away.
    """
    lines = text.splitlines(keepends=True)
    end = _line_end(text)
    is_set = re.compile(rf"""(?P<before>[ \t]*(?:{key}|"{key}"|'{key}')[ \t]*=[ \t]*)[^\r\n]*""")
    for at, line in enumerate(lines):
        found = is_set.match(line)
        if found is None or not _tells_of(lines, at, key):
            continue
        bare = line.rstrip("\r\n")
        old = _COMMENT.fullmatch(bare, found.end("before"))
        comment = (old["comment"] or "") if old is not None else ""
        put = f"{found['before']}{value}{comment}{line[len(bare) :] or end}"
        lines[at] = "" if value is None else put
        return "".join(lines)
    if value is None:
        return text
    # In front of everything, as a line behind a table's head would belong to that table. A comment
    # that stands at the beginning by itself stays there; one right above a setting is that one's.
    start = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if start < len(lines) and lines[start].strip():
        start = 0
    elif start < len(lines):
        start += 1
    elif lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    return "".join([*lines[:start], f"{key} = {value}{end}", *lines[start:]])


def _line_end(text: str) -> str:
    return "\r\n" if text.count("\r\n") > text.count("\n") / 2 else "\n"


def _tells_of(lines: list[str], at: int, key: str) -> bool:
    """Whether a line sets `key`, and does not only look so inside a table or a long text."""
    with_it, without_it = "".join(lines[: at + 1]), "".join(lines[:at])
    try:
        return key in tomllib.loads(with_it) and key not in tomllib.loads(without_it)
    except tomllib.TOMLDecodeError:
        return False
