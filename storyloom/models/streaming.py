"""One branch: one request to one model through litellm, its text passed on as it comes."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from storyloom.models import faults
from storyloom.models.drawing import Drawing
from storyloom.models.prefill import marked, unsaid
from storyloom.models.protocol import Call, Delta, Done, Drawn, Event, Finish, First, Token, Waiting
from storyloom.models.redact import Masking, redact
from storyloom.models.retrying import Patiently, Retries
from storyloom.models.routes import Route, Unroutable, is_local, route
from storyloom.models.taken import left_out
from storyloom.models.turns import turn
from storyloom.models.watching import current
from storyloom.models.wire import JSON
from storyloom.models.witness import Witness

__all__ = ["Outbox", "answer"]

BATCH = 0.04
"""Seconds of text sent together: one frame of the screen, and few lines on the wire."""
_TURN = 0.005
"""Seconds of buffered text that one branch reads before the others have theirs."""
LIMIT = 900.0
"""Seconds of silence after which litellm gives up; the watchdogs here are far shorter. Always the
same, as litellm keeps a client for each value."""
CONNECT = 20.0
"""Seconds to reach a server at all."""
_CHARACTERS_PER_TOKEN = 24
"""More than any tokenizer's average: a text beyond it is from a server that ignores max_tokens."""
_UNLIMITED = 4096
"""The max_tokens of a call that gives none."""


class Outbox:
    """The events of one branch on their way out: text gathered for 40 ms, and exactly one end."""

    def __init__(self, branch: str, send: Callable[[Event], None]) -> None:
        self.characters = 0
        """How much text has come."""
        self._begun = False
        self._masking = Masking()
        self._branch = branch
        self._send = send
        self._pieces: list[str] = []
        self._drawn: list[Token] = []
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False

    def text(self, piece: str) -> None:
        """Pass `piece` on without keys: the first one at once, then what 40 ms bring together."""
        self.characters += len(piece)
        self._pass_on(self._masking.feed(piece))

    def _pass_on(self, piece: str) -> None:
        if not piece:
            return
        if not self._begun:
            self._begun = True
            self._send(First(self._branch))
            self._send(Delta(self._branch, piece))
        else:
            self._pieces.append(piece)
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(BATCH, self._flush)

    def drawn(self, tokens: tuple[Token, ...]) -> None:
        """Pass tokens on with the next text."""
        self._drawn += tokens

    def end(self, event: Event) -> None:
        """Send what is left of the text and then `event`; a second end is ignored."""
        self._pass_on(self._masking.rest())
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        if not self._ended:
            self._ended = True
            self._send(event)

    def _flush(self) -> None:
        self._timer = None
        if self._pieces:
            self._send(Delta(self._branch, "".join(self._pieces)))
            self._pieces.clear()
        if self._drawn and not self._ended:
            self._send(Drawn(self._branch, tuple(self._drawn)))
            self._drawn.clear()


async def answer(
    library: Any,
    call: Call,
    send: Callable[[Event], None],
    patiently: Patiently | None = None,
) -> None:
    """Ask `call` and send its events, always ending with one Done or Failed; raises nothing.

    What fails before any text and may pass is asked again, see `Retries`; `patiently` is where
    that waits. Cancelling the task closes the connection and ends the branch as stopped.
    """
    outbox = Outbox(call.id, send)
    text = call.messages is None
    try:
        way = route(library, call.model, api_base=call.api_base, key_env=call.key_env, text=text)
    except Unroutable as error:
        outbox.end(faults.Fault(error.kind, faults.spoken(str(error))).of(call.id))
        return
    if way.key_missing:
        outbox.end(faults.no_key(way).of(call.id))
        return
    asking = _Asking(library, call, way, outbox)
    patiently, retries, made = patiently or Patiently(), Retries.of_environment(), 0
    untold: tuple[str, ...] = ()
    try:
        while True:
            made += 1
            try:
                async with turn(way, call.at_once):
                    end = await asking.run()
                break
            except Exception as error:
                fault = asking.fault(error)
            if not untold and asking.refuses_to_tell:
                call, untold = _without_tokens(call)
                asking = _Asking(library, call, way, outbox)
                continue
            wait = None if asking.heard else retries.wait(fault, made)
            if wait is None:
                end = fault.of(call.id)
                break
            send(Waiting(call.id, wait, made, fault.kind, fault.say))
            await patiently.wait(wait)
            asking = _Asking(library, call, way, outbox)
        if untold and isinstance(end, Done):
            end = replace(end, dropped=tuple(sorted({*end.dropped, *untold})))
        outbox.end(end)
    except asyncio.CancelledError:
        outbox.end(Done(call.id, "stopped", redact(asking.witness.told.model), way.provider))


