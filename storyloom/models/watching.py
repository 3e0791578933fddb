"""HTTP clients whose responses are seen by a witness, and which follow nobody to another host."""

from collections.abc import AsyncIterator
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any

from storyloom.models.witness import Unreadable, Witness

if TYPE_CHECKING:
    import httpx

__all__ = ["Elsewhere", "current", "session", "watch_handlers"]

current: ContextVar[Witness | None] = ContextVar("current", default=None)
"""The witness of the call that the running task makes."""


class Elsewhere(Exception):
    """A provider sends the request on to another server, which must not get key and story."""

    def __init__(self, host: str) -> None:
        super().__init__(f"sent on to {host}")
        self.host = host


class Again(Exception):
    """litellm asks once more, unasked, what was refused; see `_watch`."""


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
    # By its name, as litellm has no types that could be checked.
    handler: Any = import_module("litellm.llms.custom_httpx.http_handler").AsyncHTTPHandler
    make = handler.create_client

    def create_client(*arguments: Any, **options: Any) -> "httpx.AsyncClient":
        client = make(*arguments, **options)
        _watch(client)
        return client

    handler.create_client = create_client


def _watch(client: "httpx.AsyncClient") -> None:
    """Show every response of `client` to `current`, follow none to another server, and let nothing
    be asked a second time after a refusal: litellm does so after a 422, with other parameters.
    """
    import httpx

    class Watched(httpx.AsyncByteStream):
        def __init__(self, stream: httpx.AsyncByteStream, witness: Witness) -> None:
            self._stream = stream
            self._witness = witness

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for piece in self._stream:
                try:
                    good = self._witness.see(piece)
                except Unreadable as error:
                    # What came before it in the same piece is story.
                    yield error.before
                    raise
                if good:
                    yield good
            if rest := self._witness.rest():
                yield rest

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def see(response: httpx.Response) -> None:
        if response.has_redirect_location:
            here = response.request.url
            there = here.join(response.headers["location"])
            if not _is_same_server(here, there):
                raise Elsewhere(there.host)
        witness = current.get()
        if witness is not None and isinstance(response.stream, httpx.AsyncByteStream):
            witness.response = response
            response.stream = Watched(response.stream, witness)

    async def ask(request: httpx.Request) -> None:
        del request
        witness = current.get()
        before = witness.response if witness is not None else None
        if before is not None and before.status_code >= 400:
            raise Again

    hooks = client.event_hooks
    client.event_hooks = {
        **hooks, "request": [*hooks["request"], ask], "response": [*hooks["response"], see],
    }  # fmt: skip
    # Compressed bytes could not be read in passing.
    client.headers["accept-encoding"] = "identity"


def _is_same_server(here: "httpx.URL", there: "httpx.URL") -> bool:
    """Return whether two addresses are one server's, of which the second may be its safer door."""
    ports = {"http": 80, "https": 443}
    doors = [(url.scheme, url.port or ports.get(url.scheme)) for url in (here, there)]
    return here.host == there.host and (
        doors[0] == doors[1] or doors == [("http", 80), ("https", 443)]
    )
