"""The grammar of the command line; what is wrong with one is a Refusal of one sentence."""

import argparse
from typing import Any, NoReturn

from storyloom.text import Refusal, one_line

__all__ = ["Commands", "Parser", "refuse_keys"]

_SECRETS = ("--key", "--api-key", "--apikey", "--api_key", "--token", "--secret", "--password")


class Parser(argparse.ArgumentParser):
    """A parser that neither prints nor exits on bad input, and never guesses an option."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raise the message as a Refusal that says where help is."""
        text = one_line(message).rstrip(".")
        raise Refusal(f"{text[:1].upper()}{text[1:]}; '{self.prog} --help' shows how.")


class Commands:
    """Where each module adds its commands: those of `storyloom`, or the verbs of one of them."""

    def __init__(self, parser: Parser, path: str = "storyloom", metavar: str = "COMMAND") -> None:
        self._path = path
        self._groups: dict[str, tuple[str, Commands]] = {}
        top = path == "storyloom"
        self._parsers = parser.add_subparsers(
            dest="command" if top else "verb",
            metavar=metavar,
            title="verbs",
            # The first level is listed in sections, see `catalog`.
            help=argparse.SUPPRESS if top else None,
            prog=path,
            parser_class=Parser,
            required=not top,
        )

    def add(self, name: str, what: str, *examples: str, more: str = "") -> Parser:
        """Add a command: one sentence of what it does, examples, and what else is to be known.

        An example is written as of the first level, and shown as of this one.
        """
        said = what[:1].lower() + what[1:].rstrip(".")
        here = f"{self._path} {name} "
        shown = "\n".join(f"  {each.replace(f'storyloom {name} ', here)}" for each in examples)
        parser: Parser = self._parsers.add_parser(
            name,
            help=said,
            description=f"{what}\n\n{more}" if more else what,
            epilog=f"examples:\n{shown}" if examples else None,
        )
        return parser

    def group(
        self,
        name: str,
        what: str,
        *examples: str,
        more: str = "",
        metavar: str = "VERB",
        default: str = "",
    ) -> "Commands":
        """Add a command that has verbs, and return where they are added.

        `default` is the verb that is meant when the first word is none of them.
        """
        verbs = Commands(
            self.add(name, what, *examples, more=more), f"{self._path} {name}", metavar
        )
        if default:
            self._groups[name] = (default, verbs)
        return verbs

    def completed(self, arguments: list[str]) -> list[str]:
        """Return the arguments with the verb that is meant where a command's was left out."""
        if not arguments[1:] or arguments[0] not in self._groups:
            return arguments
        verb, verbs = self._groups[arguments[0]]
        if arguments[1] in (*verbs.names, "-h", "--help"):
            return arguments
        return [arguments[0], verb, *arguments[1:]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all commands."""
        return tuple(self._parsers.choices)


def refuse_keys(arguments: list[str]) -> None:
    """Refuse an option that looks like a key, before anything could repeat its value."""
    # The keys of an entry of the lore are words of the story.
    secrets = _SECRETS[1:] if arguments[:2] == ["lore", "set"] else _SECRETS
    for argument in arguments:
        if argument == "--":
            return
        if argument.split("=", 1)[0].lower() in secrets:
            raise Refusal(
                "A key is never an option, as everyone on this machine could read it there; run "
                "'storyloom keys set PROVIDER', or set its variable, such as OPENAI_API_KEY."
            )
