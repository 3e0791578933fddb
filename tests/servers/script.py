"""What a scripted provider is to answer, step by step."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Text:
    """One token of the story."""

    text: str


@dataclass(frozen=True)
class Drawn:
    """One token of the story with its logprob and its likeliest alternatives; OpenAI's alone."""

    text: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict[str, float])
    """Itself may be one of them, as with a provider."""


@dataclass(frozen=True)
class Thought:
    """One token of reasoning, which is not story text."""

    text: str


@dataclass(frozen=True)
class Hold:
    """Send nothing more until `until` is set; a `Hold` first holds back the status line too."""

    until: asyncio.Event
    pings: bool = False
    """Send SSE comments meanwhile, which carry no text."""


@dataclass(frozen=True)
class Pause:
    """Wait some seconds, to be seen token by token by a person."""

    seconds: float


@dataclass(frozen=True)
class Usage:
    """The tokens counted by the provider, sent before the end."""

    tokens_in: int
    tokens_out: int


@dataclass(frozen=True)
class End:
    """The model's own end: finish reason and `[DONE]`."""

    reason: str = "stop"


@dataclass(frozen=True)
class Cut:
    """Close the connection cleanly, without a finish reason: as small servers do on a crash."""


@dataclass(frozen=True)
class Drop:
    """Break the connection in the middle of a chunked body."""


@dataclass(frozen=True)
class Reset:
    """Break the connection at once, by an RST."""


@dataclass(frozen=True)
class Fault:
    """An error object: inside the stream, or as a whole refusal."""

    message: str
    code: int | str = 500


@dataclass(frozen=True)
class Raw:
    """Bytes put on the stream as they are."""

    data: bytes


@dataclass(frozen=True)
class Odd:
    """One token whose text is these bytes, put between the quotes of its JSON as they are."""

    data: bytes


@dataclass(frozen=True)
class Payload:
    """One event, framed as it should be, which holds these bytes in place of an object."""

    data: bytes


Step: TypeAlias = (
    Text
    | Drawn
    | Thought
    | Hold
    | Pause
    | Usage
    | End
    | Cut
    | Drop
    | Reset
    | Fault
    | Raw
    | Odd
    | Payload
)


@dataclass(frozen=True)
class Reply:
    """The answer to one request: a stream of steps, or a whole body with a status of its own."""

    steps: tuple[Step, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    """A whole body instead of steps."""
    refusal: Fault | None = None
    """An error object as the whole body, in the words of the protocol that was asked."""


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: dict[str, Any]

    @property
    def place(self) -> str:
        """The path without what follows a question mark."""
        return self.path.partition("?")[0]

    @property
    def model(self) -> str:
        """The model that is asked; Gemini's is named in the path."""
        return str(self.body.get("model") or self.place.rpartition("/")[2].partition(":")[0])

    @property
    def prompt(self) -> str:
        """The prompt, or the content of the last message."""
        if contents := self.body.get("contents"):
            return "".join(str(part.get("text", "")) for part in contents[-1]["parts"])
        if "prompt" in self.body:
            return str(self.body["prompt"])
        messages: list[dict[str, Any]] = self.body.get("messages", [])
        content = messages[-1]["content"] if messages else ""
        if isinstance(content, list):
            return "".join(str(part.get("text", "")) for part in content)
        return str(content)


def says(*tokens: str, end: str = "stop", usage: tuple[int, int] | None = (11, 4)) -> Reply:
    """Return a reply that streams `tokens` and ends as it should."""
    counted = (Usage(*usage),) if usage else ()
    return Reply((*map(Text, tokens), *counted, End(end)))


def refuses(status: int, message: str = "no", code: str = "", **headers: str) -> Reply:
    """Return an error reply in the form of whichever protocol is asked.

    `retry_after="7"` becomes the header Retry-After.
    """
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status=status,
        headers={"content-type": "application/json", **names},
        refusal=Fault(message, code),
    )


def page(body: str, content_type: str = "text/html", status: int = 200) -> Reply:
    """Return a reply that is no answer of a model but a page, as a proxy or a login sends it."""
    return Reply(status=status, headers={"content-type": content_type}, body=body.encode())
