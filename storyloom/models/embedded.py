"""The embedded model as a provider of litellm, `local/…`, inside the worker.

litellm asks for one branch a call; the calls of one fork are gathered here, so that the engine
evaluates their prompt once. Everything runs on the worker's event loop.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from storyloom.models import weights
from storyloom.models.embedded_process import Branch, EngineProcess
from storyloom.models.engine_llama import MOST_BRANCHES, WINDOW
from storyloom.models.protocol import ChatMessage, Facts
from storyloom.models.watching import current
from storyloom.models.wire import JSON, Message
from storyloom.text import Refusal

__all__ = ["Provider", "catalogue", "close", "facts", "prepare", "register"]

EMBEDDED_WINDOW = 2048
"""Tokens to give the embedded model. It takes more, but reads about 150 a second, and so small a
model makes nothing of more."""
_GAP = 0.3
"""Seconds without a further call of a fork after which those that came go ahead."""

_STATUS = {"no_engine": 503, "not_found": 404, "context_too_long": 400, "bad_request": 400}
_NOT_SAMPLING = frozenset(
    {"stream", "stream_options", "max_retries", "num_retries", "extra_body", "seed", "n"}
)


class Failure(Exception):
    """A branch failed; the message is one sentence for the author."""

    def __init__(self, kind: str, say: str) -> None:
        super().__init__(say)
        self.kind = kind


@dataclass
class _Fork:
    """Calls of one fork that wait for each other."""

    of: int
    arrived: int = 0
    branches: list[Branch] = field(default_factory=list[Branch])
    timer: asyncio.TimerHandle | None = None


class Provider:
    """Turns the single calls of forks into the engine's requests and gives each its text."""

    def __init__(self) -> None:
        self._engines: dict[str, EngineProcess] = {}
        self._forks: dict[tuple[str, str], _Fork] = {}
        self._names = itertools.count(1)

    def engine(self, model: str) -> EngineProcess:
        """Return the engine of a `local/…` model, running or not. Raises Refusal."""
        path = weights.path_of(model)
        return self._engines.setdefault(str(path), EngineProcess(path))

    async def stream(
        self,
        model: str,
        source: str | list[ChatMessage],
        params: Mapping[str, Any],
        *,
        fork: str = "",
        index: int = 0,
        of: int = 1,
    ) -> AsyncGenerator[Message]:
        """Yield the engine's `delta` messages of one branch and at last its `done`.

        Raises Failure. Closing the generator stops the branch.
        """
        try:
            engine = self.engine(model)
        except Refusal as refusal:
            raise Failure("not_found", str(refusal)) from refusal
        seed = params.get("seed")
        branch = Branch(
            id=str(next(self._names)),
            source=source,
            params={k: v for k, v in params.items() if k not in _NOT_SAMPLING},
            seed=seed if isinstance(seed, int) else None,
            index=index,
        )
        self._gather(engine, model, branch, fork, of)
        try:
            while True:
                message = await branch.inbox.get()
                match message["is"]:
                    case "delta":
                        yield message
                    case "done":
                        yield message
                        return
                    case "error":
                        raise Failure(str(message["kind"]), str(message["say"]))
                    case _:
                        pass
        finally:
            self._leave(model, fork, branch)
            engine.cancel(branch)

    async def close(self) -> None:
        """End the engines."""
        engines, self._engines = list(self._engines.values()), {}
        await asyncio.gather(*(engine.close() for engine in engines))

    def _gather(
        self, engine: EngineProcess, model: str, branch: Branch, fork: str, of: int
    ) -> None:
        if not fork or of <= 1:
            _launch(engine, [branch])
            return
        key = (model, fork)
        waiting = self._forks.setdefault(key, _Fork(of))
        waiting.branches.append(branch)
        waiting.arrived += 1
        if waiting.timer is not None:
            waiting.timer.cancel()

        def go() -> None:
            self._forks.pop(key, None)
            _launch(engine, waiting.branches)

        if waiting.arrived >= of:
            go()
        else:
            waiting.timer = asyncio.get_running_loop().call_later(_GAP, go)

    def _leave(self, model: str, fork: str, branch: Branch) -> None:
        """Take a branch that has been stopped out of a fork that still waits."""
        waiting = self._forks.get((model, fork))
        if waiting is not None and branch in waiting.branches:
            waiting.branches.remove(branch)


