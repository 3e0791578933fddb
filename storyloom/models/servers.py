"""Asks servers which models they serve, and how much of a story these can read.

For the worker alone, which has the keys. What a server says is untrusted: it is read up to a
bound, names that a screen could not show as they are are left out, and nothing else of it is told.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from storyloom.models import lookup
from storyloom.models.facts import mode_by_name
from storyloom.models.protocol import Facts
from storyloom.models.redact import watch
from storyloom.models.routes import runs_here
from storyloom.models.served import Served, Server
from storyloom.models.variables import settable
from storyloom.models.watching import Elsewhere, session
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    import httpx

__all__ = ["ask", "window"]

_PATIENCE = 5.0
"""Seconds for all that a server is asked."""
_CONNECT = 2.0
"""Seconds to reach it at all."""
_MOST_BYTES = 8 * 1024 * 1024
"""OpenRouter's list of some hundred models is about one megabyte."""
_MOST_MODELS = 1_000
_LONGEST_NAME = 200
_NO_STORIES = re.compile(r"embed|rerank|whisper|\btts\b|dall-e|moderation", re.IGNORECASE)
"""Names of models that write no text. A server's list mostly does not say what they are for."""
_WINDOWS = ("max_model_len", "loaded_context_length", "context_length", "context_window",
            "max_context_length")  # fmt: skip
"""What the window is called: by vLLM, LM Studio, OpenRouter, Groq, and LM Studio and Mistral."""


class _Wrong(Exception):
    """A server did not answer as it should; the message goes on from its address."""


async def ask(servers: Sequence[Server]) -> list[Served]:
    """Return what the servers answer, all asked together. Takes 5 seconds at the most and what a
    keyring takes. Their faults are in the answers.
    """
    client = await asyncio.to_thread(session)  # it reads certificates, which takes a while
    async with client:
        return list(await asyncio.gather(*(_asked(client, server) for server in servers)))


async def window(server: Server, model: str) -> int | None:
    """Return the window of a model as its server tells it; None when it does not. A server of one
    model, as llama.cpp's is, answers to any name.
    """
    if server.dialect == "ollama":
        return None  # its list has none
    (answer,) = await ask([server])
    windows = {facts.model: facts.window for facts in answer.models}
    alone = next(iter(windows.values())) if len(windows) == 1 else None
    return windows.get(server.name(model), alone)


async def _asked(client: "httpx.AsyncClient", server: Server) -> Served:
    try:
        headers = await asyncio.to_thread(_headers, server)
        async with asyncio.timeout(_PATIENCE):
            windows = await _Talk(client, headers, server).windows()
    except Exception as error:
        return Served(server.host, "" if _is_absent(server, error) else _say(server, error))
    models = [
        Facts(
            server.name(name),
            server.mode or mode_by_name(name),
            window=tokens,
            provider=server.provider,
        )
        for name, tokens in windows.items()
    ]
    return Served(server.host, "", tuple(models))


def _headers(server: Server) -> dict[str, str]:
    """Return the header with the key, which may take seconds to find."""
    if server.key_env is None:
        return {}
    watch(server.key_env)
    try:
        found = lookup.find(server.key_env)
    except Refusal as refusal:
        raise _Wrong(f"is not asked: {refusal}") from refusal
    if found is None:
        name = server.key_env
        raise _Wrong(f"is not asked, as {name} is not set: storyloom keys set {settable(name)}")
    return {"authorization": f"Bearer {found.key.reveal()}"}


