"""The embedded model answers litellm's calls, a fork by one request, and survives its engine."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storyloom import paths
from storyloom.models import embedded, weights
from storyloom.models.client import Client
from storyloom.models.embedded import Failure, Provider
from storyloom.models.embedded_process import Branch, EngineProcess
from storyloom.models.protocol import Call, Delta, Done, Event, Failed, First
from tests.models.conftest import environment
from tests.models.local_weights import real_weights

OPENING = (
    "The lighthouse keeper found a door in the sea wall that had not been there the day before."
)
MODEL = weights.EMBEDDED


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own with the real weights in it."""
    real = real_weights()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = paths.made(paths.models_dir())
    (folder / weights.FILE).symlink_to(real)
    return tmp_path


@pytest.fixture
async def provider(home: Path) -> AsyncIterator[Provider]:  # noqa: ARG001
    """A provider whose engine is not started yet."""
    provider = Provider()
    yield provider
    await provider.close()


async def written(
    provider: Provider, *, prompt: str = OPENING, max_tokens: int = 8, **more: Any
) -> str:
    params = {"max_tokens": max_tokens, "seed": more.pop("seed", None)}
    stream = provider.stream(MODEL, prompt, params, **more)
    return "".join([m["text"] async for m in stream if m["is"] == "delta"])


async def fork(provider: Provider, of: int, *, prompt: str = OPENING, **more: Any) -> list[str]:
    """Ask for a whole fork, its last branch first, and return the texts in order."""
    asked = [
        asyncio.create_task(
            written(provider, prompt=prompt, fork="f", index=index, of=of, seed=5 + index, **more)
        )
        for index in reversed(range(of))
    ]
    return [await task for task in reversed(asked)]


class Begun:
    """A branch that has begun to arrive."""

    def __init__(self, provider: Provider) -> None:
        self.stream = provider.stream(MODEL, OPENING, {"max_tokens": 800, "seed": 5})

    async def __aenter__(self) -> "Begun":
        assert (await anext(self.stream))["is"] == "delta"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stream.aclose()

    async def rest(self) -> None:
        async for _ in self.stream:
            pass


@pytest.mark.embedded
async def test_the_calls_of_a_fork_cost_one_evaluation_and_keep_their_places(
    provider: Provider,
) -> None:
    texts = await fork(provider, 3)
    assert len(set(texts)) == 3
    # Alone, the same prompt is in the cache but for its last token. The second one's end is told
    # after the fork's count.
    for _ in range(2):
        await written(provider, seed=5)
    assert 19 <= provider.engine(MODEL).evaluated <= 21, "19 tokens once, not for each branch"
    assert await fork(provider, 3) == await fork(provider, 3)


@pytest.mark.embedded
async def test_a_fork_whose_calls_do_not_all_come_goes_ahead(provider: Provider) -> None:
    two = await asyncio.gather(
        *(written(provider, fork="f", index=index, of=9, seed=5 + index) for index in (0, 3))
    )
    assert all(two)


@pytest.mark.embedded
async def test_a_call_that_is_stopped_while_the_fork_gathers_is_left_out(
    provider: Provider,
) -> None:
    stopped = asyncio.create_task(written(provider, fork="f", index=0, of=2, seed=5))
    await asyncio.sleep(0)
    stopped.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await stopped
    assert await written(provider, fork="f", index=1, of=2, seed=6)


@pytest.mark.embedded
async def test_closing_a_branch_stops_the_model(provider: Provider) -> None:
    async with Begun(provider):
        pass
    engine = provider.engine(MODEL)
    # Answered while the long branch would still have been written for a minute.
    assert await written(provider, max_tokens=2)
    assert engine._open == {}


@pytest.mark.embedded
async def test_an_engine_that_is_killed_ends_its_branches_and_is_started_again(
    provider: Provider,
) -> None:
    async with Begun(provider) as begun:
        pid = provider.engine(MODEL).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(Failure, match="growing again starts it anew") as failure:
            await begun.rest()
        assert failure.value.kind == "no_engine"
    assert await written(provider)
    assert provider.engine(MODEL).pid not in (None, pid)


@pytest.mark.embedded
async def test_a_closed_provider_leaves_no_process(provider: Provider) -> None:
    async with Begun(provider) as begun:
        pid = provider.engine(MODEL).pid
        await provider.close()
        with pytest.raises(Failure):
            await begun.rest()
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.embedded
async def test_a_damaged_model_is_told(home: Path) -> None:
    own = home / "storyloom" / "models" / "own.gguf"
    own.write_bytes(b"GGUF" + bytes(100))
    provider = Provider()
    try:
        with pytest.raises(Failure, match=r"own\.gguf cannot be opened") as failure:
            async for _ in provider.stream("local/own", OPENING, {}):
                pass
        assert failure.value.kind == "no_engine"
    finally:
        await provider.close()


async def test_a_model_that_is_not_here_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(Failure, match="not here yet") as failure:
        async for _ in Provider().stream(MODEL, OPENING, {}):
            pass
    assert failure.value.kind == "not_found"


