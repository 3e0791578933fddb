"""The command `keys`: where each provider's key comes from, and a place to keep one."""

import difflib
import re
import sys
from argparse import SUPPRESS, Namespace
from typing import TYPE_CHECKING

from storyloom.cli.parsing import Commands, Parser
from storyloom.cli.terminal import data, is_terminal, say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.models.keys import Key
    from storyloom.models.lookup import Source
    from storyloom.settings import ModelEntry

__all__ = ["add"]

_LONGEST_LINE = 16 * 1024
_MORE = """\
A key is taken from the environment, else from the system's keyring where there is one (for
which storyloom[keyring] is to be installed), else from keys.toml in the config folder, which
only you can read. PROVIDER is litellm's name for it, such as openai, anthropic, gemini or
openrouter, or a variable's name."""


def add(commands: Commands) -> None:
    """Add the command with its own two."""
    parser = commands.add(
        "keys",
        "List where each provider's key comes from; keep or remove one. No key is ever shown.",
        "storyloom keys",
        "storyloom keys set openai",
        "pass show openai | storyloom keys set openai",
        "storyloom keys remove openai",
        more=_MORE,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="list|set|remove", parser_class=Parser)
    parser.set_defaults(run=_list)
    listed: Parser = verbs.add_parser(
        "list",
        help="where each key comes from",
        description="List each provider that has a key, or is configured, and where it is from.",
    )
    listed.set_defaults(run=_list)
    kept: Parser = verbs.add_parser(
        "set",
        help="keep a key: typed without being shown, or from a pipe",
        description="Keep a provider's key: in the system's keyring where there is one, else in "
        "keys.toml.\nIt is asked for without being shown; from a pipe one line is read.",
    )
    kept.add_argument("--file", action="store_true", help="keep it in keys.toml in any case")
    kept.set_defaults(run=_set)
    removed: Parser = verbs.add_parser(
        "remove",
        help="remove a key from the keyring and the file",
        description="Remove a provider's key from the system's keyring and from keys.toml.",
    )
    removed.set_defaults(run=_remove)
    for verb in (kept, removed):
        verb.add_argument("provider", metavar="PROVIDER", help="such as openai, or a variable")
        # Taken, so that a key that was put here is refused without being repeated.
        verb.add_argument("rest", nargs="*", help=SUPPRESS)


def _list(_: Namespace) -> int:
    from storyloom.models import lookup, variables

    providers = variables.all_variables()
    configured = _configured()
    wanted = {variables.variable_of(name) for name in _own_providers(configured)}
    wanted |= {entry.key_env for entry in configured if entry.key_env}
    places, trouble = lookup.sources([*providers, *sorted(wanted), *_other_variables()])
    rows = [
        (providers.get(name) or _owner(name, configured), one_line(name), _from(places[name]))
        for name in places
        if places[name] or name in wanted
    ]
    wide = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for provider, name, place in sorted(rows):
        data(f"{provider:<{wide[0]}}  {name:<{wide[1]}}  {place}".rstrip())
    if trouble:
        raise Refusal(trouble)
    if not rows:
        say("There is no key of any provider; 'storyloom keys set PROVIDER' keeps one.")
    return 0 if rows else 1


def _set(options: Namespace) -> int:
    from storyloom.models import lookup
    from storyloom.models.variables import settable

    variable = _variable(options)
    name = settable(variable)
    place = lookup.keep(variable, _read(name, variable), in_file=options.file)
    say(f"The key of {name} is now in {_place(place)}.")
    first = lookup.sources([variable])[0][variable][:1]
    if first and first[0] != place:
        say(f"But another one comes first: {variable} in {_place(first[0])}.")
    return 0


def _remove(options: Namespace) -> int:
    from storyloom.models import lookup
    from storyloom.models.variables import settable

    variable = _variable(options)
    name = settable(variable)
    gone = lookup.forget(variable)
    if gone:
        say(f"The key of {name} is no longer in {' nor in '.join(map(_place, gone))}.")
    else:
        say(f"No key of {name} was kept, so there is nothing to remove.")
    for left in lookup.sources([variable])[0][variable]:
        say(f"There still is one: {variable} in {_place(left)}.")
    return 0 if gone else 1


def _variable(options: Namespace) -> str:
    """Return the variable that is meant. Raises Refusal, without repeating what was given."""
    from storyloom.models import variables

    if options.rest:
        raise Refusal(
            "A key is never an argument, as everyone on this machine could read it there; leave "
            "it out, and it is asked for."
        )
    name: str = options.provider
    if name.lower() in variables.PROVIDERS:
        return variables.variable_of(name.lower())
    # All in capitals: one with small letters may be a key in the wrong place.
    if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", name) or name in {
        entry.key_env for entry in _configured()
    }:
        return name
    near = difflib.get_close_matches(name.lower(), variables.PROVIDERS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "name its variable, such as OPENAI_API_KEY."
    raise Refusal(f"No provider of that name is known; {hint}")


def _read(name: str, variable: str) -> "Key":
    """Return the key that is typed or piped in. Raises Refusal when it can be none."""
    from storyloom.models.keys import Key

    if sys.stdin is None:
        raise Refusal("No key was given, so nothing was changed.")
    if is_terminal(sys.stdin):
        return Key.typed(_typed(f"Key of {name} ({variable}), not shown: "))
    line = sys.stdin.buffer.readline(_LONGEST_LINE)
    return Key.typed(line.decode("utf-8", "replace"))


def _typed(prompt: str) -> str:
    import getpass
    import warnings

    try:
        with warnings.catch_warnings():
            # getpass would go on where it cannot keep the terminal from showing what is typed.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt)
    except EOFError:
        return ""
    except getpass.GetPassWarning:
        raise Refusal(
            "This terminal would show the key: pipe it in, as in "
            "'pass show openai | storyloom keys set openai'."
        ) from None


def _configured() -> "tuple[ModelEntry, ...]":
    from storyloom import settings

    return settings.load().models


def _own_providers(entries: "tuple[ModelEntry, ...]") -> set[str]:
    """Return the providers that models of the config file are asked of with their usual key."""
    from storyloom.models.variables import PROVIDERS

    named = (
        entry.model.split("/")[0] for entry in entries if not (entry.key_env or entry.api_base)
    )
    return {name for name in named if name in PROVIDERS}


def _other_variables() -> list[str]:
    """Return the variables that litellm reads besides."""
    from storyloom.models.variables import PROVIDERS, given_otherwise

    return [name for provider in PROVIDERS if (name := given_otherwise(provider))]


def _owner(variable: str, entries: "tuple[ModelEntry, ...]") -> str:
    from storyloom.models.variables import PROVIDERS, given_otherwise

    for provider in PROVIDERS:
        if given_otherwise(provider) == variable:
            return provider
    return next((one_line(entry.name) for entry in entries if entry.key_env == variable), "-")


def _from(places: "list[Source]") -> str:
    if not places:
        return "not set"
    also = f" (also in {' and '.join(map(_place, places[1:]))})" if places[1:] else ""
    return f"from {_place(places[0])}{also}"


def _place(source: "Source") -> str:
    from storyloom.models import key_file
    from storyloom.paths import shown

    match source:
        case "environment":
            return "the environment"
        case "keyring":
            return "the system's keyring"
        case "file":
            return shown(key_file.path())