def _launch(engine: EngineProcess, branches: list[Branch]) -> None:
    """Ask for `branches`, as far as they go together in one request each."""
    groups: list[list[Branch]] = []
    for branch in sorted(branches, key=lambda branch: branch.index):
        for group in groups:
            if _fits(group, branch):
                group.append(branch)
                break
        else:
            groups.append([branch])
    for group in groups:
        engine.ask(group, group[0].seed)


def _fits(group: list[Branch], branch: Branch) -> bool:
    first = group[0]
    if len(group) >= MOST_BRANCHES:
        return False
    if (first.source, first.params) != (branch.source, branch.params):
        return False
    # The engine draws branch i with the first one's seed + i. The same seed for all would be the
    # same text for all, which nobody wants, so there it means the first one's.
    return branch.seed in (first.seed, None if first.seed is None else first.seed + len(group))


_provider = Provider()


def prepare(model: str) -> None:
    """Start the engine of `model`, so that it loads while other things are done. Returns at once.

    Call it on the event loop's thread. Raises Refusal when there is no such model.
    """
    _provider.engine(model).start()


def facts(model: str) -> Facts:
    """Return what is known of a `local/…` model; `known` says whether its file is here."""
    embedded = model == weights.EMBEDDED
    return Facts(
        model,
        "text",
        window=EMBEDDED_WINDOW if embedded else WINDOW,
        in_price=0.0,
        out_price=0.0,
        known=any(local.model == model for local in weights.find()),
        provider="embedded",
    )


def catalogue() -> list[Facts]:
    """Return the facts of the embedded model, fetched or not, and of the user's own files."""
    names = [weights.EMBEDDED, *(local.model for local in weights.find())]
    return [facts(name) for name in dict.fromkeys(names)]


async def close() -> None:
    """End the engines' processes."""
    await _provider.close()


def register(litellm: Any) -> None:
    """Make litellm ask this provider for models called `local/…`."""

    async def astreaming(
        _handler: object,
        model: str,
        messages: list[ChatMessage],
        *_: Any,
        optional_params: Mapping[str, Any] | None = None,
        litellm_params: Mapping[str, Any] | None = None,
        **_rest: Any,
    ) -> AsyncGenerator[dict[str, Any]]:
        options = dict(optional_params or {})
        text = (litellm_params or {}).get("text_completion") or options.pop("text_completion", None)
        extra = cast("dict[str, Any]", options.get("extra_body") or {})
        fork: dict[str, Any] = extra.get("storyloom") or {}
        branch = _provider.stream(
            "local/" + model.removeprefix("local/"),
            messages[-1]["content"] if text else messages,
            cast("Mapping[str, JSON]", options),
            fork=str(fork.get("fork") or ""),
            index=int(fork.get("index") or 0),
            of=int(fork.get("of") or 1),
        )
        try:
            async for message in branch:
                if (drawn := message.get("drawn")) and (witness := current.get()) is not None:
                    # litellm has no room for them in what it takes from here.
                    witness.told.drawing.take({"choices": [{"logprobs": {"content": drawn}}]})
                yield _chunk(message)
        except Failure as failure:
            status = _STATUS.get(failure.kind, 500)
            raise litellm.llms.custom_llm.CustomLLMError(status, str(failure)) from failure
        finally:
            await branch.aclose()

    handler = type("EmbeddedProvider", (litellm.CustomLLM,), {"astreaming": astreaming})
    litellm.custom_provider_map = [
        *litellm.custom_provider_map,
        {"provider": "local", "custom_handler": handler()},
    ]
    litellm.utils.custom_llm_setup()


def _chunk(message: Message) -> dict[str, Any]:
    chunk: dict[str, Any] = {
        "text": message.get("text", ""),
        "is_finished": False,
        "finish_reason": "",
        "index": 0,
        "tool_use": None,
        "usage": None,
    }
    if message["is"] == "done":
        came, went = message.get("in_tokens") or 0, message.get("out_tokens") or 0
        usage = {"prompt_tokens": came, "completion_tokens": went, "total_tokens": came + went}
        chunk |= {"is_finished": True, "finish_reason": message["finish"], "usage": usage}
    return chunk
