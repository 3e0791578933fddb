"""The command `lore`: the entries of what is true in a story's world."""

import argparse
import json
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from storyloom.cli.opening import given_text, node_id, opened, present
from storyloom.cli.parsing import Commands, Parser
from storyloom.cli.terminal import data, json_line, say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.generate.firing import Firing
    from storyloom.story.lore import Entry
    from storyloom.story.story import Story

__all__ = ["add"]

_TEXTS = (
    ("title", "what it is called"),
    ("content", "what is true"),
    ("logic", "how secondary keys count: and_any, and_all, not_any or not_all"),
    ("group", "of a group, one entry alone is taken"),
    ("position", "before_story, top, note_top, note_bottom or at_depth:N"),
)
_SWITCHES = (
    ("constant", "always taken, whatever its keys"),
    ("pinned", "taken before the others"),
    ("enabled", "taken at all"),
    ("whole_words", "keys are whole words"),
    ("case_sensitive", "capitals of keys count"),
)
_NUMBERS = (
    ("order", "where it stands among those taken"),
    ("priority", "how late it is left out"),
    ("probability", "how often it is taken, in a hundred"),
)
_NODES = (("valid_from", "from which node on it holds"), ("valid_until", "up to which node"))
_LISTS = (("keys", "--key"), ("secondary_keys", "--secondary-key"))
_FIELDS = tuple(name for name, _ in (*_TEXTS, *_SWITCHES, *_NUMBERS, *_NODES))
_NOTHING = "There is no lore yet; 'storyloom lore set FILE --title ...' adds an entry."


def add(commands: Commands) -> None:
    """Add the command with its verbs."""
    verbs = commands.group(
        "lore",
        "List or set what is true in the story's world, entry by entry.",
        "storyloom lore tide.loom",
        'storyloom lore set tide.loom --title "The bell" --key bell --content "It has no clapper."',
        "storyloom lore remove tide.loom 3",
        "storyloom lore fires tide.loom n12",
        more="Each entry has a uid, which stays the same.",
        metavar="list|show|set|remove|fires",
        default="list",
    )
    listed = verbs.add(
        "list",
        "List the entries: uid, title, keys, and whether one is constant or off.",
        "storyloom lore list tide.loom",
    )
    listed.add_argument("file", metavar="FILE")
    listed.set_defaults(run=_list)
    _add_set(verbs)
    for name, what, example, run in (
        ("show", "Print an entry as JSON, which 'set --json' takes.", "> bell.json", _show),
        ("remove", "Take an entry out of the lore.", "", _remove),
    ):
        parser = verbs.add(name, what, f"storyloom lore {name} tide.loom 3 {example}".rstrip())
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("uid", metavar="UID")
        parser.set_defaults(run=run)
    _add_fires(verbs)


