"""What can be grown with, as `storyloom models list` prints it."""

from typing import TYPE_CHECKING

from storyloom.cli.terminal import data, say
from storyloom.text import one_line

if TYPE_CHECKING:
    from storyloom.models.protocol import Facts
    from storyloom.models.served import Served, Server
    from storyloom.settings import ModelEntry
    from storyloom.story.record import Record

__all__ = ["listed"]


def listed(word: str | None, every: bool, look: bool, story: str | None) -> int:
    """Print what can be grown with: the models whose names hold `word`, or all; by provider
    alone unless `every` one is to be named. With `look` servers on this machine are asked, with
    `story` it is told how the models have done in that file.
    """
    import asyncio
    import os

    from storyloom import settings
    from storyloom.models import served

    entries = settings.load().models
    wanted = (word or "").lower()
    done = _records(story) if story is not None else {}
    servers = served.configured(entries)
    servers += served.nearby(os.environ, servers) if look else []
    _print_local(wanted)
    say("Asking litellm for its list; this takes some seconds.")
    facts, rows, answers = asyncio.run(_asked(entries, servers))
    lines = [
        _configured(entry, each)
        for entry, each in zip(entries, facts, strict=True)
        if wanted in entry.name.lower() or wanted in entry.model.lower()
    ]
    if lines:
        data("Configured:")
    for line in lines:
        data(line)
    if any(each.key_missing for each in facts):
        say("'storyloom keys set PROVIDER' keeps a key that is missing.")
    _print_served(answers, entries, wanted)
    _say_of_looking(answers, {server.host for server in servers if server.sought}, wanted)
    _print_catalogue(rows, wanted, each_model=bool(every or wanted))
    _print_records(done, wanted)
    return 0


def _print_local(wanted: str) -> None:
    from storyloom.models import weights

    lines = [f"  {local.model}  {local.size / 1e6:.0f} MB" for local in weights.find()]
    if not weights.present():
        lines.insert(0, f"  {weights.EMBEDDED}  (not here yet: 'storyloom models fetch')")
    lines = [line for line in lines if wanted in line.lower()]
    if lines:
        data("Here, without a key:")
    for line in lines:
        data(line)


async def _asked(
    entries: "tuple[ModelEntry, ...]", servers: "list[Server]"
) -> "tuple[list[Facts], list[Facts], list[Served]]":
    import asyncio

    from storyloom.models.client import Client

    client = Client()
    try:
        described = asyncio.gather(*(client.describe(entry) for entry in entries))
        return (
            list(await described), await client.catalogue(), await client.served(servers),
        )  # fmt: skip
    finally:
        await client.close()


def _print_served(answers: "list[Served]", entries: "tuple[ModelEntry, ...]", wanted: str) -> None:
    from storyloom.models.served import kept

    for answer in answers:
        found = [facts for facts in kept(answer.models, entries)
                 if wanted in facts.model.lower() or wanted in answer.host.lower()]  # fmt: skip
        if found:
            data(f"On {one_line(answer.host)}:")
        for facts in found:
            data(f"  {one_line(facts.model)}{_window(facts)}")
        if answer.say:
            say(one_line(answer.say))


def _say_of_looking(answers: "list[Served]", sought: set[str], wanted: str) -> None:
    """Say that nothing was found where servers were `sought`, or that they can be."""
    silent = [
        each.host for each in answers if each.host in sought and not (each.models or each.say)
    ]
    if sought and len(silent) == len(sought):
        where = ", ".join(map(one_line, silent))
        say(f"No server of models answers on this machine; asked were {where}.")
    elif not sought and not wanted:
        say("'storyloom models list --look' asks servers on this machine too.")


def _records(name: str) -> "dict[str, Record]":
    from storyloom.cli.opening import opened
    from storyloom.story.record import records

    with opened(name) as story:
        return records(story.path)


def _print_records(done: "dict[str, Record]", wanted: str) -> None:
    names = [name for name in sorted(done) if wanted in name.lower()]
    if names:
        data("In the story, of the last branches offered:")
    for name in names:
        record = done[name]
        wait = f", first words after {record.wait}" if record.wait else ""
        whole = f", all after {record.whole:.1f} s" if record.whole is not None else ""
        data(f"  {one_line(name)}  {record.share} chosen{wait}{whole}")


def _configured(entry: "ModelEntry", facts: "Facts") -> str:
    where = f"  at {one_line(entry.api_base)}" if entry.api_base else ""
    missing = f"  ({facts.key_missing} is not set)" if facts.key_missing else ""
    return f"  {one_line(entry.name)}  {one_line(entry.model)}{where}{missing}"


def _print_catalogue(rows: "list[Facts]", wanted: str, *, each_model: bool) -> None:
    providers: dict[str, list[Facts]] = {}
    for row in rows:
        if row.provider != "embedded" and (wanted in row.model.lower() or wanted in row.provider):
            providers.setdefault(row.provider, []).append(row)
    if not providers:
        say("litellm's list has no such model; a name it can route works all the same.")
        return
    data("By litellm:" if each_model else "By litellm ('storyloom models list WORD' names them):")
    for provider, models in sorted(providers.items()):
        # A provider's models may each want another variable; the first one's stands for all.
        missing = models[0].key_missing
        count = "1 model" if len(models) == 1 else f"{len(models)} models"
        data(f"  {one_line(provider)}: {count}{f', {missing} is not set' if missing else ''}")
        for model in models if each_model else ():
            data(f"    {one_line(model.model)}{_window(model)}{_price(model)}")


def _window(facts: "Facts") -> str:
    return f"  {facts.window} tokens" if facts.window else ""


def _price(facts: "Facts") -> str:
    if facts.in_price is None or facts.out_price is None:
        return ""
    return f"  ${facts.in_price * 1e6:.2f} in, ${facts.out_price * 1e6:.2f} out per million"
