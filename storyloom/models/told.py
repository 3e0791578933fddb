"""What the events of a provider's stream say besides the story, in each of the four protocols."""

from typing import Any, cast

from storyloom.models.drawing import Drawing
from storyloom.models.wire import Message

__all__ = ["Told"]

_STATUS = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402,
    "permission_error": 403, "not_found_error": 404, "request_too_large": 413,
    "rate_limit_error": 429, "rate_limit_exceeded": 429, "overloaded_error": 529,
}  # fmt: skip
"""What errors inside a stream are called, as the status they would have had before it."""
_MARKS = ("choices", "candidates", "done", "message", "delta")


class Told:
    """What has been told so far; `take` reads one more event."""

    def __init__(self, drawing: Drawing | None = None) -> None:
        self.drawing = drawing or Drawing()
        """The tokens with their probabilities, as far as they are wanted."""
        self.known = False
        """An event was of a protocol that is read here, so that what was not told was not sent."""
        self.reason: str | None = None
        """The finish reason in the provider's own word, in lower case; None before one came."""
        self.counted = False
        """Usage came from the provider."""
        self.cost: float | None = None
        """US dollars, where the provider says what the request has cost, as OpenRouter does."""
        self.model = ""
        """The model's name as the provider gave it."""
        self.error: str | None = None
        """The message of an error, as it came."""
        self.status: int | None = None
        """The status of HTTP that fits the error."""

    def take(self, event: Message) -> None:
        """Read one event, whatever it holds."""
        self.known = self.known or any(mark in event for mark in _MARKS)
        message = _table(event.get("message"))
        name = event.get("model") or event.get("modelVersion") or message.get("model")
        if not self.model and isinstance(name, str):
            self.model = name[:200]
        if event.get("usage") or event.get("usageMetadata") or "prompt_eval_count" in event:
            self.counted = True
        cost = _table(event.get("usage")).get("cost")
        if isinstance(cost, int | float) and not isinstance(cost, bool) and cost >= 0:
            self.cost = float(cost)
        reason = _reason(event)
        if isinstance(reason, str) and reason:
            self.reason = reason[:60].lower()
        self.take_error(event)
        self.drawing.take(event)

    def take_error(self, event: Message) -> None:
        """Read the error of an event or of a whole body, if it holds one."""
        error = event.get("error")
        if not error:
            return
        table = _table(error)
        told = table.get("message", error)
        self.error = told if isinstance(told, str) else ""
        names = [table.get(key) for key in ("code", "type", "status")]
        statuses = [_STATUS.get(name, 0) if isinstance(name, str) else name for name in names]
        fits = (one for one in statuses if isinstance(one, int) and 400 <= one < 600)
        self.status = next(fits, 500)


def _reason(event: Message) -> Any:
    """Return why the model ended, as this event says it: OpenAI, Anthropic, Gemini, Ollama."""
    delta = _table(event.get("delta"))
    return (
        _first(event.get("choices")).get("finish_reason")
        or delta.get("stop_reason")
        or delta.get("finish_reason")
        or _first(event.get("candidates")).get("finishReason")
        or _table(event.get("promptFeedback")).get("blockReason")
        or (event.get("done") is True and (event.get("done_reason") or "stop"))
    )


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _first(value: Any) -> dict[str, Any]:
    return _table(cast("list[Any]", value)[0]) if isinstance(value, list) and value else {}