class _Talk:
    """What is asked of one server."""

    def __init__(
        self, client: "httpx.AsyncClient", headers: dict[str, str], server: Server
    ) -> None:
        self._client = client
        self._headers = headers
        self._base = server.base
        self._root = server.base.removesuffix("/v1")
        self._ollama = server.dialect == "ollama"
        self._own = runs_here("", server.base)

    async def windows(self) -> dict[str, int | None]:
        """Return the windows of the server's models by their names, in its order."""
        if self._ollama:
            rows = _rows(await self._get(f"{self._root}/api/tags"), "models")
            return {name: None for row in rows if (name := _name(row, "name", "model"))}
        rows = _rows(await self._get(f"{self._base}/models"), "data")
        found = {name: _window(row) for row in rows if (name := _name(row, "id"))}
        if any("meta" in row or row.get("owned_by") == "llamacpp" for row in rows):
            slot = await self._of_a_slot()
            return {name: slot or told for name, told in found.items()}
        if self._own and not any(found.values()):
            return found | await self._of_lm_studio(found)
        return found

    async def _of_a_slot(self) -> int | None:
        """Return what llama.cpp reads in one request: its window is shared out among slots."""
        settings = _table(await self._perhaps(f"{self._root}/props")).get(
            "default_generation_settings"
        )
        return _tokens(_table(settings).get("n_ctx"))

    async def _of_lm_studio(self, known: Iterable[str]) -> dict[str, int | None]:
        """Return windows as LM Studio tells them in a list of its own."""
        said = await self._perhaps(f"{self._root}/api/v0/models")
        told: dict[str, int | None] = {}
        with contextlib.suppress(_Wrong):
            told = {_name(row, "id"): _window(row) for row in _rows(said, "data")}
        return {name: told[name] for name in known if name in told}

    async def _perhaps(self, address: str) -> Any:
        """Return what a server says there, None when it is of another kind."""
        try:
            async with asyncio.timeout(_CONNECT):
                return await self._get(address)
        except Exception:
            return None

    async def _get(self, address: str) -> Any:
        body = bytearray()
        async with self._client.stream("GET", address, headers=self._headers,
                                       timeout=_timeout()) as response:  # fmt: skip
            _refuse_status(response.status_code)
            # As it comes: what unpacks to more than the memory is no list.
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise _Wrong("says more than any list of models would.")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _Wrong("gives no list of models that can be read.") from error


def _timeout() -> "httpx.Timeout":
    import httpx

    return httpx.Timeout(_PATIENCE, connect=_CONNECT)


def _refuse_status(status: int) -> None:
    if status in (401, 403):
        raise _Wrong("does not take the key, or wants one: name its variable as key_env.")
    if status >= 400:
        raise _Wrong(f"gives no list of models (status {status}).")


def _rows(said: Any, key: str) -> list[dict[str, Any]]:
    rows = _table(said).get(key)
    if not isinstance(rows, list):
        raise _Wrong("gives no list of models that can be read.")
    listed = cast("list[Any]", rows)[:_MOST_MODELS]
    return [_table(row) for row in listed if isinstance(row, dict)]


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _name(row: dict[str, Any], *keys: str) -> str:
    """Return the name of a model that may write stories; empty for what is none."""
    name = next((row[key] for key in keys if row.get(key)), None)
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or one_line(name) != name:
        return ""
    return "" if row.get("type") == "embeddings" or _NO_STORIES.search(name) else name


def _window(row: dict[str, Any]) -> int | None:
    told = [_tokens(row.get(key)) for key in _WINDOWS]
    told.append(_tokens(_table(row.get("meta")).get("n_ctx_train")))
    return next((each for each in told if each), None)


def _tokens(value: Any) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and 256 <= value <= 100_000_000 else None


def _is_absent(server: Server, error: Exception) -> bool:
    import httpx

    return server.sought and isinstance(error, TimeoutError | httpx.TransportError)


def _say(server: Server, error: Exception) -> str:
    """Return the sentence for a server that could not be asked; nothing of what it said is in it,
    and no key.
    """
    import httpx

    match error:
        case _Wrong():
            what = str(error)
        case Elsewhere():
            what = f"sends the question on to {error.host}, which is not asked."
        case TimeoutError() | httpx.TimeoutException():
            what = f"does not answer within {_PATIENCE:.0f} s."
        case httpx.TransportError():
            what = "does not answer."
        case _:
            what = "cannot be asked: check its api_base."
    return one_line(f"{server.host or server.base} {what}")[:200]
