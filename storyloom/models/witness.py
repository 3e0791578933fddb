"""What a provider really sent over HTTP, where litellm does not pass it on.

litellm invents the finish reason `stop` when a stream just ends, calls Ollama's `length` a `stop`,
counts tokens itself when the provider did not, and takes a login page for an empty story. The
truth is read here, from the bytes as they pass, whichever of the four protocols they speak.
"""

import json
import re
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import httpx

__all__ = ["Elsewhere", "Witness", "current", "session", "watch_handlers"]

# Quotes inside a story's text are escaped in JSON, so that no story can say any of these.
_REASON = re.compile(
    rb'"(?:finish_reason|stop_reason|finishReason|stopReason|done_reason|blockReason)"'
    rb'\s*:\s*"(\w{1,60})"'
)
_USAGE = re.compile(rb'"(?:usage|usageMetadata)"\s*:\s*\{|"prompt_eval_count"\s*:')
_MODEL = re.compile(rb'"model(?:Version)?"\s*:\s*"((?:[^"\\]|\\.){1,200})"')
_OVERLAP = 256
"""Bytes kept from the piece before, so that a mark cut in two is seen."""
_KEPT = 2048
"""Bytes kept of a body that is no stream."""
_LONGEST_EVENT = 4 * 1024 * 1024
"""Bytes; an event this long is no token, and litellm would choke on it for seconds."""


class Witness:
    """What one call's response was like, filled while its body is read."""

    def __init__(self) -> None:
        self.response: httpx.Response | None = None
        self.reason: str | None = None
        """The finish reason in the provider's own word, in lower case; None before one came."""
        self.counted = False
        """Usage came from the provider."""
        self.model = ""
        """The model's name as the provider gave it."""
        self.body = b""
        """The beginning of a body that is no stream of events."""
        self._tail = b""
        self._event = 0

    @property
    def is_stream(self) -> bool:
        """Whether the response was a stream of events, as asked for."""
        return self.response is not None and "event-stream" in self.content_type

    @property
    def content_type(self) -> str:
        """The response's content type, in lower case."""
        if self.response is None:
            return ""
        return self.response.headers.get("content-type", "").lower()

    def error(self) -> str | None:
        """Return the message of an error object that was sent as a whole body, if there is one."""
        try:
            value: Any = json.loads(self.body)
        except ValueError:
            return None
        error: Any = cast("dict[str, Any]", value).get("error") if isinstance(value, dict) else None
        if isinstance(error, dict):
            error = cast("dict[str, Any]", error).get("message")
        return error if isinstance(error, str) else None

    def see(self, piece: bytes) -> None:
        """Look at the next piece of the body. Raises ValueError when an event is far too long."""
        if not self.is_stream and len(self.body) < _KEPT:
            self.body += piece[: _KEPT - len(self.body)]
        end = piece.rfind(b"\n")
        self._event = self._event + len(piece) if end < 0 else len(piece) - end
        if self._event > _LONGEST_EVENT:
            raise ValueError("the provider sent an event of more than 4 MB")
        seen = self._tail + piece
        for found in _REASON.finditer(seen):
            self.reason = found.group(1).decode("ascii", "replace").lower()
        self.counted = self.counted or _USAGE.search(seen) is not None
        if not self.model and (found := _MODEL.search(seen)):
            self.model = found.group(1).decode("utf-8", "replace")
        self._tail = seen[-_OVERLAP:]


current: ContextVar[Witness | None] = ContextVar("current", default=None)
"""The witness of the call that the running task makes."""


class Elsewhere(Exception):
    """A provider sends the request on to another host, which must not get its key or the story."""

    def __init__(self, host: str) -> None:
        super().__init__(f"sent on to {host}")
        self.host = host


def session() -> "httpx.AsyncClient":
    """Return the HTTP client for OpenAI's protocol, whose responses are seen by `current`."""
    import httpx

    client = httpx.AsyncClient(
        follow_redirects=True,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
    )
    _watch(client)
    return client


def watch_handlers() -> None:
    """Let `current` see the responses of litellm's own HTTP handlers too. Call it once.

    litellm makes and keeps those clients in many places and has no setting for them, but only one
    function that makes any.
    """
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    handler: Any = AsyncHTTPHandler
    make = handler.create_client

    def create_client(*arguments: Any, **options: Any) -> "httpx.AsyncClient":
        client = make(*arguments, **options)
        _watch(client)
        return client

    handler.create_client = create_client


def _watch(client: "httpx.AsyncClient") -> None:
    """Show every response of `client` to `current`, and follow none to another host."""
    import httpx

    class Watched(httpx.AsyncByteStream):
        def __init__(self, stream: httpx.AsyncByteStream, witness: Witness) -> None:
            self._stream = stream
            self._witness = witness

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for piece in self._stream:
                self._witness.see(piece)
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def see(response: httpx.Response) -> None:
        if (there := response.next_request) and there.url.host != response.request.url.host:
            raise Elsewhere(there.url.host)
        witness = current.get()
        if witness is not None and isinstance(response.stream, httpx.AsyncByteStream):
            witness.response = response
            response.stream = Watched(response.stream, witness)

    client.event_hooks["response"].append(see)
    # Compressed bytes could not be read in passing.
    client.headers["accept-encoding"] = "identity"
