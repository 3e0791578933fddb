"""What went wrong with a branch, as a kind and one sentence for the author."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from storyloom.models.protocol import Failed, Kind
from storyloom.models.redact import redact
from storyloom.models.routes import NO_KEY_NEEDED, Route
from storyloom.models.variables import settable, variable_of
from storyloom.models.watching import Elsewhere
from storyloom.text import one_line

__all__ = ["Fault", "broke_off", "explain", "no_key", "no_story", "silent", "spoken", "unreadable"]

_LONGEST_MESSAGE = 2048
"""Characters of a provider's message that are looked at; error pages run to megabytes."""
_LONGEST_SENTENCE = 200
_LONGEST_QUOTE = 90
_LONGEST_WAIT = 24 * 3600.0


@dataclass(frozen=True)
class Fault:
    """One fault, ready to be told."""

    kind: Kind
    say: str
    """Clean, without keys, at most 200 characters."""
    retry_after: float | None = None
    """Seconds that the provider asks to wait."""
    passing: bool = False
    """Whether the same request may well succeed a little later."""
    status: int | None = None
    """The HTTP status that it came with, if with one."""

    def of(self, branch: str) -> Failed:
        """Return the event that ends `branch` with this fault."""
        return Failed(branch, self.kind, self.say, self.retry_after, self.status)


def spoken(sentence: str) -> str:
    """Return `sentence` on one line, clean, redacted, and at most 200 characters long."""
    sentence = one_line(redact(sentence))
    if len(sentence) <= _LONGEST_SENTENCE:
        return sentence
    return sentence[: _LONGEST_SENTENCE - 1].rstrip() + "…"


def no_key(route: Route) -> Fault:
    """Return the fault of a model whose key is nowhere to be found."""
    if route.key_trouble:
        return Fault("no_key", spoken(route.key_trouble))
    return Fault("no_key", spoken(_no_key(route.asked, route.key_missing or "")))


def _no_key(model: str, variable: str) -> str:
    return (
        f"There is no key for {model}: run 'storyloom keys set {settable(variable)}', or set the "
        f"environment variable {variable} and start again."
    )


def silent(route: Route, seconds: float, *, begun: bool) -> Fault:
    """Return the fault of a provider that sent no text for `seconds`."""
    if begun:
        say = f"{route.host} fell silent for {seconds:g} seconds; what had arrived is kept."
        return Fault("stalled", spoken(say))
    say = f"{route.host} sent no text within {seconds:g} seconds: try again, or another model."
    return Fault("timeout", spoken(say))


def broke_off(route: Route) -> Fault:
    """Return the fault of a connection that broke in the middle of the text."""
    say = f"The connection to {route.host} broke off; what had arrived is kept. Try again."
    return Fault("cut_off", spoken(say))


def unreadable(route: Route, what: str, *, begun: bool) -> Fault:
    """Return the fault of a stream that holds `what`, such as an event that cannot be read."""
    end = "; what had arrived is kept. Try again." if begun else ": try again, or another model."
    return Fault("server", spoken(f"{route.host} sent {what}{end}"))


def no_story(route: Route, content_type: str, message: str | None) -> Fault:
    """Return the fault of an answer that says success and holds a page or an error instead."""
    if message:
        message = _shortened(message)
        found = _by_message(message)
        return Fault(found or "server", spoken(f"{route.host} says: {_cut(message)}"))
    what = "a web page" if "html" in content_type else "something that is no story"
    say = f"{route.host} answered with {what}: check the address and the name of {route.asked}."
    return Fault("server", spoken(say))


def explain(
    error: BaseException,
    route: Route,
    *,
    begun: bool,
    told: str | None = None,
    status: int | None = None,
) -> Fault:
    """Return what `error` means for a call by `route`; `begun` when text had already arrived.

    `told` and `status` are what the provider itself said of it, where that was seen: litellm wraps
    the one and sometimes changes the other.
    """
    chain = list(_chain(error))
    if there := next((one.host for one in chain if isinstance(one, Elsewhere)), None):
        return _sent_on(route, there)
    message = _shortened(told or str(chain[0]))
    unanswered = status is None and bool(_causes(chain) & _BROKEN)
    status = status or _status(chain)
    # litellm looks for numbers in the message, and finds a 403 in an address with such a port.
    kind = "connection" if unanswered else _kind(chain, status, message)
    if kind == "other" and begun:
        kind = "server"
    if begun and kind in ("connection", "timeout"):
        return broke_off(route)
    wait = _retry_after(chain) if kind in ("rate_limit", "server") else None
    if route.provider == "local":
        return Fault(kind, spoken(_local(message)), wait)
    passing = not begun and kind in ("rate_limit", "server", "connection")
    words = _cut(told) if told else _words(chain, message)
    say = spoken(_sentence(kind, route, words, status, wait))
    return Fault(kind, say, wait, passing, status)


def _sent_on(route: Route, there: str) -> Fault:
    say = (
        f"{route.host} sends requests on to {there}, which must not get the key and the story: "
        f"check the address of {route.asked}."
    )
    return Fault("not_found", spoken(say))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen and len(seen) < 12:
        seen.add(id(error))
        yield error
        original = getattr(error, "original_exception", None)
        if isinstance(original, BaseException):
            yield original
        error = error.__cause__ or error.__context__


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_MESSAGE:
        return text
    # Cut at a space: half a key at the end would not be known for one.
    return text[:_LONGEST_MESSAGE].rpartition(" ")[0]


def _status(chain: list[BaseException]) -> int | None:
    for error in chain:
        status: Any = getattr(error, "status_code", None)
        if isinstance(status, int) and status != 500:
            return status
    return None


