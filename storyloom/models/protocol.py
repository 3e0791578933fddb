"""What client, worker and engine say to each other, as types.

To the worker, `{"do": …}`:

    start     id, call              one branch (`Call`)
    cancel    id                    stop that branch; what has arrived stays
    hurry     id                    wait no longer, if that branch waits to be asked again
    describe  id, model, …          answer `Facts`
    models    id                    answer the catalogue
    servers   id, servers           answer what these servers serve (`served.Server`)

From the worker, `{"is": …}`: `ready` once litellm is imported, `waiting` before a request is made
again (never after text has come), `first` at a branch's first token, `delta` with the text of 40
ms, `drawn` with its tokens where they were asked for, then exactly one of `done` and `error`;
`facts`; `catalogue`; `served`.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict

from storyloom.models.wire import JSON, Message

__all__ = [
    "SAMPLED", "Call", "CatalogueEntry", "ChatMessage", "Delta", "Done", "Drawn", "Event", "Facts",
    "Failed", "Finish", "First", "Kind", "Mode", "Token", "Waiting", "call_from", "call_to",
    "event_from", "event_to", "facts_from", "facts_to",
]  # fmt: skip

Mode: TypeAlias = Literal["chat", "text", "prefill"]
"""How a model is made to continue: by instruction, by raw completion, by a begun answer."""

Finish: TypeAlias = Literal["stop", "length", "cut_off", "empty", "stopped", "refused"]
"""Why a branch ended: by itself, at its limit, the stream broke off, nothing came, the author
stopped it, the model declined."""

Kind: TypeAlias = Literal[
    "no_key", "auth", "not_found", "rate_limit", "bad_request", "context_too_long", "refused",
    "server", "connection", "timeout", "stalled", "cut_off", "no_engine", "worker_died", "other",
]  # fmt: skip


class ChatMessage(TypedDict):
    """One message of a chat request."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Call:
    """One branch to be asked of one model. Exactly one of `messages` and `prompt` is given."""

    id: str
    """Unique in the program; events carry it."""
    model: str
    """litellm's name, `local/…` for the embedded engine."""
    messages: list[ChatMessage] | None = None
    prompt: str | None = None
    suffix: str | None = None
    """What comes after the text that is wanted; only with a prompt."""
    params: dict[str, JSON] = field(default_factory=dict[str, JSON])
    """`max_tokens` always; temperature, top_p, seed, stop and the like where wanted."""
    api_base: str | None = None
    key_env: str | None = None
    """The environment variable with the key; the key itself never travels."""
    at_once: int | None = None
    """Requests that its server answers at once, where its owner says so."""
    fork: str = ""
    """Calls with the same fork and the same embedded model are answered by one evaluation."""
    index: int = 0
    of: int = 1
    """This call is number `index` of `of` calls of its fork to this model."""


@dataclass(frozen=True)
class Waiting:
    """A request failed before any text and is made again a little later."""

    id: str
    seconds: float
    """How long that is; `hurry` ends it."""
    made: int
    """Requests made so far, 1 at the least."""
    kind: Kind
    say: str
    """Why, as one sentence as in `Failed`."""


@dataclass(frozen=True)
class First:
    """A branch's first token has arrived."""

    id: str


@dataclass(frozen=True)
class Delta:
    """More text of a branch, as the model sent it, but for keys in it, which are masked."""

    id: str
    text: str


class Token(NamedTuple):
    """One token of an answer, and what the model might have written in its place."""

    text: str
    """Whole characters, 100 at most; a piece of a character comes with the rest of it."""
    logprob: float
    """The natural logarithm of its probability, from -1000 to 0."""
    others: tuple[tuple[str, float], ...] = ()
    """The alternatives with theirs, the likeliest first and 20 at most; itself is not one."""


@dataclass(frozen=True)
class Drawn:
    """More tokens of a branch, in their order; they may lag behind its text."""

    id: str
    tokens: tuple[Token, ...]


@dataclass(frozen=True)
class Done:
    """A branch has ended without a fault, or was stopped by the author."""

    id: str
    finish: Finish
    returned: str = ""
    """The model's name as the provider gave it back."""
    provider: str = ""
    in_tokens: int | None = None
    out_tokens: int | None = None
    cost: float | None = None
    """US dollars; None when the price is unknown, never 0 for that."""
    dropped: tuple[str, ...] = ()
    """Parameters the provider does not take, which were left out."""


@dataclass(frozen=True)
class Failed:
    """A branch has ended by a fault; the text that had arrived stays valid."""

    id: str
    kind: Kind
    say: str
    """One clean, redacted sentence of at most 200 characters for the author."""
    retry_after: float | None = None
    """Seconds the provider asks to wait."""
    status: int | None = None
    """The HTTP status that it came with, if with one."""


Event: TypeAlias = Waiting | First | Delta | Drawn | Done | Failed


@dataclass(frozen=True)
class Facts:
    """What is known of a model before it is asked."""

    model: str
    mode: Mode = "chat"
    window: int | None = None
    """Input window in tokens."""
    in_price: float | None = None
    out_price: float | None = None
    """US dollars per token; None when unknown."""
    known: bool = False
    """Whether litellm's own list has the model."""
    provider: str = ""
    key_missing: str | None = None
    """The environment variable that should hold a key and does not."""
    refuses: tuple[str, ...] = ()
    """Those of `SAMPLED` that are left out for it, as its provider does not take them."""
    hottest: float | None = None
    """The highest temperature that its provider takes; None when unknown."""


SAMPLED = ("temperature", "top_p", "seed")
"""The parameters that shape what is drawn, by litellm's names."""

CatalogueEntry: TypeAlias = Facts
"""One row of the catalogue says of a model what its facts say."""


def call_to(call: Call) -> Message:
    """Return `call` as a JSON object."""
    return asdict(call)


def call_from(body: Message) -> Call:
    """Return the call that a JSON object holds. Raises TypeError when it holds none."""
    return Call(**body)


def facts_to(facts: Facts) -> Message:
    """Return `facts` as a JSON object."""
    return asdict(facts)


def facts_from(body: Message) -> Facts:
    """Return the facts that a JSON object holds; what it says besides is left out."""
    known: dict[str, Any] = {key: value for key, value in body.items() if key in _FACTS}
    known["refuses"] = tuple(known.get("refuses", ()))
    return Facts(**known)


_FACTS = frozenset(Facts.__dataclass_fields__)
_NAMES: dict[type, str] = {
    Waiting: "waiting",
    First: "first",
    Delta: "delta",
    Drawn: "drawn",
    Done: "done",
    Failed: "error",
}


def event_to(event: Event) -> Message:
    """Return `event` as a message of the wire."""
    return {"is": _NAMES[type(event)], **asdict(event)}


def event_from(message: Message) -> Event | None:
    """Return the event that a message of the wire holds, or None when it is no branch's event."""
    body: dict[str, Any] = {key: value for key, value in message.items() if key != "is"}
    match message.get("is"):
        case "waiting":
            return Waiting(**body)
        case "first":
            return First(**body)
        case "delta":
            return Delta(**body)
        case "drawn":
            body["tokens"] = tuple(
                Token(text, logprob, tuple((other, chance) for other, chance in others))
                for text, logprob, others in body["tokens"]
            )
            return Drawn(**body)
        case "done":
            body["dropped"] = tuple(body.get("dropped", ()))
            return Done(**body)
        case "error":
            return Failed(**body)
        case _:
            return None
