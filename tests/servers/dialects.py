"""How each kind of provider writes a step of a reply on its stream of server-sent events."""

import json
from typing import Any, ClassVar, Protocol

from tests.servers.script import End, Fault, Request, Step, Text, Thought, Usage


class Dialect(Protocol):
    """The writer of one reply."""

    def start(self) -> bytes:
        """Return what comes before the first step."""
        ...

    def write(self, step: Step) -> bytes:
        """Return the events of one step that holds text, usage, an end or a fault."""
        ...


def _data(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


class OpenAI:
    """Chat completions and, with `text`, plain completions."""

    def __init__(self, model: str, *, text: bool) -> None:
        self._model = model
        self._text = text

    def start(self) -> bytes:
        """Return nothing: the first token is the first event."""
        return b""

    def write(self, step: Step) -> bytes:
        """Return the events of `step`."""
        match step:
            case Text(text):
                return self._chunk({"content": text}, text)
            case Thought(text):
                return self._chunk({"reasoning_content": text}, "")
            case Usage(tokens_in, tokens_out):
                counted = {
                    "prompt_tokens": tokens_in,
                    "completion_tokens": tokens_out,
                    "total_tokens": tokens_in + tokens_out,
                }
                return _data({**self._frame(), "choices": [], "usage": counted})
            case End(reason):
                return self._chunk({}, "", reason) + b"data: [DONE]\n\n"
            case Fault(message, code):
                return _data({"error": {"message": message, "type": "error", "code": code}})
            case _:
                return b""

    def _frame(self) -> dict[str, Any]:
        kind = "text_completion" if self._text else "chat.completion.chunk"
        return {"id": "cmpl-1", "object": kind, "created": 1, "model": self._model}

    def _chunk(self, delta: dict[str, str], text: str, finish: str | None = None) -> bytes:
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish}
        choice |= {"text": text} if self._text else {"delta": delta}
        return _data({**self._frame(), "choices": [choice]})


class Anthropic:
    """Anthropic's messages."""

    _ENDS: ClassVar = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}

    def __init__(self, model: str) -> None:
        self._model = model
        self._usage = Usage(0, 0)

    def start(self) -> bytes:
        """Return the events that open a message and its block of text."""
        message = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": self._model,
            "content": [], "stop_reason": None, "usage": {"input_tokens": 11, "output_tokens": 0},
        }  # fmt: skip
        block = {"type": "text", "text": ""}
        return self._event("message_start", message=message) + self._event(
            "content_block_start", index=0, content_block=block
        )

    def write(self, step: Step) -> bytes:
        """Return the events of `step`; usage is kept and sent with the end."""
        match step:
            case Text(text):
                delta = {"type": "text_delta", "text": text}
                return self._event("content_block_delta", index=0, delta=delta)
            case Usage():
                self._usage = step
                return b""
            case End(reason):
                delta = {"stop_reason": self._ENDS.get(reason, reason), "stop_sequence": None}
                usage = {
                    "input_tokens": self._usage.tokens_in,
                    "output_tokens": self._usage.tokens_out,
                }
                return (
                    self._event("content_block_stop", index=0)
                    + self._event("message_delta", delta=delta, usage=usage)
                    + self._event("message_stop")
                )
            case Fault(message):
                return self._event("error", error={"type": "api_error", "message": message})
            case _:
                return b""

    @staticmethod
    def _event(kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\n".encode() + _data({"type": kind, **fields})


def dialect(request: Request) -> Dialect | None:
    """Return the dialect that a request's path asks for, or None when there is no such path."""
    model = str(request.body.get("model", ""))
    if request.path.endswith("/chat/completions"):
        return OpenAI(model, text=False)
    if request.path.endswith("/completions"):
        return OpenAI(model, text=True)
    if request.path.endswith("/messages"):
        return Anthropic(model)
    return None
