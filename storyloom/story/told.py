"""One operation of the log in plain words, as the timeline, a replay and a shell say it."""

import json
from collections.abc import Callable
from typing import Any, cast

from storyloom.settings import SKETCH
from storyloom.story.log import STEPS, Step, number
from storyloom.story.tables import Change
from storyloom.text import first_words, one_line

__all__ = ["told"]

_WORDS = 90
"""Code points of a text that are said at most."""


def told(step: Step) -> str:
    """Return what an operation did, in the author's words and on one line."""
    kind = step.operation.kind
    return one_line(_SAYS.get(kind, _plainly)(step))


def _plainly(step: Step) -> str:
    kind = step.operation.kind
    what = STEPS.get(kind, kind)
    return f"{what} at n{step.node}" if step.node else what


# The story as a whole.


def _began(step: Step) -> str:
    source = step.said.get("import")
    return f"brought the story in from {_words(source)}" if source else "began the story"


def _set(step: Step) -> str:
    name = _words(step.said.get("setting")) or "setting"
    if (change := _change(step, f"setting:{name}")) is not None:
        own = f"n{step.node}'s own {name}" if step.node else f"the story's own {name}"
        new = "sketch" if (name, change.new) == ("words", SKETCH) else _words(change.new)
        return f"took {own} away" if _is_away(change) else f"set {own} to {new}"
    return _put(name, "", _change(step, name))


def _lore(step: Step) -> str:
    change = next((each for each in step.changes if each.key.startswith("lore:")), None)
    if change is None:
        return "the lore"
    title = _title(change.new) or _title(change.old)
    what = f"lore: {title}" if title else f"entry {_words(change.key[5:])} of the lore"
    return f"took {what} away" if _is_away(change) else what


def _title(entry: object) -> str:
    return _words(_dict(entry).get("title"))


# Passages.


def _wrote(step: Step) -> str:
    return f"wrote n{step.node}{_after(step.text)}"


def _edited(step: Step) -> str:
    return f"edited n{step.node}"


def _split(step: Step) -> str:
    last = next((each.owner for each in step.changes if each.key == "place"), 0)
    return f"split n{last or step.node}; its beginning is n{step.node}"


def _joined(step: Step) -> str:
    return f"joined n{step.node} with its parent"


def _moved(step: Step) -> str:
    change = _change(step, "place")
    before, now = (_list(change.old), _list(change.new)) if change is not None else ([], [])
    parents = [place[0] if place else None for place in (before, now)]
    if passage := number(step.said.get("between")):
        return f"put n{passage} between {_place(parents[0])} and n{step.node}"
    if parents[0] == parents[1]:
        return f"moved n{step.node} among its branches"
    return f"moved n{step.node} to {_place(parents[1])}"


def _copied(step: Step) -> str:
    return (
        f"copied n{number(step.said.get('of'))} to {_place(step.said.get('to'))}, as n{step.node}"
    )


def _branched(step: Step) -> str:
    of = number(step.said.get("of"))
    return f"took another token of n{of}, as n{step.node}{_after(step.text)}"


def _revived(step: Step) -> str:
    at = number(step.said.get("at"))
    return f"brought back what was there at event {at}, as n{step.node}"


def _pruned(step: Step) -> str:
    more = f" +{step.below}" if step.below else ""
    if keep := number(step.said.get("keep")):
        many = f"{step.pruned} other{'s' if step.pruned != 1 else ''}"
        return f"kept n{keep} alone, pruned {many}{more}"
    return f"pruned n{step.node}{more}"


def _restored(step: Step) -> str:
    more = f" +{step.below}" if step.below else ""
    if step.pruned > 1:
        return f"brought {step.pruned} branches back, n{step.node} …{more}"
    return f"brought n{step.node} back{more}"


def _purged(step: Step) -> str:
    count = step.said.get("count")
    many = f", {count} passages" if isinstance(count, int) and count > 1 else ""
    return f"purged n{step.node} for good{many}"


# Models.


def _grew(step: Step) -> str:
    models = ", ".join(f"{many} of {_short(model)}" for model, many in step.models)
    sketch = step.said.get("sketch") is True
    what = "sketches" if sketch else "branches"
    many = models or f"{number(step.said.get('count')) or 'some'} {what}"
    many += ", sketches," if sketch and models else ""
    parent = number(step.said.get("parent"))
    if towards := number(step.said.get("towards")):
        return f"grew {many} between {_place(parent)} and n{towards}"
    return f"grew {many} at n{parent}" if parent else f"grew {many} as beginnings"


def _came(step: Step) -> str:
    finish = str(_result(step).get("finish") or "")
    broken = f" ({_words(finish.replace('_', ' '))})" if finish not in _WELL else ""
    if not step.text.strip():
        return f"{_writer(step)} wrote nothing{broken}"
    return f"{_writer(step)} wrote n{step.node}{broken}{_after(step.text)}"


_WELL = ("", "stop", "length", "interrupted", "error")
"""Ends of which nothing need be said behind what is said of them already."""


def _failed(step: Step) -> str:
    return f"{_writer(step)} failed at n{step.node}{_after(_result(step).get('say'))}"


def _interrupted(step: Step) -> str:
    return f"{_writer(step)} was interrupted at n{step.node}{_after(step.text)}"


def _aside(step: Step) -> str:
    return f"asked for ways on in the editor, at {_place(step.said.get('at'))}"