class _Asking:
    """One request under way."""

    def __init__(self, library: Any, call: Call, way: Route, outbox: Outbox) -> None:
        self.witness = Witness(Drawing(_alternatives(call)))
        self.heard = False
        """Whether any token has come, of the story or of thoughts: it may have to be paid for."""
        self._library = library
        self._call = call
        self._way = way
        self._outbox = outbox
        self._limit = asyncio.timeout(way.patience.first)
        self._echo = unsaid(call.messages, way.provider)
        self._most = _most_characters(call)
        self._said: str | None = None
        self._usage: Any = None

    @property
    def refuses_to_tell(self) -> bool:
        """Whether the request was refused because tokens were asked for, as some models do."""
        asked = not self.heard and _alternatives(self._call) > 0
        return asked and "logprob" in (self.witness.error() or "").lower()

    async def run(self) -> Event:
        """Make the request, pass its text on, and return how it ended. Raises what litellm does."""
        current.set(self.witness)
        stream: Any = None
        try:
            async with self._limit:
                stream = await self._library.acompletion(**_request(self._call, self._way))
                try:
                    await self._listen(stream)
                finally:
                    await _close(stream, self.witness)
        except TimeoutError:
            # A provider that has said its end need not close its connection too.
            if not (stream and self._limit.expired() and self.witness.told.reason):
                raise
        except Exception as error:
            # Nor need the connection last after it.
            if not (stream and self.witness.told.reason and self.fault(error).kind == "cut_off"):
                raise
        if rest := self._echo.rest():
            self._outbox.text(rest)
        self._outbox.drawn(self.witness.told.drawing.taken())
        return self._end(stream)

    def fault(self, error: Exception) -> faults.Fault:
        """Return what `error`, raised by `run`, means."""
        begun = self._outbox.characters > 0
        if self._limit.expired():
            patience = self._way.patience
            return faults.silent(self._way, patience.next if begun else patience.first, begun=begun)
        if not begun and (fault := _no_stream(None, self._way, self.witness)):
            return fault
        if self.witness.broken:
            return faults.unreadable(self._way, self.witness.broken, begun=begun)
        told, status = self.witness.error() or self.witness.words(), self.witness.status
        return faults.explain(error, self._way, begun=begun, told=told, status=status)

    async def _listen(self, stream: Any) -> None:
        loop = asyncio.get_running_loop()
        turn_ends = loop.time() + _TURN
        async for chunk in stream:
            self._take(chunk)
            if self._over:
                break
            # litellm does not yield while data is buffered; the loop would starve.
            if loop.time() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = loop.time() + _TURN

    @property
    def _over(self) -> bool:
        """Whether more text has come than was asked for."""
        return self._outbox.characters > self._most

    def _take(self, chunk: Any) -> None:
        self._usage = getattr(chunk, "usage", None) or self._usage
        self._outbox.drawn(self.witness.told.drawing.taken())
        if not chunk.choices:
            return
        choice = chunk.choices[0]
        self._said = choice.finish_reason or self._said
        piece: str = choice.delta.content or ""
        if text := self._echo.heard(piece):
            self._outbox.text(text)
        # Reasoning is no story, but a model that thinks aloud is not silent.
        if piece or getattr(choice.delta, "reasoning_content", None):
            self.heard = True
            self._limit.reschedule(asyncio.get_running_loop().time() + self._way.patience.next)

    def _end(self, stream: Any) -> Event:
        call, way, witness = self._call, self._way, self.witness
        reason = "length" if self._over else _finish_reason(stream, witness, self._said)
        text = self._outbox.characters > 0
        if reason is None and not text and (fault := _no_stream(stream, way, witness)):
            return fault.of(call.id)
        # Without a finish reason, or without usage from the provider, the count is litellm's guess.
        usage: Any = self._usage or None
        told = reason is not None and bool(usage) and _was_counted(stream, witness)
        tokens_in: int | None = usage.prompt_tokens if told else None
        tokens_out: int | None = usage.completion_tokens if told else None
        return Done(
            call.id,
            _finish(reason, text),
            redact(witness.told.model or str(_hidden(stream).get("provider_response_model") or "")),
            way.provider,
            tokens_in,
            tokens_out,
            _cost(self._library, way, witness.told.cost, tokens_in, tokens_out),
            left_out(self._library, way, call.params),
        )


