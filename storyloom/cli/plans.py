"""The command `plan`: with which models and settings a story or a branch grows."""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from storyloom.cli.opening import node_id, opened, present, whole_number
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, is_terminal, json_line, say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.settings import Preset

__all__ = ["add"]

_SETTINGS = {
    "words": "how long a branch should be: words, or sketch (2 lines), beat (60) or scene (300)",
    "temperature": "the models' sampling temperature, 0 to 2",
    "top_p": "nucleus sampling, 0.01 to 1",
    "seed": "what the first branch of each model is drawn with",
    "trim": "yes or no: whether a sentence broken off at the limit is cut away",
    "alternatives": "how many to each token are asked for and kept, 0 to 20",
    "context": "tokens that a request may hold",
    "vary": "what the branches of a batch differ in, as 'tone: dry / tender'; none is off",
}


def add(commands: Commands) -> None:
    """Add the command with its own four."""
    verbs = commands.group(
        "plan",
        "Show or set which models new branches come from, and with which settings.",
        "storyloom plan show tide.loom --node n4",
        "storyloom plan set tide.loom -m openai/gpt-4o-mini -m local/smollm2 -n 2",
        "storyloom plan set tide.loom --node n4 -m anthropic/claude-sonnet-4-5",
        "storyloom plan set tide.loom --node n4 --words 150 --temperature 1.1",
        'storyloom plan set tide.loom --words sketch --vary "tone: dry / tender / afraid / cruel"',
        "storyloom plan set tide.loom -m 'openai/gpt-4o-mini x2 temperature=0.9' -m mine",
        "storyloom plan clear tide.loom --node n4",
        "storyloom plan save fork tide.loom --node n4",
        more="A node without a plan, or without a setting, uses the nearest one above it,\n"
        "then the story's, then the config file's. Behind a model may stand its number of\n"
        "branches, x2, and what it has of its own, which goes before what holds for all:\n"
        "temperature=0.9, top_p=0.95, words=80.",
        metavar="show|set|clear|save",
        default="show",
    )
    for verb, what, run in (
        (
            "show",
            "Show the plan and the settings in force at a node, and where they come from.",
            _show,
        ),
        ("set", "Give the story, or a node and what is below it, a plan or settings.", _set),
        ("clear", "Let the story or a node inherit its plan and settings again.", _clear),
        ("save", "Keep a plan and settings as a preset in the config file.", _save),
    ):
        each = verbs.add(verb, what)
        if verb == "save":
            each.add_argument("name", metavar="NAME", help="what the preset is called")
            each.add_argument("file", metavar="FILE", nargs="?", help="else only what is given")
        else:
            each.add_argument("file", metavar="FILE")
        where = "the weave's end" if verb in ("show", "save") else "the story"
        each.add_argument("--node", type=node_id, metavar="ID", help=f"default: {where}")
        if verb == "show":
            each.add_argument("--json", action="store_true", help="as one JSON object")
        if verb == "set":
            each.add_argument("--preset", metavar="NAME", help="all that a preset of yours sets")
        if verb == "save":
            each.add_argument("--force", action="store_true", help="replace one of that name")
        if verb in ("set", "save"):
            _add_values(each)
        each.set_defaults(run=run)


def _add_values(verb: ArgumentParser) -> None:
    verb.add_argument(
        "-m", "--model", action="append", metavar="MODEL",
        help="may be said again; 'MODEL x2 temperature=0.9' gives it values of its own",
    )  # fmt: skip
    verb.add_argument(
        "-n", type=whole_number, default=1, metavar="COUNT", help="branches of each model"
    )
    for key, what in _SETTINGS.items():
        verb.add_argument(f"--{key.replace('_', '-')}", metavar="N", help=f"{what}; '' inherits it")


def _show(options: Namespace) -> int:
    import json

    from storyloom import settings
    from storyloom.generate.parts import said
    from storyloom.generate.plan import in_force, plan_for
    from storyloom.story import tips

    with opened(options.file) as story:
        node = tips.weave_tip(story) if options.node is None else present(story, options.node)
        plan = plan_for(story, node, settings.load())
        found = in_force(story, settings.load(), node)
    if options.json:
        facts = {
            "node": node,
            "models": [
                {"model": part.model, "count": part.count, "own": dict(part.values)}
                for part in plan.parts
            ],
            "source": plan.source,
            "settings": {each.name: {"value": each.value, "source": each.source} for each in found},
        }
        json_line(json.dumps(facts, ensure_ascii=False))
        return 0
    for part in plan.parts:
        data(f"{part.count}  {' '.join(part.model.split())}  {said(part.values)}".rstrip())
    say(f"From: {plan.source}.")
    for each in found:
        data(f"{each.name:<13} {each.said:<17} {each.source}")
    return 0


