"""How each kind of provider writes a step of a reply: on a stream of events, or line by line."""

import json
from typing import Any, ClassVar, Protocol

from tests.servers.script import (
    Drawn,
    End,
    Fault,
    Odd,
    Payload,
    Request,
    Step,
    Text,
    Thought,
    Usage,
)

SSE = "text/event-stream"
LINES = "application/x-ndjson"
_HERE = "<<here>>"


class Dialect(Protocol):
    """The writer of one reply."""

    content_type: str
    ping: bytes
    """What keeps a stream alive without saying anything."""

    def start(self) -> bytes:
        """Return what comes before the first step."""
        ...

    def write(self, step: Step) -> bytes:
        """Return the events of one step that holds text, usage, an end or a fault."""
        ...

    def frame(self, payload: bytes) -> bytes:
        """Return one event that holds `payload`."""
        ...

    def refusal(self, status: int, fault: Fault, /) -> bytes:
        """Return the body of a reply that is an error."""
        ...


def events(speaker: Dialect, step: Step) -> bytes:
    """Return what `speaker` puts on the stream for `step`."""
    match step:
        case Odd(data):
            return speaker.write(Text(_HERE)).replace(_HERE.encode(), data)
        case Payload(data):
            return speaker.frame(data)
        case _:
            return speaker.write(step)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _told(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


class _Events:
    """Server-sent events."""

    content_type = SSE
    ping = b": still here\n\n"

    def start(self) -> bytes:
        """Return nothing: the first token is the first event."""
        return b""

    def frame(self, payload: bytes) -> bytes:
        """Return one event that holds `payload`."""
        return b"data: " + payload + b"\n\n"


class OpenAI(_Events):
    """Chat completions and, with `text`, plain completions."""

    def __init__(self, model: str, *, text: bool) -> None:
        self._model = model
        self._text = text

    def write(self, step: Step) -> bytes:
        """Return the events of `step`."""
        match step:
            case Text(text):
                return self._chunk({"content": text}, text)
            case Drawn(text):
                return self._chunk({"content": text}, text, drawn=self._drawn(step))
            case Thought(text):
                return self._chunk({"reasoning_content": text}, "")
            case Usage(tokens_in, tokens_out):
                counted = {
                    "prompt_tokens": tokens_in,
                    "completion_tokens": tokens_out,
                    "total_tokens": tokens_in + tokens_out,
                }
                return self.frame(_json({**self._frame(), "choices": [], "usage": counted}))
            case End(reason):
                return self._chunk({}, "", reason) + b"data: [DONE]\n\n"
            case Fault():
                return self.frame(self.refusal(500, step))
            case _:
                return b""

    def refusal(self, _status: int, fault: Fault) -> bytes:
        """Return an error object."""
        error = {"message": fault.message, "type": "error", "code": fault.code or None}
        return _json({"error": error})

    def _frame(self) -> dict[str, Any]:
        kind = "text_completion" if self._text else "chat.completion.chunk"
        return {"id": "cmpl-1", "object": kind, "created": 1, "model": self._model}

    def _drawn(self, step: Drawn) -> dict[str, Any]:
        if self._text:
            top = [dict(step.top)]
            return {"tokens": [step.text], "token_logprobs": [step.logprob], "top_logprobs": top}
        one = _told(step.text, step.logprob)
        return {"content": [{**one, "top_logprobs": [_told(*each) for each in step.top.items()]}]}

    def _chunk(
        self, delta: dict[str, str], text: str, finish: str | None = None, drawn: Any = None
    ) -> bytes:
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish, "logprobs": drawn}
        choice |= {"text": text} if self._text else {"delta": delta}
        return self.frame(_json({**self._frame(), "choices": [choice]}))