_BY_CLASS: dict[str, Kind] = {
    "ContextWindowExceededError": "context_too_long",
    "ContentPolicyViolationError": "refused",
    "AuthenticationError": "auth",
    "PermissionDeniedError": "auth",
    "NotFoundError": "not_found",
    "RateLimitError": "rate_limit",
    "Timeout": "timeout",
    "TimeoutException": "timeout",
    "UnsupportedParamsError": "bad_request",
}
_BROKEN = {
    "APIConnectionError", "ConnectError", "ConnectTimeout", "ClientConnectorError", "ReadError",
    "WriteError", "RemoteProtocolError", "ServerDisconnectedError", "ClientPayloadError",
    "ConnectionError", "gaierror",
}  # fmt: skip
_BY_STATUS: dict[int, Kind] = {
    400: "bad_request", 401: "auth", 402: "auth", 403: "auth", 404: "not_found", 405: "not_found",
    408: "timeout", 413: "context_too_long", 422: "bad_request", 429: "rate_limit",
}  # fmt: skip
_BY_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "context_too_long",
        re.compile(
            r"context.{0,20}(length|window|size)|prompt is too long|too many tokens"
            r"|exceeds? the (available|maximum) (context|token)|input is too long",
            re.IGNORECASE,
        ),
    ),
    (
        "no_key",
        re.compile(r"api_key client option must be set|missing (\w+ )?api key", re.IGNORECASE),
    ),
    ("refused", re.compile(r"content.?(policy|filter|management)|safety system", re.IGNORECASE)),
)


def _by_message(message: str) -> Kind | None:
    return next((kind for kind, words in _BY_WORDS if words.search(message)), None)


def _kind(chain: list[BaseException], status: int | None, message: str) -> Kind:
    names = {kind.__name__ for error in chain for kind in type(error).__mro__}
    if status == 503 and "LocalException" in message:
        return "no_engine"
    if status in (None, 400, 413, 422) and (found := _by_message(message)):
        return found
    for name, kind in _BY_CLASS.items():
        if name in names:
            return kind
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    # litellm calls every fault it cannot place an APIConnectionError, so only the causes count.
    if _causes(chain) & _BROKEN or "Cannot connect to host" in message:
        return "connection"
    if (status or 0) >= 500 or any(getattr(error, "status_code", None) for error in chain):
        return "server"
    return "other"


def _causes(chain: list[BaseException]) -> set[str]:
    """Return the names of the errors' classes, those of litellm left out."""
    return {
        kind.__name__
        for error in chain
        for kind in type(error).__mro__
        if not type(error).__module__.startswith("litellm")
    }


def _sentence(kind: Kind, route: Route, words: str, status: int | None, wait: float | None) -> str:
    host, model = route.host, route.asked
    match kind:
        case "no_key":
            return _no_key(model, route.key_env or variable_of(route.provider))
        case "auth" if status == 402:
            return f"{host} says that the account has no credit left for {model}."
        case "auth" if route.api_key is NO_KEY_NEEDED:
            return (
                f"{host} asks for a key for {model}: run 'storyloom keys set MY_KEY', and write "
                'key_env = "MY_KEY" to the model in config.toml.'
            )
        case "auth":
            where = f" in {route.key_env}" if route.key_env else ""
            return f"{host} did not accept the key{where} for {model}: check it."
        case "not_found":
            return f"{host} has no model {model}: check its name and address. It says: {words}"
        case "rate_limit" if wait is not None:
            return f"{host} asks to wait {_long(wait)} before {model} is asked again."
        case "rate_limit":
            return f"{host} takes no more for now: wait a little and try again. It says: {words}"
        case "context_too_long":
            return f"More was sent than {model} can read at once: lower the context and try again."
        case "refused":
            return f"{host} declined to write this. It says: {words}"
        case "connection":
            return f"{host} cannot be reached: check the network, the address, and that it runs."
        case "timeout":
            return f"{host} did not answer in time: try again, or another model."
        case "bad_request":
            return f"{host} did not take the request for {model}. It says: {words}"
        case "server":
            return f"{host} has a fault of its own: try again later. It says: {words}"
        case _:
            return f"{model} could not be asked: {words}"


_QUOTED = re.compile(r"""["']message["']:\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
_PREFIX = re.compile(r"^(?:(?:litellm\.)?\w*(?:Error|Exception)\s*[:-]\s+)+|^\w+Exception - ")
_LOCAL = re.compile(r"LocalException - (.*?)(?: Original exception:.*)?$", re.DOTALL)


def _words(chain: list[BaseException], message: str) -> str:
    """Return what the provider itself says, out of the wrappings."""
    found = _QUOTED.search(message)
    if found:
        return _cut(found.group(1) or found.group(2) or "")
    message = message.partition(" Original exception:")[0]
    while message != (shorter := _PREFIX.sub("", message)):
        message = shorter
    return _cut(message) or type(chain[0]).__name__


def _local(message: str) -> str:
    found = _LOCAL.search(message)
    return found.group(1) if found else f"The embedded model could not write: {_cut(message)}"


def _cut(text: str) -> str:
    text = one_line(redact(_shortened(text)))
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1].rstrip() + "…"


def _long(seconds: float) -> str:
    for size, name in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds" if seconds >= 2 else "a second"


def _retry_after(chain: list[BaseException]) -> float | None:
    """Return the seconds of a Retry-After header, which may also hold a date (RFC 9110, 10.2.3)."""
    for error in chain:
        response = getattr(error, "response", None)
        for headers in (
            getattr(error, "litellm_response_headers", None),
            getattr(response, "headers", None),
        ):
            value: Any = headers.get("retry-after") if headers else None
            seconds = _seconds(value)
            if seconds is not None and seconds >= 0:
                return min(seconds, _LONGEST_WAIT)
    return None


def _seconds(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    try:
        then = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    # A date without a zone is meant as UTC there.
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())
