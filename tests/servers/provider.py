"""A provider of language models on 127.0.0.1 that answers by script.

It speaks OpenAI's chat completions and completions, Anthropic's messages, Gemini's stream and
Ollama's chat and generate over real sockets, so that faults are real too.
By hand: `python -m tests.servers.provider --port 8123`.
"""

import argparse
import asyncio
import contextlib
import json
import random
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from tests.servers.dialects import SSE, Dialect, OpenAI, dialect, events
from tests.servers.script import (
    Cut,
    Drop,
    Hold,
    Pause,
    Raw,
    Reply,
    Request,
    Reset,
    Step,
    refuses,
    says,
)

Answer = Callable[[Request], Reply]


class Provider:
    """One server; `async with` starts it and closes every connection at the end."""

    def __init__(self, answer: Answer | None = None, port: int = 0) -> None:
        self.requests: list[Request] = []
        """Every request for a story, in the order of arrival."""
        self.asides: list[Request] = []
        """Every other request: for Ollama's list and facts of models."""
        self.left = 0
        """Streams whose client went away before the reply's end."""
        self.open = 0
        """Replies under way."""
        self._answer: Answer = answer or (lambda _: says("Once", " upon", " a", " time."))
        self._script: deque[Reply] = deque()
        self._changed = asyncio.Condition()
        self._port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`, which is Anthropic's kind of base."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base(self) -> str:
        """The address ending in `/v1`, which is OpenAI's kind of base."""
        return f"{self.address}/v1"

    def base_for(self, model: str) -> str:
        """Return the address that a model of that name is to be given as its `api_base`."""
        kind = model.partition("/")[0]
        if kind == "gemini":
            return f"{self.address}/v1beta"
        return self.address if kind in ("anthropic", "ollama", "ollama_chat") else self.base

    def script(self, *replies: Reply) -> None:
        """Let the next requests be answered by `replies`, one each, before `answer` is asked."""
        self._script.extend(replies)

    def answer(self, answer: Answer) -> None:
        """Let every unscripted request from now on be answered by `answer`."""
        self._answer = answer

    def reset(self) -> None:
        """Forget script and requests; what is under way goes on."""
        self._script.clear()
        self.requests.clear()
        self.asides.clear()
        self.left = 0

    async def wait(self, holds: Callable[["Provider"], bool]) -> None:
        """Return once `holds(self)` is true; it is asked whenever a request comes or goes."""
        async with self._changed:
            await self._changed.wait_for(lambda: holds(self))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while (request := await _read(reader)) is not None:
                    await self._serve(request, reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        aside = _aside(request)
        async with self._changed:
            (self.requests if aside is None else self.asides).append(request)
            self.open += 1
            self._changed.notify_all()
        if aside is not None:
            reply = aside
        else:
            reply = self._script.popleft() if self._script else self._answer(request)
        talk = asyncio.ensure_future(self._reply(request, reply, writer))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({talk, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not talk.done():
                talk.cancel()
            await talk
        except (asyncio.CancelledError, ConnectionError):
            talk.cancel()
            async with self._changed:
                self.left += 1
        finally:
            gone.cancel()
            async with self._changed:
                self.open -= 1
                self._changed.notify_all()
        # One request a connection: the reader above may have eaten a byte of the next one.
        raise ConnectionResetError

    async def _reply(self, request: Request, reply: Reply, writer: asyncio.StreamWriter) -> None:
        speaker = dialect(request)
        if reply.body is None and speaker is None:
            reply = refuses(404, f"there is nothing at {request.path}")
        if reply.refusal is not None:
            form = speaker or OpenAI("", text=False)
            reply = replace(reply, body=form.refusal(reply.status, reply.refusal))
        steps = list(reply.steps)
        while steps and isinstance(steps[0], Hold):
            await _hold(steps.pop(0), writer)
        writer.write(_head(reply, steps, speaker.content_type if speaker else SSE))
        if reply.body is not None or speaker is None:
            writer.write(reply.body or b"")
            await writer.drain()
            return
        chunked = _is_chunked(reply, steps)
        writer.write(_framed(speaker.start(), chunked))
        for step in steps:
            if isinstance(step, Cut):
                return
            if isinstance(step, Drop):
                writer.write(b"400\r\ndata: {")
                await writer.drain()
                writer.transport.abort()
                return
            if isinstance(step, Reset):
                # Closed with nothing to linger for, a socket sends an RST.
                link = writer.get_extra_info("socket")
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return
            await self._step(step, speaker, writer, chunked)
        writer.write(_framed(b"", chunked, last=True))
        await writer.drain()

    @staticmethod
    async def _step(
        step: Step, speaker: Dialect, writer: asyncio.StreamWriter, chunked: bool
    ) -> None:
        match step:
            case Hold():
                await _hold(step, writer, chunked, speaker.ping)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Raw(data):
                writer.write(_framed(data, chunked))
            case _:
                writer.write(_framed(events(speaker, step), chunked))
        await writer.drain()


async def _hold(
    step: Step, writer: asyncio.StreamWriter, chunked: bool = True, ping: bytes = b""
) -> None:
    assert isinstance(step, Hold)
    if not step.pings:
        await step.until.wait()
        return
    while not step.until.is_set():
        writer.write(_framed(ping, chunked))
        await writer.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(step.until.wait(), 0.05)


def _head(reply: Reply, steps: list[Step], content_type: str) -> bytes:
    headers = {"content-type": content_type, "connection": "close"}
    if reply.body is not None:
        headers["content-length"] = str(len(reply.body))
    elif _is_chunked(reply, steps):
        headers["transfer-encoding"] = "chunked"
    headers |= reply.headers
    lines = [f"HTTP/1.1 {reply.status} Scripted", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _is_chunked(reply: Reply, steps: list[Step]) -> bool:
    return Cut() not in steps and "content-length" not in reply.headers


def _aside(request: Request) -> Reply | None:
    """Return the answer to what is asked besides stories: Ollama's list and facts of models."""
    if request.place.endswith("/api/tags"):
        return _whole({"models": [{"name": "m:latest", "model": "m:latest"}]})
    if request.place.endswith("/api/show"):
        facts = {"template": "{{ .Prompt }}", "model_info": {"llama.context_length": 8192}}
        return _whole({**facts, "details": {"family": "llama"}, "capabilities": ["completion"]})
    return None


def _whole(value: Any) -> Reply:
    return Reply(headers={"content-type": "application/json"}, body=json.dumps(value).encode())


def _framed(data: bytes, chunked: bool, last: bool = False) -> bytes:
    if not chunked or not (data or last):
        return data
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def _read(reader: asyncio.StreamReader) -> Request | None:
    first = await reader.read(1)
    if not first.isalpha():
        return None  # the client has gone, or wants to speak TLS, whose hello need have no line
    line = await reader.readline()
    path = line.split()[1].decode()
    headers: dict[str, str] = {}
    while (header := await reader.readline()).strip():
        name, _, field = header.decode("latin-1").partition(":")
        headers[name.strip().lower()] = field.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    try:
        value: Any = json.loads(body or b"{}")
    except ValueError:
        value = {}
    return Request(path, headers, value if isinstance(value, dict) else {})


_OPENINGS = ("The door", "Nobody", "By morning the rain", "She", "Far below,", "In the silence")
_MIDDLES = (
    " had been open all night", " said a word until the lamp was lit", " turned to the window",
    " remembered the old road", " waited for the bell", " knew what the letter meant",
)  # fmt: skip
_ENDS = (", and the house listened.", " before anyone came.", " as if it were nothing.", ".")


async def _by_hand(port: int, delay: float) -> None:
    def continues(request: Request) -> Reply:
        chance = random.Random(f"{request.body.get('seed')}{random.random()}")
        text = " ".join(
            chance.choice(_OPENINGS) + chance.choice(_MIDDLES) + chance.choice(_ENDS)
            for _ in range(chance.randint(2, 4))
        )
        tokens = [f" {word}" for word in text.split()]
        most = request.body.get("max_tokens") or len(tokens)
        end = "length" if most < len(tokens) else "stop"
        said = says(
            *tokens[:most], end=end, usage=(len(request.prompt.split()), len(tokens[:most]))
        )
        paced = (part for step in said.steps for part in (Pause(delay), step))
        return Reply(tuple(paced))

    async with Provider(continues, port) as provider:
        print(provider.base, flush=True)
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def provided(answer: Answer | None = None) -> AsyncIterator[Provider]:
    """Yield a running provider."""
    async with Provider(answer) as provider:
        yield provider


def main() -> None:
    """Serve small continuations until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8123, help="0 takes any free port")
    parser.add_argument("--delay", type=float, default=0.03, help="seconds before each token")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_by_hand(options.port, options.delay))


if __name__ == "__main__":
    main()