def _request(call: Call, way: Route) -> dict[str, Any]:
    """Return the arguments of litellm's call."""
    import httpx

    extra: dict[str, JSON] = {}
    if is_local(call.model):
        extra["storyloom"] = {"fork": call.fork, "index": call.index, "of": call.of}
    elif way.provider == "ollama" and call.messages is None:
        # Else ollama puts the prompt into the model's chat template. With a suffix it puts both
        # into the one for that, which a raw prompt would do without.
        extra |= {"suffix": call.suffix} if call.suffix else {"raw": True}
    # Text completion is asked for through `acompletion` too, as litellm's own text function does:
    # the stream that comes back can then be closed, and says whether the model finished.
    asked: dict[str, Any] = (
        {"messages": [{"role": "user", "content": call.prompt}], "text_completion": True}
        if call.messages is None
        else {"messages": marked(call.messages, way.provider)}
    )
    if call.suffix and way.provider != "ollama":
        asked["suffix"] = call.suffix
    return {
        "max_tokens": _UNLIMITED,
        **call.params,
        **asked,
        **({"extra_body": extra} if extra else {}),
        "model": way.model,
        "api_base": way.api_base,
        "api_key": way.api_key.reveal() if way.api_key else None,
        "stream": True,
        "stream_options": {"include_usage": True},
        "timeout": httpx.Timeout(LIMIT, connect=CONNECT),
        "max_retries": 0,
        "num_retries": 0,
        "drop_params": True,
    }


_TELLING = ("logprobs", "top_logprobs")
"""The parameters that ask for tokens."""


def _without_tokens(call: Call) -> tuple[Call, tuple[str, ...]]:
    """Return the call that does not ask for tokens, and the names of what asked for them."""
    kept = {name: value for name, value in call.params.items() if name not in _TELLING}
    return replace(call, params=kept), tuple(name for name in _TELLING if name in call.params)


def _alternatives(call: Call) -> int:
    """Return how many alternatives to each token are asked for: `top_logprobs` of a chat, the
    number itself of a completion, where it is called `logprobs`.
    """
    for name in reversed(_TELLING):
        asked = call.params.get(name)
        if isinstance(asked, int) and not isinstance(asked, bool):
            return asked
    return 0


def _most_characters(call: Call) -> int:
    tokens = call.params.get("max_tokens")
    return (tokens if isinstance(tokens, int) else _UNLIMITED) * _CHARACTERS_PER_TOKEN + 1024


def _finish_reason(stream: Any, witness: Witness, said: str | None) -> str | None:
    """Return the reason the provider gave, None when it gave none: litellm would say `stop`."""
    if witness.told.known:
        return witness.told.reason
    if hasattr(stream, "received_finish_reason"):
        # Of a protocol that the witness does not read, litellm's word is all there is.
        return stream.received_finish_reason or stream.intermittent_finish_reason
    return said if witness.response is None else None


def _was_counted(stream: Any, witness: Witness) -> bool:
    """Return whether the provider itself counted the tokens."""
    chunks: Any = getattr(stream, "chunks", ())
    return witness.told.counted or any(getattr(chunk, "usage", None) for chunk in chunks)


_REFUSED = {
    "content_filter", "refusal", "safety", "recitation", "blocklist", "prohibited_content", "spii",
    "image_safety", "language", "content_filtered", "guardrail_intervened", "error_toxic",
}  # fmt: skip
_AT_LIMIT = {"length", "max_tokens", "model_length", "model_context_window_exceeded"}


def _finish(reason: str | None, text: bool) -> Finish:
    if reason in _REFUSED:
        return "refused"
    if not text:
        return "empty"
    if reason is None:
        return "cut_off"
    return "length" if reason in _AT_LIMIT else "stop"


def _no_stream(stream: Any, way: Route, witness: Witness) -> faults.Fault | None:
    """Return the fault of a response that was no stream at all, if it was none."""
    if witness.response is not None and witness.response.status_code >= 400:
        return None
    headers: Any = _hidden(stream).get("additional_headers") or {}
    content_type = witness.content_type or str(headers.get("llm_provider-content-type", "")).lower()
    if "html" in content_type or "application/json" in content_type:
        return faults.no_story(way, content_type, witness.error())
    return None


def _hidden(stream: Any) -> dict[str, Any]:
    """Return what litellm tells besides the text; it has no public name."""
    return getattr(stream, "_hidden_params", None) or {}


async def _close(stream: Any, witness: Witness) -> None:
    with contextlib.suppress(Exception):
        await stream.aclose()
    # litellm's text completion closes only its own end.
    if witness.response is not None:
        with contextlib.suppress(Exception):
            await witness.response.aclose()


def _cost(
    library: Any, way: Route, told: float | None, tokens_in: int | None, tokens_out: int | None
) -> float | None:
    """Return US dollars, or None when they are not known: a price of 0 in the list is no price.

    `told` is what the provider itself says.
    """
    if way.provider == "local":
        return 0.0
    # Not what litellm puts into the usage: that is its list's price, wherever the server is.
    if told is not None:
        return told
    if way.own or tokens_in is None or tokens_out is None:
        return None
    try:
        price_in, price_out = library.cost_per_token(
            model=way.asked, prompt_tokens=tokens_in, completion_tokens=tokens_out
        )
    except Exception:  # litellm raises many things for a model that it has no price for
        return None
    return float(price_in + price_out) or None
