"""What a provider really sent over HTTP, where litellm does not pass it on.

litellm invents the finish reason `stop` when a stream just ends, calls Ollama's `length` a `stop`,
counts tokens itself when the provider did not, leaves out events that it cannot read and sometimes
all that follow them, and takes a login page for an empty story. The truth is read here, from the
bytes as they pass, whichever of the four protocols they speak.
"""

import contextlib
import re
from html import unescape
from typing import TYPE_CHECKING

from storyloom.models.drawing import Drawing
from storyloom.models.told import Told
from storyloom.models.wire import Message, decode

if TYPE_CHECKING:
    import httpx

__all__ = ["Unreadable", "Witness"]

_KEPT = 64 * 1024
"""Bytes kept of a body that is no stream."""
_LONGEST_EVENT = 4 * 1024 * 1024
"""Bytes; an event this long is no token, and litellm would choke on it for seconds."""


_PAGE = re.compile(r"\s*<(!doctype|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^>]{0,200}>([^<]{1,300})", re.IGNORECASE)


class Witness:
    """What one call's response was like, filled while its body is read."""

    def __init__(self, drawing: Drawing | None = None) -> None:
        self.response: httpx.Response | None = None
        self.told = Told(drawing)
        """What the provider's own events say."""
        self.body = b""
        """The beginning of a body that is no stream of events."""
        self.broken: str | None = None
        """What was sent that can be read no further, in words; None while all can be read."""
        self._looked_at: httpx.Response | None = None
        self._kind, self._readable = "", True
        self._line = b""
        self._event = b""
        self._data: list[bytes] = []
        self._size = 0

    @property
    def is_stream(self) -> bool:
        """Whether the response was a stream of events, as asked for."""
        return self.response is not None and "event-stream" in self.content_type

    @property
    def content_type(self) -> str:
        """The response's content type, in lower case."""
        self._look()
        return self._kind

    @property
    def status(self) -> int | None:
        """The status of a refusal, or the one of an error inside the stream; else None."""
        if self.response is not None and self.response.status_code >= 400:
            return self.response.status_code
        return self.told.status

    def error(self) -> str | None:
        """Return what the provider said of an error: in the stream, or as a whole body."""
        if self.told.error is None:
            try:
                whole = decode(self.body)
            except (ValueError, RecursionError):
                return None
            self.told.take_error(whole)
        return self.told.error

    def words(self) -> str | None:
        """Return what a refusal that is no error object says: a page by its title, else its text;
        None where nothing can be read. litellm puts words of its own before or in place of it.
        """
        if not self._is_refusal or not self.body:
            return None
        text = self.body.decode("utf-8", "replace")
        if "html" in self.content_type or _PAGE.match(text):
            title = _TITLE.search(text[:_KEPT])
            said = " ".join(unescape(title[1]).split()) if title else ""
            return f"{said} (a web page)" if said else "(a web page)"
        if "json" in self.content_type or text.lstrip()[:1] in ("{", "["):
            return None
        return text.strip() or None

    def see(self, piece: bytes) -> bytes:
        """Look at the next piece of the body; return the whole lines that can be passed on.

        Bytes that are no UTF-8 are replaced. Raises Unreadable at an event that is none.
        """
        if not self._is_text:
            return piece
        if not self.is_stream and len(self.body) < _KEPT:
            self.body += piece[: _KEPT - len(self.body)]
        if self._is_refusal:
            return piece
        good = b""
        for line in piece.splitlines(keepends=True):
            self._line += line
            if self._size + len(self._line) > _LONGEST_EVENT:
                raise self._unreadable("an event of more than 4 MB", good)
            if not line.endswith((b"\n", b"\r")):
                break
            whole, self._line = _valid(self._line), b""
            try:
                self._take(whole.strip())
            except (ValueError, RecursionError) as error:
                raise self._unreadable("an event that cannot be read", good) from error
            self._event += whole
            if not self._data:
                good += self._event
                self._event = b""
        return good

    def rest(self) -> bytes:
        """Return what can be passed on at the body's end, which no line break closed."""
        line = _valid(self._line)
        rest, self._event = self._event + line, b""
        try:
            self._take(line.strip())
            self._take(b"")
        except (ValueError, RecursionError):
            # The end of a body that broke off: no event, and litellm would call it a fault.
            return b""
        return rest

    def _unreadable(self, what: str, before: bytes) -> "Unreadable":
        self.broken = what
        return Unreadable(f"the provider sent {what}", before)

    @property
    def _is_refusal(self) -> bool:
        return self.response is not None and self.response.status_code >= 400

    @property
    def _is_text(self) -> bool:
        """Whether the bytes are lines of text, and neither compressed nor a format of its own."""
        self._look()
        return self._readable

    def _look(self) -> None:
        """Look at the response's headers, once and not again for every token."""
        response = self.response
        if response is None or response is self._looked_at:
            return
        self._looked_at = response
        self._kind = kind = response.headers.get("content-type", "").lower()
        packed = response.headers.get("content-encoding", "identity").lower() != "identity"
        plain = not kind or any(part in kind for part in ("text/", "json"))
        self._readable = plain and not packed

    def _take(self, line: bytes) -> None:
        """Read one line. Raises ValueError or RecursionError when it holds no JSON and should."""
        if line.startswith(b"data:"):
            self._data.append(line[5:].strip())
            self._size += len(line)
            # Some servers leave out the empty line that ends an event.
            with contextlib.suppress(ValueError, RecursionError):
                self._end_event()
        elif not line:
            self._end_event()
        elif self._is_lines or (line.startswith(b"{") and line.endswith(b"}")):
            self.told.take(_object(line))

    def _end_event(self) -> None:
        data = b"\n".join(self._data)
        if data and data != b"[DONE]":
            self.told.take(_object(data))
        self._data.clear()
        self._size = 0

    @property
    def _is_lines(self) -> bool:
        """Whether each line is an event, as Ollama has it."""
        return "ndjson" in self.content_type


class Unreadable(ValueError):
    """What a provider sent can be read no further."""

    def __init__(self, why: str, before: bytes) -> None:
        super().__init__(why)
        self.before = before
        """The lines before it that were not passed on yet."""


def _valid(line: bytes) -> bytes:
    try:
        line.decode()
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace").encode()
    return line


def _object(data: bytes) -> Message:
    """Return the object, an empty one for other JSON. Raises ValueError, RecursionError."""
    return decode(data) if data.startswith(b"{") else decode(b'{"other":' + data + b"}")
