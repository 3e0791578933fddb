"""Every scripted fault on the screen of the whole program: its label, its text, and no key."""

import asyncio
import gzip
import json
import sqlite3
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from storyloom.generate.plan import set_plan
from storyloom.settings import PlanPart
from storyloom.story import growth, shape
from storyloom.story.story import Story
from tests.servers.provider import Provider
from tests.servers.script import (
    Cut,
    Drop,
    End,
    Fault,
    Hold,
    Odd,
    Pause,
    Payload,
    Raw,
    Reply,
    Request,
    Reset,
    Text,
    Thought,
    Usage,
    page,
    refuses,
    says,
)  # fmt: skip
from tests.whole.at_home import Home
from tests.whole.terminal import Terminal, below

pytestmark = [pytest.mark.pty, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")]

ENVIRON = {"ONE_KEY": "sk-one/Qm4xVb7TzR2k+w==", "TWO_KEY": "sk-two-Hn8cLp3XyD6sJf1g"}
FILED = {"THREE_KEY": "AIzaKd5wYt9PuE0aMz2vBq7", "FOUR_KEY": "four:Rg6jNs1ChW4eUx8oIp"}
KEYS = ENVIRON | FILED
WAYS = (
    ("openai", "ONE_KEY"), ("anthropic", "TWO_KEY"), ("gemini", "THREE_KEY"),
    ("ollama_chat", "FOUR_KEY"),
)  # fmt: skip
"""Protocols, each with a key of its own."""
BEGUN = (Text(" Once"), Text(" upon"))
ENDED = (Usage(11, 4), End())


def forms(key: str) -> list[bytes]:
    """Return what a key may look like anywhere: its longest word tells it in any coding of its
    punctuation, and in an index of words.
    """
    word = max(key.replace("-", "/").replace("+", "/").replace(":", "/").split("/"), key=len)
    coded = [encode(key.encode()).rstrip(b"=") for encode in (b64encode, urlsafe_b64encode)]
    return [word.lower().encode(), *(each.lower() for each in coded)]


def holds(data: bytes, keys: dict[str, str] = KEYS) -> list[str]:
    """Return the names of the keys that `data` holds in any form."""
    data = data.lower()
    return [name for name, key in keys.items() if any(form in data for form in forms(key))]


def echoed(key: str) -> str:
    """Return a sentence of a provider's that has the key in every form it may have."""
    return f"Bad key {key} or {quote(key, safe='')} or {b64encode(key.encode()).decode()}!"


def with_headers(reply: Reply, key: str) -> Reply:
    """Return a reply whose headers have the key."""
    headers = {"x-request-id": key, "www-authenticate": f"Bearer {quote(key, safe='')}"}
    return Reply(reply.steps, reply.status, {**reply.headers, **headers}, reply.body, reply.refusal)


def split(key: str) -> tuple[Text, ...]:
    """Return the tokens of a story that says a key, which is in three of them."""
    return (*BEGUN, Text(f" {key[:7]}"), Text(key[7:12]), Text(f"{key[12:]} she"), *ENDED)


ERROR = "error"
FAULTS: dict[str, tuple[Callable[[str], Reply], tuple[str, str], str]] = {
    # Refusals, each of which has the key in its body and its headers.
    "b401": (lambda key: refuses(401, echoed(key)), (ERROR, "auth"), ""),
    "b402": (lambda key: refuses(402, echoed(key)), (ERROR, "auth"), ""),
    "b403": (lambda key: refuses(403, echoed(key)), (ERROR, "auth"), ""),
    "b404": (lambda key: refuses(404, echoed(key)), (ERROR, "not_found"), ""),
    "b400": (lambda key: refuses(400, echoed(key)), (ERROR, "bad_request"), ""),
    "b422": (lambda key: refuses(422, echoed(key)), (ERROR, "bad_request"), ""),
    "b413": (lambda key: refuses(413, echoed(key)), (ERROR, "context_too_long"), ""),
    "long": (
        lambda key: refuses(400, f"prompt is too long {key}"), (ERROR, "context_too_long"), "",
    ),
    "deny": (lambda key: refuses(400, f"content policy: {key}"), (ERROR, "refused"), ""),
    "b429": (lambda key: refuses(429, echoed(key), retry_after="90000"), (ERROR, "rate_limit"), ""),
    "b500": (lambda key: refuses(500, echoed(key)), (ERROR, "server"), ""),
    "b503": (lambda key: refuses(503, echoed(key), retry_after=key), (ERROR, "server"), ""),
    # What is no stream.
    "login": (lambda key: page(f"<html><title>{key}</title>"), (ERROR, "server"), ""),
    "gate": (
        lambda key: page(f"<html><title>{key}</title>", status=502), (ERROR, "server"), "",
    ),
    "plain": (lambda key: page(echoed(key), "text/plain", 502), (ERROR, "server"), ""),
    "huge": (
        lambda key: page(f"{'x ' * 1010}{key} " * 20, "text/plain", 500), (ERROR, "server"), "",
    ),
    "soft": (
        lambda key: page(json.dumps({"error": echoed(key)}), "application/json"),
        (ERROR, "server"), "",
    ),
    "pack": (
        lambda key: Reply(
            status=500, headers={"content-encoding": "gzip"},
            body=gzip.compress(key.encode())[:-9] + key.encode(),
        ),
        (ERROR, "server"), "",
    ),
    "elsewhere": (
        lambda key: Reply(
            status=302, headers={"location": f"http://else.invalid/{quote(key, safe='')}"}, body=b""
        ),
        (ERROR, "not_found"), "",
    ),
    # Streams that end badly.
    "none": (lambda _: Reply((Cut(),)), ("empty", ""), ""),
    "thought": (lambda key: Reply((Thought(echoed(key)), *ENDED)), ("empty", ""), ""),
    "filter": (lambda _: says(" Once", end="content_filter"), ("refused", ""), " Once"),
    "limit": (lambda _: says(" Once.", " Up", end="length"), ("length", ""), " Once."),
    "cut": (lambda _: Reply((*BEGUN, Cut())), ("cut_off", ""), " Once upon"),
    "short": (
        lambda _: Reply(BEGUN, headers={"content-length": "99999"}), (ERROR, "cut_off"),
        " Once upon",
    ),
    "drop": (lambda _: Reply((*BEGUN, Pause(0.3), Drop())), (ERROR, "cut_off"), " Once upon"),
    "reset": (lambda _: Reply((*BEGUN, Pause(0.3), Reset())), (ERROR, "cut_off"), " Once upon"),
    "dropped": (lambda _: Reply((Drop(),)), (ERROR, "connection"), ""),
    "boom": (lambda key: Reply((*BEGUN, Fault(echoed(key)))), (ERROR, "server"), " Once upon"),
    "slow": (
        lambda key: Reply((*BEGUN, Fault(key, 429))), (ERROR, "rate_limit"), " Once upon",
    ),
    "broken": (
        lambda key: Reply((*BEGUN, Payload(b'{"x": ' + key.encode()))), (ERROR, "server"),
        " Once upon",
    ),
    "deep": (lambda _: Reply((*BEGUN, Payload(b"[" * 50_000))), (ERROR, "server"), " Once upon"),
    "fat": (
        lambda _: Reply((*BEGUN, Raw(b'data: {"a": "' + b"x" * 5_000_000))), (ERROR, "server"),
        " Once upon",
    ),
    # Stories.
    "same": (lambda _: says(*[" the"] * 100), ("stop", ""), " the" * 100),
    "tiny": (lambda _: says(*[" a"] * 1500), ("stop", ""), " a" * 1500),
    "odd": (lambda _: Reply((Text(" a"), Odd(b"\xff"), *ENDED)), ("stop", ""), " a\ufffd"),
    "tells": (lambda key: says(f" She said {key}."), ("stop", ""), " She said ***."),
    "spells": (lambda key: Reply(split(key)), ("stop", ""), " Once upon *** she"),
    "codes": (
        lambda key: says(f" It is {quote(key, safe='')}", f" {b64encode(key.encode()).decode()}."),
        ("stop", ""), " It is *** ***.",
    ),
}  # fmt: skip
"""By name: the answer to a request with a key; how it has to end; the text that has to be kept."""
ONLY = {"slow": 0, "thought": 0, "fat": 0}
"""Faults that are of one protocol: Ollama's have no code, for example."""
SILENT = ("stall", "pings", "mute")


def key_of(request: Request) -> str:
    """Return the key that came with a request, however it came."""
    query = parse_qs(urlsplit(request.path).query).get("key", [""])[0]
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return request.headers.get("x-api-key") or request.headers.get("x-goog-api-key") or (
        bearer or query
    )  # fmt: skip


def answered(request: Request) -> Reply:
    """Answer by the model's name."""
    name = request.model.removeprefix("m-")
    never = asyncio.Event()
    match name:
        case "stall":
            return Reply((*BEGUN, Hold(never)))
        case "pings":
            return Reply((*BEGUN, Hold(never, pings=True)))
        case "mute":
            return Reply((Hold(never),))
        case _:
            key = key_of(request)
            assert key in KEYS.values(), f"no key of ours came for {name}"
            return with_headers(FAULTS[name][0](key), key)


def set_up(home: Home, provider: Provider) -> tuple[Path, list[tuple[int, list[str]]]]:
    """Write settings with a model for each fault, and a story of which each passage has a plan of
    at most nine of them; return the story, and the passages with their plans.
    """
    tables: list[str] = []
    for number, name in enumerate((*SILENT, *FAULTS)):
        kind, key = WAYS[ONLY.get(name, number % len(WAYS))]
        base = provider.base_for(f"{kind}/m")
        tables.append(
            f'[[model]]\nname = "{name}"\nmodel = "{kind}/m-{name}"\napi_base = "{base}"\n'
            f'key_env = "{key}"\nmode = "chat"\nwindow = 8000\n'
        )
    for name, base, key in (
        ("nokey", provider.base, "NOT_THERE"), ("gone", "http://127.0.0.1:9/v1", "ONE_KEY"),
    ):  # fmt: skip
        tables.append(
            f'[[model]]\nname = "{name}"\nmodel = "openai/{name}"\napi_base = "{base}"\n'
            f'key_env = "{key}"\nmode = "chat"\nwindow = 8000\n'
        )
    config = home.folder / "config/storyloom"
    (config / "config.toml").write_text("words = 600\n" + "".join(tables))
    file = config / "keys.toml"
    file.touch(0o600)
    file.write_text("".join(f'{name} = "{key}"\n' for name, key in FILED.items()))
    names = [*SILENT, *FAULTS, "nokey", "gone"]
    path = home.folder / "salt.loom"
    plans: list[tuple[int, list[str]]] = []
    with Story.create(path, title="Saltmarsh", opening="The tide had gone out.") as story:
        for at in range(0, len(names), 9):
            node = shape.write_child(story, 1, f" Part {at}.")
            plans.append((node, names[at : at + 9]))
            set_plan(story, node, tuple(PlanPart(name, 1) for name in names[at : at + 9]))
    return path, plans


def ends(path: Path) -> dict[str, tuple[str, str, str]]:
    """Return how each model's branch has ended, by the model's name: finish, kind, text."""
    read = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = read.execute(
            "SELECT gen.model, attr.value, rev.text FROM node JOIN gen ON gen.id = node.gen "
            "JOIN rev ON rev.id = node.rev JOIN attr ON attr.owner = node.id AND key = 'result'"
        ).fetchall()
    finally:
        read.close()
    told = [(model, json.loads(result), text) for model, result, text in rows]
    return {model: (it["finish"], it.get("kind", ""), text) for model, it, text in told}


def searched(home: Home, terminal: Terminal) -> None:
    """Look for keys wherever the running program may have left one."""
    legal = home.folder / "config/storyloom/keys.toml"
    for path in home.folder.rglob("*"):
        if path.is_file() and path != legal:
            assert holds(path.read_bytes()) == [], path
    # As they came, and as they stand there, where a line's end may be within one.
    assert holds(bytes(terminal.raw)) == []
    assert holds("".join(line.strip() for line in terminal.lines).encode()) == []
    for process in (terminal.pid, *below(terminal.pid)):
        try:
            assert holds(Path(f"/proc/{process}/cmdline").read_bytes()) == []
            # What came by the environment is there by its owner's wish.
            assert holds(Path(f"/proc/{process}/environ").read_bytes(), FILED) == []
        except OSError:
            continue


async def test_every_fault_has_its_label_keeps_its_text_and_shows_no_key(
    home: Home, provider: Provider
) -> None:
    provider.answer(answered)
    path, plans = set_up(home, provider)
    (home.folder / "tmp").mkdir()
    home.environ |= ENVIRON | {
        "STORYLOOM_RETRY": "1", "STORYLOOM_WAIT": "8,1", "TMPDIR": str(home.folder / "tmp"),
        "STORYLOOM_WORKER_LOG": str(home.folder / "worker.log"),
    }  # fmt: skip
    del home.environ["OPENAI_API_KEY"]
    async with home.terminal(path, size=(120, 40)) as terminal:
        await terminal.shows("Saltmarsh")
        for node, names in plans:
            await terminal.command(f"go n{node}")
            await terminal.shows(f"n{node} ")
            terminal.send("space")
            await terminal.until(lambda these=names: set(these) <= ends(path).keys(), f"{names}")
            await terminal.shows(". asks again", gone=(" writing",))
            searched(home, terminal)
        book = home.folder / "salt.md"
        await terminal.command(f"export {book}")
        await terminal.until(book.exists, "the book")
        await terminal.press("q", "branches")
        assert await terminal.quits() == 0
        searched(home, terminal)
    told = ends(path)
    for name, (_, (finish, kind), text) in FAULTS.items():
        assert told[name] == (finish, kind, text), name
    for name, kind in (("stall", "stalled"), ("pings", "stalled"), ("mute", "timeout")):
        assert told[name] == (ERROR, kind, " Once upon" * (kind == "stalled"))
    assert told["nokey"] == (ERROR, "no_key", "")
    assert told["gone"] == (ERROR, "connection", "")

    with Story(path) as story:
        kept = {row[0] for row in story.read.execute("SELECT id FROM node WHERE NOT flags & 2")}
        empty = story.read.execute(
            "SELECT count(*) FROM node JOIN rev ON rev.id = node.rev "
            "WHERE NOT flags & 2 AND trim(text) = ''"
        ).fetchone()
        growing = story.read.execute(
            "SELECT gen.model, node.id FROM node JOIN gen ON gen.id = node.gen"
        ).fetchall()
        gens = [row[0] for row in story.read.execute("SELECT id FROM gen")]
        assert holds(json.dumps([growth.request_of(story, gen) for gen in gens]).encode()) == []
    assert empty == (0,), "no empty node is stored"
    assert len(kept) == 1 + len(plans) + sum(bool(text.strip()) for *_, text in told.values())
    by_model = dict(growing)
    said = home.run("log", str(path), "--all", "--json") + home.run("cost", str(path))
    for name in ("tells", "boom"):
        said += home.run("node", "show", str(path), "--node", f"n{by_model[name]}", "--json")
    said += home.run("export", str(path), "--format", "md,txt", "-o", str(home.folder / "tmp"))
    assert holds(said.encode()) == []
    assert [
        path
        for path in (home.folder / "tmp").rglob("*")
        if path.is_file() and holds(path.read_bytes())
    ] == []
    assert "all is well" in home.run("check", str(path))


_CRASH = """
import os, sys
from storyloom.cli.main import main
from storyloom.models import key_file
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.app import _TRACE

def crash(self):
    kept, given = [key.reveal() for key in key_file.read().values()], os.environ["ONE_KEY"]
    # One of them where the trace is cut off.
    raise RuntimeError(f"no good: {kept[0]} {given} {kept[1]} " + "x" * (_TRACE - 10))

LoomScreen._begin = crash
sys.exit(main(sys.argv[1:]))
"""


async def test_a_crash_of_the_screens_shows_and_leaves_no_key(
    home: Home, provider: Provider
) -> None:
    path, _ = set_up(home, provider)
    home.environ |= ENVIRON
    async with Terminal(
        [sys.executable, "-c", _CRASH, path], home.environ, (100, 30), drawn=False
    ) as terminal:
        assert await terminal.ended() == 1
        assert b"x" * 50 in terminal.raw
        plain = bytes(terminal.raw).replace(b"\r\n", b"")
        assert holds(plain) == []
        searched(home, terminal)