def _add_fires(verbs: Commands) -> None:
    parser: Parser = verbs.add(
        "fires",
        "Tell which entries fire where a model goes on from a node, and why the others do not.",
        "storyloom lore fires tide.loom",
        "storyloom lore fires tide.loom n12 --json",
        more="Without a node it is the weave's end. They are listed as they are placed, the\n"
        "strongest last. A model with less room than 'context' allows may get fewer of them,\n"
        "and the embedded model gets none: 'storyloom context' shows what is sent.",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("node", metavar="NODE", nargs="?", type=node_id, help="such as n12")
    parser.add_argument("--json", action="store_true", help="one object for each entry, in a list")
    parser.set_defaults(run=_fires)


def _add_set(verbs: Commands) -> None:
    parser: Parser = verbs.add(
        "set",
        "Add an entry, or change the one of that uid; the uid is printed.",
        'storyloom lore set tide.loom --title "The bell" --key bell --content "It has no clapper."',
        "storyloom lore set tide.loom --uid 3 --no-enabled",
        "storyloom lore set tide.loom --uid 3 --json bell.json",
        more="What is not said of an entry that is there stays as it is; --json replaces all.",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--uid", metavar="U", help="the entry to change; else it is a new one")
    parser.add_argument("--json", metavar="F", help="a file with the whole entry; - is stdin")
    for name, what in _TEXTS:
        parser.add_argument(_option(name), metavar="TEXT", help=what)
    for name, option in _LISTS:
        what = "a word that it is taken for" if name == "keys" else "a word that narrows that"
        parser.add_argument(
            option, dest=name, metavar="K", action="append", help=f"{what}; may be said again"
        )
    for name, what in _SWITCHES:
        parser.add_argument(_option(name), action=argparse.BooleanOptionalAction, help=what)
    for name, what in _NUMBERS:
        parser.add_argument(_option(name), type=_number, metavar="N", help=what)
    for name, what in _NODES:
        parser.add_argument(_option(name), type=node_id, metavar="ID", help=what)
    parser.set_defaults(run=_set)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _number(value: str) -> int | float:
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{one_line(value)!r} is not a number") from None


def _list(options: Namespace) -> int:
    from storyloom.story import lore

    with opened(options.file) as story:
        entries = lore.entries(story)
    for uid, entry in entries.items():
        data(_line(uid, entry))
    if not entries:
        say(_NOTHING)
    return 0


def _line(uid: str, entry: "Entry") -> str:
    states = [
        what
        for what, holds in (
            ("constant", entry.get("constant")),
            ("off", entry.get("enabled") is False),
        )
        if holds
    ]
    keys = ", ".join(map(str, entry.get("keys") or ()))
    told = f"{one_line(uid):>3}  {_shown(entry)[:60]}"
    told += f"  ({one_line(keys)})" if keys else ""
    return told + (f"  [{', '.join(states)}]" if states else "")


def _shown(entry: "Entry") -> str:
    return one_line(str(entry.get("title") or entry.get("content") or "")[:1_000])


def _show(options: Namespace) -> int:
    with opened(options.file) as story:
        entry = _entry(story, options.uid)
    json_line(json.dumps(entry, ensure_ascii=False, indent=2))
    return 0


def _fires(options: Namespace) -> int:
    from storyloom import settings
    from storyloom.generate.firing import firings
    from storyloom.generate.plan import settings_for
    from storyloom.story import lore, tips

    with opened(options.file) as story:
        node = present(story, options.node) if options.node is not None else tips.weave_tip(story)
        entries = lore.entries(story)
        found = firings(story, settings_for(story, settings.load(), node), node)
    if options.json:
        told = [_firing(entries[each.uid], each) for each in found]
        json_line(json.dumps(told, ensure_ascii=False, indent=2))
        return 0
    if not found:
        say(_NOTHING)
        return 0
    data(f"at n{node}, {sum(each.fires for each in found)} of {len(found)} entries fire")
    for each in found:
        shown = _shown(entries[each.uid])[:40]
        sign, why = "+" if each.fires else "-", one_line(each.why)
        data(f"{sign} {one_line(each.uid):>3}  {shown:<40}  {why}")
    return 0


def _firing(entry: "Entry", firing: "Firing") -> "dict[str, Any]":
    return {
        "uid": firing.uid,
        "title": entry.get("title"),
        "fires": firing.fires,
        "reason": firing.reason.name.lower(),
        "why": firing.why,
        "key": firing.key or None,
    }


def _remove(options: Namespace) -> int:
    from storyloom.story import lore

    with opened(options.file, writing=True) as story:
        lore.remove_entry(story, options.uid)
    say(f"The entry {one_line(options.uid)} is out of the lore; 'storyloom undo' brings it back.")
    return 0


def _set(options: Namespace) -> int:
    from storyloom.story import lore

    given = _given(options)
    if options.json is not None and given:
        raise Refusal("--json gives the whole entry; leave its single fields out.")
    with opened(options.file, writing=True) as story:
        before = _entry(story, options.uid) if options.uid is not None else {}
        entry = _read(options.json) if options.json is not None else {**before, **given}
        try:
            uid = lore.set_entry(story, entry, options.uid)
        except RecursionError:
            raise Refusal("The entry is nested too deep.") from None
    say(f"The entry {one_line(uid)} is {'changed' if options.uid is not None else 'added'}.")
    data(one_line(uid))
    return 0


def _given(options: Namespace) -> "dict[str, Any]":
    """Return the fields that were said one by one."""
    given = {name: getattr(options, name) for name in _FIELDS}
    for name, _ in _LISTS:
        words: list[str] | None = getattr(options, name)
        # An empty one alone takes them away.
        given[name] = None if words is None else [word for word in words if word.strip()]
    return {name: value for name, value in given.items() if value is not None}


def _read(file: str) -> "Entry":
    try:
        entry = json.loads(given_text(None, file) or "")
    except (ValueError, RecursionError) as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"{one_line(file)} is not right as JSON: {error}.") from error
    if not isinstance(entry, dict):
        raise Refusal(f"{one_line(file)} has to hold one JSON object, the entry.")
    return entry


def _entry(story: "Story", uid: str) -> "Entry":
    from storyloom.story import lore

    entry = lore.entries(story).get(uid)
    if entry is None:
        raise Refusal(f"There is no lore entry {one_line(uid)!r} in this story.")
    return entry