class Anthropic(_Events):
    """Anthropic's messages."""

    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    _ENDS: ClassVar = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
    _ERRORS: ClassVar = {
        400: "invalid_request_error", 401: "authentication_error", 402: "billing_error",
        403: "permission_error", 404: "not_found_error", 413: "request_too_large",
        429: "rate_limit_error", 529: "overloaded_error",
    }  # fmt: skip

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
            case Thought(text):
                delta = {"type": "thinking_delta", "thinking": text}
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
            case Fault(message, code):
                kind = self._ERRORS.get(code, "api_error") if isinstance(code, int) else code
                return self._event("error", error={"type": kind, "message": message})
            case _:
                return b""

    def refusal(self, status: int, fault: Fault) -> bytes:
        """Return an error object, whose type says what the status says."""
        error = {"type": self._ERRORS.get(status, "api_error"), "message": fault.message}
        return _json({"type": "error", "error": error, "request_id": "req_1"})

    def _event(self, kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\n".encode() + self.frame(_json({"type": kind, **fields}))


class Gemini(_Events):
    """Google's `streamGenerateContent?alt=sse`."""

    _ENDS: ClassVar = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
    _ERRORS: ClassVar = {
        400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED",
        404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
    }  # fmt: skip

    def __init__(self, model: str) -> None:
        self._model = model
        self._usage: Usage | None = None

    def write(self, step: Step) -> bytes:
        """Return the events of `step`; usage is kept and sent with the end."""
        match step:
            case Text(text):
                return self._chunk([{"text": text}])
            case Thought(text):
                return self._chunk([{"text": text, "thought": True}])
            case Usage():
                self._usage = step
                return b""
            case End(reason):
                return self._chunk([{"text": ""}], self._ENDS.get(reason, reason))
            case Fault():
                code = step.code if isinstance(step.code, int) else 500
                return self.frame(self.refusal(code, step))
            case _:
                return b""

    def refusal(self, status: int, fault: Fault) -> bytes:
        """Return an error object with Google's code, message and status."""
        name = self._ERRORS.get(status, "UNKNOWN")
        return _json({"error": {"code": status, "message": fault.message, "status": name}})

    def _chunk(self, parts: list[dict[str, Any]], finish: str | None = None) -> bytes:
        candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
        body: dict[str, Any] = {"candidates": [candidate], "modelVersion": self._model}
        if finish:
            candidate["finishReason"] = finish
        if finish and self._usage:
            body["usageMetadata"] = {
                "promptTokenCount": self._usage.tokens_in,
                "candidatesTokenCount": self._usage.tokens_out,
                "totalTokenCount": self._usage.tokens_in + self._usage.tokens_out,
            }
        return self.frame(_json(body))


class Ollama:
    """Ollama's own chat and, with `text`, its generate: one JSON object on each line."""

    content_type = LINES
    ping = b"\n"
    _WHEN: ClassVar = {"created_at": "2026-01-01T00:00:00.000000Z"}

    def __init__(self, model: str, *, text: bool) -> None:
        self._model = model
        self._text = text
        self._usage: Usage | None = None

    def start(self) -> bytes:
        """Return nothing: the first token is the first line."""
        return b""

    def write(self, step: Step) -> bytes:
        """Return the lines of `step`; usage is kept and sent with the end."""
        match step:
            case Text(text):
                return self._line(text, done=False)
            case Thought(text):
                return self._line("", thinking=text, done=False)
            case Usage():
                self._usage = step
                return b""
            case End(reason):
                counts: dict[str, int] = {}
                if self._usage:
                    counts["prompt_eval_count"] = self._usage.tokens_in
                    counts["eval_count"] = self._usage.tokens_out
                return self._line("", done=True, done_reason=reason, total_duration=1, **counts)
            case Fault():
                return self.frame(self.refusal(500, step))
            case _:
                return b""

    def frame(self, payload: bytes) -> bytes:
        """Return one line."""
        return payload + b"\n"

    def refusal(self, _status: int, fault: Fault) -> bytes:
        """Return an error object, which is nothing but a message."""
        return _json({"error": fault.message})

    def _line(self, text: str, *, thinking: str = "", **fields: Any) -> bytes:
        thought = {"thinking": thinking} if thinking else {}
        body: dict[str, Any] = {"model": self._model, **self._WHEN}
        if self._text:
            body |= {"response": text, **thought}
        else:
            body["message"] = {"role": "assistant", "content": text, **thought}
        return self.frame(_json({**body, **fields}))


def dialect(request: Request) -> Dialect | None:
    """Return the dialect that a request's path asks for, or None when there is no such path."""
    model, place = request.model, request.place
    if place.endswith("/chat/completions"):
        return OpenAI(model, text=False)
    if place.endswith("/completions"):
        return OpenAI(model, text=True)
    if place.endswith("/messages"):
        return Anthropic(model)
    if place.endswith(":streamGenerateContent"):
        return Gemini(model)
    if place.endswith("/api/chat"):
        return Ollama(model, text=False)
    if place.endswith("/api/generate"):
        return Ollama(model, text=True)
    return None
