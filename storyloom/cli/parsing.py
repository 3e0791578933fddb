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
    """Where each command group adds its commands."""

    def __init__(self, parser: Parser) -> None:
        self._parsers = parser.add_subparsers(
            dest="command",
            metavar="COMMAND",
            title="commands",
            prog="storyloom",
            parser_class=Parser,
        )

    def add(self, name: str, what: str, *examples: str, more: str = "") -> Parser:
        """Add a command: one sentence of what it does, examples, and what else is to be known."""
        shown = "\n".join(f"  {example}" for example in examples)
        parser: Parser = self._parsers.add_parser(
            name,
            help=what[:1].lower() + what[1:].rstrip("."),
            description=f"{what}\n\n{more}" if more else what,
            epilog=f"examples:\n{shown}" if examples else None,
        )
        return parser

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all commands."""
        return tuple(self._parsers.choices)


def refuse_keys(arguments: list[str]) -> None:
    """Refuse an option that looks like a key, before anything could repeat its value."""
    for argument in arguments:
        if argument == "--":
            return
        if argument.split("=", 1)[0].lower() in _SECRETS:
            raise Refusal(
                "A key is never an option, as everyone on this machine could read it there; set "
                "the provider's environment variable, such as OPENAI_API_KEY."
            )
