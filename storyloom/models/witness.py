"""What a provider really sent over HTTP, where litellm does not pass it on.

litellm invents the finish reason `stop` when a stream just ends, counts tokens itself when the
provider did not, and takes a login page for an empty story. For providers that speak OpenAI's
protocol the truth is read here, from the bytes as they pass.
"""

import json
import re
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import httpx

__all__ = ["Witness", "current", "session"]

_FINISH = re.compile(rb'"finish_reason"\s*:\s*"')
_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_MODEL = re.compile(rb'"model"\s*:\s*"((?:[^"\\]|\\.){1,200})"')
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
        self.finished = False
        """A finish reason came from the provider."""
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
        self.finished = self.finished or _FINISH.search(seen) is not None
        self.counted = self.counted or _USAGE.search(seen) is not None
        if not self.model and (found := _MODEL.search(seen)):
            self.model = found.group(1).decode("utf-8", "replace")
        self._tail = seen[-_OVERLAP:]


current: ContextVar[Witness | None] = ContextVar("current", default=None)
"""The witness of the call that the running task makes."""


def session() -> "httpx.AsyncClient":
    """Return the HTTP client for OpenAI's protocol, whose responses are seen by `current`."""
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

    async def watch(response: httpx.Response) -> None:
        witness = current.get()
        if witness is not None and isinstance(response.stream, httpx.AsyncByteStream):
            witness.response = response
            response.stream = Watched(response.stream, witness)

    return httpx.AsyncClient(
        event_hooks={"response": [watch]},
        follow_redirects=True,
        # Compressed bytes could not be read in passing.
        headers={"accept-encoding": "identity"},
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
    )
