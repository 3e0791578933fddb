"""Which servers can be asked what they serve, and what they answered, as types and on the wire.

Asked are the servers that the config file names, and on request those that may run here: Ollama,
LM Studio, llama.cpp and vLLM at their usual addresses. A program that knocks at ports unasked would
be a surprise, and 8000 and 8080 are many a program's.

A model that is found has a name by which a plan can call it: `MODEL@ENTRY` for one on the server of
an entry of the config file, `MODEL@127.0.0.1:PORT` for one at a usual address (`Settings.entry`
knows both), and litellm's own `ollama_chat/MODEL` for Ollama.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from storyloom.models.protocol import Facts, Mode, facts_from, facts_to
from storyloom.models.wire import Message
from storyloom.settings import USUAL_SERVERS, ModelEntry

__all__ = ["Dialect", "Served", "Server", "address", "configured", "kept", "nearby", "ollama_here",
           "served_from", "served_to", "server_from", "server_to"]  # fmt: skip

Dialect: TypeAlias = Literal["openai", "ollama"]
"""How a server is asked for its list: `GET /models`, or Ollama's `GET /api/tags`."""

_OLLAMA_HERE = "http://127.0.0.1:11434"
_OLLAMA = ("ollama", "ollama_chat")
_UNASKABLE = ("anthropic", "gemini", "vertex_ai", "azure", "azure_ai", "bedrock", "local")
"""Providers whose lists are asked for in ways of their own; litellm's list has their models."""


@dataclass(frozen=True)
class Server:
    """A server that can be asked."""

    base: str
    """Its address as litellm takes it: ending in `/v1` mostly, Ollama's bare; no slash behind."""
    dialect: Dialect = "openai"
    place: str = ""
    """What stands behind the @ in the names of its models; empty for litellm's `ollama_chat/`."""
    provider: str = "openai"
    """litellm's name for the kind of server."""
    key_env: str | None = None
    mode: Mode | None = None
    """How all its models are made to continue, where its entry says so."""
    sought: bool = False
    """It may not be there at all, which is then no fault."""

    @property
    def host(self) -> str:
        """Where it is, as its owner knows it."""
        return address(self.base)

    def name(self, model: str) -> str:
        """Return what a plan calls a model of this server."""
        return f"{model}@{self.place}" if self.place else f"ollama_chat/{model}"


@dataclass(frozen=True)
class Served:
    """What a server answered."""

    host: str
    say: str = ""
    """Why its models are not known, as one clean sentence; empty when they are."""
    models: tuple[Facts, ...] = ()
    """Its models by the names that plans have for them."""


def address(base: str) -> str:
    """Return host and port of a server, without what may stand in front of them; empty for what is
    no address.
    """
    try:
        return urlsplit(base).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def configured(entries: Iterable[ModelEntry]) -> list[Server]:
    """Return the servers that entries of the config file name, each once, and their first entry's
    where several name one.
    """
    found: dict[str, Server] = {}
    for entry in entries:
        provider = entry.model.partition("/")[0] if "/" in entry.model else "openai"
        if entry.api_base is None or provider in _UNASKABLE:
            continue
        base = entry.api_base.rstrip("/")
        dialect: Dialect = "ollama" if provider in _OLLAMA else "openai"
        mode: Mode | None = entry.mode  # pyright: ignore[reportAssignmentType]
        server = Server(base, dialect, entry.name, provider, entry.key_env, mode)
        found.setdefault(base, server)
    return list(found.values())


def nearby(environ: Mapping[str, str], known: Iterable[Server] = ()) -> list[Server]:
    """Return the servers that may run here, but those that are `known` to be asked anyway."""
    servers = [Server(ollama_here(environ), "ollama", "", "ollama_chat", sought=True)]
    servers += [Server(f"http://{place}/v1", place=place, sought=True) for place in USUAL_SERVERS]
    taken = {_door(server.base) for server in known}
    return [server for server in servers if _door(server.base) not in taken]


def ollama_here(environ: Mapping[str, str]) -> str:
    """Return Ollama's address: what OLLAMA_API_BASE says, litellm's variable, else OLLAMA_HOST, its
    own, else the usual one.
    """
    if base := environ.get("OLLAMA_API_BASE", "").strip():
        return base.rstrip("/")
    host = environ.get("OLLAMA_HOST", "").strip().rstrip("/")
    try:
        parts = urlsplit(host if "//" in host else f"http://{host}")
        port = parts.port
    except ValueError:
        return _OLLAMA_HERE
    # A server that listens everywhere is reached here.
    name = "127.0.0.1" if parts.hostname in (None, "0.0.0.0", "::") else parts.hostname
    name = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{name}:{port or (443 if parts.scheme == 'https' else 11434)}"


def kept(found: Iterable[Facts], entries: Iterable[ModelEntry]) -> list[Facts]:
    """Return the found models that no entry of the config file is for already."""
    there: set[str] = set()
    entries = list(entries)
    for server in configured(entries):
        there |= {server.name(entry.model.partition("/")[2] or entry.model) for entry in entries
                  if (entry.api_base or "").rstrip("/") == server.base}  # fmt: skip
    return [facts for facts in found if facts.model not in there]


def _door(base: str) -> str:
    return address(base).replace("localhost", "127.0.0.1")


def server_to(server: Server) -> Message:
    """Return `server` as a JSON object."""
    return asdict(server)


def server_from(body: Message) -> Server:
    """Return the server that a JSON object holds. Raises TypeError when it holds none."""
    return Server(**body)


def served_to(served: Served) -> Message:
    """Return `served` as a JSON object."""
    return {
        "host": served.host,
        "say": served.say,
        "models": [facts_to(facts) for facts in served.models],
    }


def served_from(body: Message) -> Served:
    """Return what a server answered, from a JSON object."""
    return Served(body["host"], body["say"], tuple(facts_from(row) for row in body["models"]))