def _result(step: Step) -> dict[str, Any]:
    change = _change(step, "result")
    return _dict(change.new) if change is not None else {}


def _writer(step: Step) -> str:
    return _short(step.models[0][0]) if step.models else "a model"


# Weaves, and what the author says of passages.


def _wove(step: Step) -> str:
    name = step.said.get("weave")
    which = "" if name in (None, "main") else f" '{_words(name)}'"
    if step.said.get("end"):
        return f"ended the weave{which} at n{step.node}"
    return f"wove{which} to n{step.node}"


def _unwove(step: Step) -> str:
    return f"took the weave '{_words(step.said.get('weave'))}' away"


def _renamed(step: Step) -> str:
    old, new = (_words(step.said.get(name)) for name in ("weave", "name"))
    return f"called the weave '{old}' '{new}'"


def _chapter(step: Step) -> str:
    change = _change(step, "chapters")
    old, new = (_chapters(each) for each in (change.old, change.new)) if change else ([], [])
    title = next((each for each in new if each not in old), None)
    if title is None:
        away = "took the chapter mark away" if len(new) < len(old) else "chapter mark"
        return f"{away} at n{step.node}"
    return f"chapter at n{step.node}{_after(title)}"


def _chapters(value: object) -> list[str]:
    marks = (_list(mark) for mark in _list(value))
    return [str(mark[1]) for mark in marks if len(mark) > 1]


def _planned(step: Step) -> str:
    change = _change(step, "plan")
    parts = [_list(part) for part in _list(change.new)] if change is not None else []
    models = [f"{part[1]} of {_short(str(part[0]))}" for part in parts if len(part) >= 2]
    where = f"from n{step.node} on" if step.node else "of the story"
    if preset := _words(step.said.get("preset")):
        return f"preset {preset} {where}"
    if change is not None and _is_away(change):
        return f"took the plan {where} away"
    return f"plan {where}{_after(', '.join(models))}"


def _said(step: Step) -> str:
    name = step.operation.kind.removesuffix(".set")
    where = f" at n{step.node}" if step.node else ""
    return _put(name, where, _change(step, name))


def _tagged(step: Step) -> str:
    change = next((each for each in step.changes if each.key.startswith("tag:")), None)
    name = _words(change.key[4:]) if change is not None else ""
    if change is not None and _is_away(change):
        return f"took the tag {name} off n{step.node}"
    return f"tagged n{step.node}{_after(name)}"


def _sketch(step: Step) -> str:
    change = _change(step, "sketch")
    prose = change is not None and _is_away(change)
    return f"marked n{step.node} as {'prose' if prose else 'a sketch'}"


def _undone(step: Step) -> str:
    return "took back" if step.meant is None else f"took back: {told(step.meant)}"


def _redone(step: Step) -> str:
    return "made again" if step.meant is None else f"made again: {told(step.meant)}"


_SAYS: dict[str, Callable[[Step], str]] = {
    "story.create": _began,
    "story.recover": lambda _: "recovered the story from a damaged file",
    "settings.set": _set,
    "lore.set": _lore,
    "node.create": _wrote,
    "node.text": _edited,
    "node.split": _split,
    "node.join": _joined,
    "node.move": _moved,
    "node.copy": _copied,
    "node.branch": _branched,
    "node.revive": _revived,
    "node.mark": lambda step: f"took over what was said of the place of n{step.node}",
    "node.prune": _pruned,
    "node.restore": _restored,
    "node.purge": _purged,
    "gen.request": _grew,
    "gen.result": _came,
    "gen.error": _failed,
    "gen.interrupted": _interrupted,
    "gen.aside": _aside,
    "weave.set": _wove,
    "weave.delete": _unwove,
    "weave.rename": _renamed,
    "chapter.set": _chapter,
    "plan.set": _planned,
    "why.set": _said,
    "reason.set": _said,
    "note.set": _said,
    "label.set": _said,
    "bookmark.set": _said,
    "tag.set": _tagged,
    "sketch.set": _sketch,
    "undo": _undone,
    "redo": _redone,
}


# What they are made of.


def _put(name: str, where: str, change: Change | None) -> str:
    """Return what is said of an attribute that was given a value, or none any more."""
    if change is not None and _is_away(change):
        return f"took the {name}{where} away"
    return f"{name}{where}{_after(change.new if change is not None else '')}"


def _is_away(change: Change) -> bool:
    # What a purge has taken out of the log is missing from before, too.
    return change.new is None and change.old is not None


def _change(step: Step, key: str) -> Change | None:
    return next((change for change in step.changes if change.key == key), None)


def _place(node: object) -> str:
    return f"n{number(node)}" if number(node) else "the beginning"


def _short(model: str) -> str:
    return _words(model.rsplit("/", 1)[-1]) or "a model"


def _words(value: object) -> str:
    return "" if value is None else first_words(str(value), _WORDS)


def _after(value: object) -> str:
    """Return words behind a colon, nothing for none."""
    words = _words(value)
    return f": {words}" if words else ""


def _dict(value: object) -> dict[str, Any]:
    found = _loaded(value)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _list(value: object) -> list[Any]:
    found = _loaded(value)
    return cast("list[Any]", found) if isinstance(found, list) else []


def _loaded(value: object) -> object:
    """Return what a JSON text holds, and anything else as it is: files from elsewhere have both."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