# The engine's process, with another program in its place


async def end_of(*command: str) -> str:
    process = EngineProcess(Path("any.gguf"), command)
    branch = Branch("a", OPENING, {}, None)
    process.ask([branch], None)
    try:
        message = await asyncio.wait_for(branch.inbox.get(), 60)
    finally:
        await process.close()
    assert (message["is"], message["kind"]) == ("error", "no_engine")
    return message["say"]


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "cannot run on this processor"),
        ("import os; os.abort()", "ended unexpectedly (signal 6)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "perhaps as memory was short"),
        ("raise SystemExit(3)", "ended unexpectedly (exit status 3)"),
        ("print('no message', flush=True); input(); input()", "what is no message"),
    ],
)
async def test_however_the_engine_dies_the_branch_ends_with_a_sentence(
    program: str, told: str
) -> None:
    assert told in await end_of(sys.executable, "-c", program)


async def test_an_engine_that_cannot_be_started_is_told() -> None:
    assert "cannot be started" in await end_of("/nowhere/python")


async def test_the_engine_gets_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "a secret of the author")
    program = (
        "import json, os\n"
        "say = ' '.join(name for name in os.environ if 'SECRET' in name or name.endswith('_KEY'))\n"
        "print(json.dumps({'is': 'error', 'id': '', 'say': 'keys: ' + say}), flush=True)"
    )
    assert await end_of(sys.executable, "-c", program) == "keys: "


# Which calls go together


def branch(index: int, seed: int | None, prompt: str = OPENING, **params: Any) -> Branch:
    return Branch(str(index), prompt, params, seed, index)


class Asked:
    """Takes the requests that an engine would get."""

    def __init__(self, *branches: Branch) -> None:
        self.requests: list[tuple[list[int], int | None]] = []
        embedded._launch(self, list(branches))  # type: ignore[arg-type]

    def ask(self, branches: list[Branch], seed: int | None) -> None:
        self.requests.append(([branch.index for branch in branches], seed))


def test_calls_with_seeds_in_a_row_or_none_or_all_the_same_are_one_request() -> None:
    assert Asked(branch(2, 7), branch(0, 5), branch(1, 6)).requests == [([0, 1, 2], 5)]
    assert Asked(branch(0, None), branch(1, None)).requests == [([0, 1], None)]
    assert Asked(branch(0, 5), branch(1, 5)).requests == [([0, 1], 5)]


def test_calls_that_differ_are_requests_of_their_own() -> None:
    assert Asked(branch(0, 5), branch(1, 90)).requests == [([0], 5), ([1], 90)]
    assert Asked(branch(0, None), branch(1, None, "Another.")).requests == [
        ([0], None), ([1], None),
    ]  # fmt: skip
    hot = branch(1, None, temperature=1.5)
    assert Asked(branch(0, None), hot, branch(2, None)).requests == [([0, 2], None), ([1], None)]


def test_more_than_nine_calls_are_two_requests() -> None:
    asked = Asked(*(branch(index, None) for index in range(11)))
    assert [len(indices) for indices, _ in asked.requests] == [9, 2]


# Through the worker and litellm


def test_the_facts_name_the_window_and_that_it_costs_nothing(home: Path) -> None:
    (home / "storyloom" / "models" / "own.gguf").write_bytes(b"GGUF")
    first, own = embedded.catalogue()
    assert (first.model, first.mode, first.provider, first.known) == (
        MODEL, "text", "embedded", True,
    )  # fmt: skip
    assert (first.in_price, first.out_price, first.key_missing) == (0.0, 0.0, None)
    assert own.model == "local/own"
    assert embedded.facts("local/none").known is False


@pytest.mark.embedded
async def test_the_client_grows_a_fork_of_the_embedded_model_to_its_end(home: Path) -> None:
    client = Client(environ=environment(XDG_DATA_HOME=str(home)))

    async def one(index: int, prompt: str) -> list[Event]:
        params = {"max_tokens": 8, "seed": 5 + index}
        name = f"{len(prompt)}-{index}"
        call = Call(name, MODEL, prompt=prompt, params=params, fork=name[:-1], index=index, of=3)
        return [event async for event in client.stream(call)]

    try:
        branches = await asyncio.gather(*(one(index, OPENING) for index in range(3)))
        for events in branches:
            assert isinstance(events[0], First)
            end = events[-1]
            assert isinstance(end, Done)
            assert end.finish in ("stop", "length")
            assert (end.provider, end.cost, end.in_tokens) == ("local", 0.0, 19)
        texts = {"".join(e.text for e in events if isinstance(e, Delta)) for events in branches}
        assert len(texts) == 3
        long = await asyncio.gather(*(one(index, OPENING * 300) for index in range(3)))
        for (failed,) in long:
            assert isinstance(failed, Failed)
            assert failed.kind == "context_too_long"
            assert "5700 tokens" in failed.say
    finally:
        await client.close()