def _set(options: Namespace) -> int:
    from storyloom.generate.parts import parts_of
    from storyloom.generate.plan import set_plan, take
    from storyloom.story import marks

    numbers = _numbers(options)
    preset = _preset(options.preset) if options.preset is not None else None
    if not options.model and not numbers and preset is None:
        raise Refusal("Nothing is given to set: name a model with -m, a preset, or a setting.")
    whose = f"n{options.node}" if options.node else "the story"
    with opened(options.file, writing=True) as story:
        if preset is not None:
            take(story, options.node or 0, preset)
            say(f"The preset {one_line(preset.name)} holds for {whose}.")
        if options.model:
            set_plan(story, options.node or 0, parts_of(options.model, options.n))
            say(f"The plan of {whose} is set.")
        for key, value in numbers.items():
            marks.set_setting(story, key, value, options.node or 0)
            say(f"The {key} of {whose} is {'set' if value is not None else 'inherited again'}.")
    return 0


def _numbers(options: Namespace) -> dict[str, Any]:
    """Return the settings that were given, None for one that is to be inherited."""
    from storyloom.generate.plan import typed

    return {key: typed(key, value) for key in _SETTINGS
            if (value := getattr(options, key)) is not None}  # fmt: skip


def _save(options: Namespace) -> int:
    from storyloom import configuring, settings
    from storyloom.generate.parts import parts_of

    preset = _found(options)
    if options.model:
        preset = replace(preset, plan=parts_of(options.model, options.n))
    values = {**preset.values, **_numbers(options)}
    preset = replace(preset, values={key: _of_toml(key, value) for key, value in values.items()
                                     if value is not None})  # fmt: skip
    if not preset.plan and not preset.values:
        raise Refusal("Nothing is given to save: name a FILE, a model with -m, or a setting.")
    name = one_line(preset.name)
    if any(each.name == preset.name for each in settings.load().presets) and not options.force:
        if not is_terminal(sys.stdin):
            raise Refusal(f"There is a preset {name} already; --force replaces it.")
        sys.stderr.write(f"There is a preset {name} already. Replace it? y/n ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Refusal(f"The preset {name} is as it was.")
    path = configuring.save_preset(preset)
    say(f"The preset {name} is in {one_line(str(path))}.")
    return 0


def _found(options: Namespace) -> "Preset":
    """Return what is in force at the place that was named, or a preset that sets nothing."""
    from storyloom import settings
    from storyloom.generate.plan import as_preset, preset_name
    from storyloom.settings import Preset
    from storyloom.story import tips

    if options.file is None:
        if options.node is not None:
            raise Refusal("A node is one of a story: name its FILE too.")
        return Preset(preset_name(options.name))
    with opened(options.file) as story:
        node = tips.weave_tip(story) if options.node is None else present(story, options.node)
        return as_preset(story, settings.load(), node, options.name)


def _of_toml(key: str, value: Any) -> Any:
    return bool(value) if key == "trim" else value


def _preset(name: str) -> "Preset":
    from storyloom import settings

    presets = settings.load().presets
    found = next((each for each in presets if each.name == name.strip()), None)
    if found is None:
        known = ", ".join(one_line(each.name) for each in presets) or "none in the config file"
        raise Refusal(f"There is no preset {one_line(name)!r}; there are {known}.")
    return found


def _clear(options: Namespace) -> int:
    from storyloom.generate.plan import in_force, plan_for, set_plan
    from storyloom.settings import Settings
    from storyloom.story import marks

    owner = options.node or 0
    with opened(options.file, writing=True) as story:
        if plan_for(story, owner, Settings()).owner == owner:
            set_plan(story, owner, None)
        for each in in_force(story, Settings(), owner):
            if each.owner == owner:
                marks.set_setting(story, each.name, None, owner)
    say(f"{f'n{options.node}' if options.node else 'The story'} has no plan of its own.")
    return 0
