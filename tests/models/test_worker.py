"""The worker as a process: what comes out of it, and when it ends."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storyloom.models.protocol import call_to
from storyloom.models.wire import Message, decode, encode
from tests.models.asking import CANARY, call
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import Hold, Reply, Text, refuses

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def worker(**environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "storyloom.models.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**environ),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_only_the_wire_comes_out_and_it_ends_with_its_input(
    provider: Provider, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    provider.script(refuses(401, f"bad key {CANARY}"))
    async with worker(STORYLOOM_WORKER_LOG=str(log)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        asked = [call(provider), call(provider), call(provider, "no-such-provider/x", api_base="")]
        for one in asked:
            process.stdin.write(encode({"do": "start", "id": one.id, "call": call_to(one)}))
        process.stdin.write(encode({"do": "describe", "id": "d", "model": "nosuch/x"}))
        process.stdin.write(encode({"do": "dance", "id": "e"}))
        process.stdin.write(encode({"do": "start", "id": "f", "call": {"nonsense": 1}}))
        ends = {one.id for one in asked} | {"d", "f"}
        seen: list[Message] = []
        while ends:
            message = decode(await process.stdout.readline())
            seen.append(message)
            if message["is"] in ("done", "error", "facts"):
                ends.discard(message["id"])
        process.stdin.close()
        assert await process.stdout.read() == b""
        assert await process.stderr.read() == b""
        assert await process.wait() == 0
    assert CANARY not in str(seen)
    assert CANARY not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


async def test_it_ends_while_a_branch_is_under_way(provider: Provider) -> None:
    provider.script(Reply((Text("Once"), Hold(asyncio.Event()))))
    async with worker() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        one = call(provider)
        process.stdin.write(encode({"do": "start", "id": one.id, "call": call_to(one)}))
        while decode(await process.stdout.readline())["is"] != "delta":
            pass
        process.stdin.close()
        assert await process.wait() == 0
    await provider.wait(lambda it: it.left == 1)


async def test_it_ends_while_it_is_still_starting() -> None:
    async with worker() as process:
        assert process.stdin is not None
        process.stdin.close()
        assert await process.wait() == 0


async def test_a_branch_can_be_stopped_before_litellm_is_there(provider: Provider) -> None:
    async with worker() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        one = call(provider)
        process.stdin.write(encode({"do": "start", "id": one.id, "call": call_to(one)}))
        process.stdin.write(encode({"do": "cancel", "id": one.id}))
        message = decode(await process.stdout.readline())
    assert (message["is"], message["finish"]) == ("done", "stopped")
    assert provider.requests == []


async def test_a_line_that_is_no_message_ends_it() -> None:
    async with worker() as process:
        assert process.stdin is not None
        process.stdin.write(b"hello\n")
        assert await process.wait() == 0
