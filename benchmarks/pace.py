"""A provider in a process of its own, quick enough not to be what is measured.

    python -m benchmarks.pace

It speaks OpenAI's two streams over keep-alive connections at any path that ends as theirs do. What
it answers stands in the path: `/50x400/…/v1/chat/completions` is 400 tokens at 50 a second, and a
pace of 0 is as fast as the client reads. It prints its port, and then a line for each request: the
moment in nanoseconds of `time.monotonic_ns` at which the whole of it had arrived.
"""

import asyncio
import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["LENGTH", "Paced", "paced"]

_WORDS = "the tide went out farther than it should and left a bell standing in its mud".split()
_ROUND = 97
"""Tokens until they begin anew; the last ends a paragraph."""
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_PATIENCE = 120
_TOGETHER = 16
"""Tokens in one write at full speed, where the client reads many at once anyway."""


def _event(value: object) -> bytes:
    data = b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def _piece(number: int) -> str:
    return f" {_WORDS[number % len(_WORDS)]}" + ("\n\n" if number % _ROUND == _ROUND - 1 else "")


LENGTH = sum(len(_piece(number)) for number in range(_ROUND)) / _ROUND
"""Characters of a token, on the average."""


def _token(number: int, text: bool) -> bytes:
    piece = _piece(number)
    choice = {"text": piece} if text else {"delta": {"content": piece}}
    return _event(_around(choice, None))


def _around(choice: dict[str, object], reason: str | None) -> dict[str, object]:
    return {
        "id": "paced-1", "object": "chat.completion.chunk", "created": 1, "model": "paced",
        "choices": [{"index": 0, "finish_reason": reason, **choice}],
    }  # fmt: skip


class _Link(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._bytes = b""
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._out = transport

    def connection_lost(self, _: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        head, end, body = self._bytes.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        if not end or len(body) < int(length or 0):
            return
        self._bytes = b""
        if not head.startswith(b"POST "):
            # Asked which models there are, and no arrival of a request for a story.
            self._out.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        print(time.monotonic_ns(), flush=True)
        path = head.split(b" ", 2)[1].decode()
        pace, _, count = path.split("/")[1].partition("x")
        text = not path.endswith("/chat/completions")
        self._task = asyncio.create_task(self._write(int(pace), int(count), text))

    async def _write(self, pace: int, count: int, text: bool) -> None:
        # Encoded before, so that no stream waits for another's encoding.
        tokens = [_token(number, text) for number in range(_ROUND)]
        self._out.write(_HEAD)
        if pace:
            begun = asyncio.get_running_loop().time()
            for number in range(count):
                due = begun + number / pace
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                self._out.write(tokens[number % _ROUND])
        else:
            for at in range(0, count, _TOGETHER):
                await self._room.wait()
                many = range(at, min(count, at + _TOGETHER))
                self._out.write(b"".join(tokens[number % _ROUND] for number in many))
        usage = {"prompt_tokens": 9, "completion_tokens": count, "total_tokens": count + 9}
        end = {"text": ""} if text else {"delta": {}}
        self._out.write(
            _event(_around(end, "stop"))
            + _event({**_around({}, None), "choices": [], "usage": usage})
            + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
        )


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Link, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


@dataclass
class Paced:
    """The provider, running in its own process."""

    process: "subprocess.Popen[bytes]"
    port: int = 0
    _read: bytes = b""

    def base(self, pace: int, count: int, group: int = 0) -> str:
        """Return an `api_base` whose streams are `count` tokens at `pace` a second, 0 for full
        speed. Two groups are two servers to those who bound the requests to one.
        """
        return f"http://127.0.0.1:{self.port}/{pace}x{count}/{group}/v1"

    def arrival(self) -> int:
        """Return when the next request arrived that was not asked about yet; waits for it.

        Raises TimeoutError when none comes for two minutes.
        """
        assert self.process.stdout is not None
        output = self.process.stdout.fileno()
        while b"\n" not in self._read:
            if not select.select([output], [], [], _PATIENCE)[0]:
                raise TimeoutError("no request has come to the provider")
            self._read += os.read(output, 4096)
        line, _, self._read = self._read.partition(b"\n")
        return int(line)


@contextlib.contextmanager
def paced() -> Iterator[Paced]:
    """Yield a running provider."""
    command = [sys.executable, "-m", "benchmarks.pace"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        try:
            provider = Paced(process)
            provider.port = provider.arrival()
            yield provider
        finally:
            process.kill()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
