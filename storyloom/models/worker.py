"""The process that talks to language models: `python -m storyloom.models.worker`.

It alone imports litellm, so that neither its import (seconds), nor its noise, nor its faults are
in the process that draws the screen. It speaks `protocol` on its standard streams and ends when
its input does. Nothing else comes out of it: what libraries print goes to the file named by
STORYLOOM_WORKER_LOG, without keys, or nowhere.
"""

import asyncio
import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any, BinaryIO

from storyloom.models import facts, faults, library, servers
from storyloom.models.protocol import (
    Call,
    Done,
    Event,
    Facts,
    Failed,
    call_from,
    event_to,
    facts_to,
)
from storyloom.models.redact import redact, watch
from storyloom.models.retrying import Patiently
from storyloom.models.routes import is_local, look_up
from storyloom.models.served import Served, configured, served_to, server_from
from storyloom.models.streaming import answer
from storyloom.models.wire import LONGEST_LINE, Message, decode, encode
from storyloom.settings import ModelEntry
from storyloom.text import visible

__all__ = ["Worker", "main"]

_FAREWELL = 1.5
"""Seconds for streams and the embedded engine to end once the program has gone."""


_DESCRIBERS = 4
"""Models that are looked up at once."""


class Worker:
    """Answers the messages of one client. All methods run on the event loop's thread."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[str, Patiently] = {}
        self._embedded: Any = None
        self._registered = False
        # Of their own, as for ollama's models litellm asks the server, and waits for it.
        self._asides = ThreadPoolExecutor(_DESCRIBERS, "describe")
        self._library: asyncio.Future[Any] = asyncio.ensure_future(self._load())

    def receive(self, message: Message) -> None:
        """Act on one message; the answer comes by `send` in its own time."""
        name = str(message.get("id", ""))
        watch(message.get("key_env"))
        match message.get("do"):
            case "start":
                self._start(name, message)
            case "cancel":
                self._cancel(name)
            case "hurry":
                if name in self._waiting:
                    self._waiting[name].hurry()
            case "describe":
                self._begin(name, self._describe(name, message))
            case "models":
                self._begin(name, self._catalogue(name))
            case "servers":
                self._begin(name, self._servers(name, message))
            case _:
                pass  # a newer client's wish; it will see that no answer comes

    async def close(self) -> None:
        """Stop every branch and end the embedded engine."""
        self._library.cancel()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        ending = getattr(self._embedded, "close", None)
        if ending is not None:
            await ending()

    def _begin(self, name: str, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))
        return task

    def _start(self, name: str, message: Message) -> None:
        try:
            call = call_from(message["call"])
        except (KeyError, TypeError) as error:
            say = f"The program and its worker do not fit together: {error}"
            self._event(Failed(name, "bad_request", faults.spoken(say)))
            return
        watch(call.key_env)
        task = self._begin(name, self._branch(call))
        # Cancelled before its first step, a task never runs and so cannot say that it was.
        task.add_done_callback(
            lambda task: self._event(Done(name, "stopped")) if task.cancelled() else None
        )
        if is_local(call.model):
            self._prepare(call.model)

    def _cancel(self, name: str) -> None:
        task = self._tasks.get(name)
        if task is not None:
            task.cancel()

    async def _load(self) -> Any:
        loaded = await asyncio.to_thread(library.load)
        await library.warm(loaded)
        self._send({"is": "ready"})
        return loaded

    async def _ready(self) -> Any:
        """Return litellm. Shielded: a branch that is cancelled must not cancel the import."""
        return await asyncio.shield(self._library)

    async def _branch(self, call: Call) -> None:
        try:
            loaded = await self._ready()
            if is_local(call.model) and not self._registered:
                self._engine().register(loaded)
                self._registered = True
            await asyncio.to_thread(look_up, loaded, call.model, call.api_base, call.key_env)
        except asyncio.CancelledError:
            self._event(Done(call.id, "stopped"))
        except Exception as error:
            self._event(_unable(call, error))
        else:
            patiently = self._waiting[call.id] = Patiently()
            try:
                await answer(loaded, call, self._event, patiently)
            finally:
                del self._waiting[call.id]

    def _event(self, event: Event) -> None:
        self._send(event_to(event))

    def _engine(self) -> Any:
        if self._embedded is None:
            self._embedded = import_module("storyloom.models.embedded")
        return self._embedded

    def _prepare(self, model: str) -> None:
        # The engine starts while litellm is still being imported; what is wrong with it is said
        # by the branch that asks it.
        with contextlib.suppress(Exception):
            self._engine().prepare(model)

    async def _describe(self, name: str, message: Message) -> None:
        model = str(message["model"])
        try:
            if is_local(model):
                found: Facts = await asyncio.to_thread(self._engine().facts, model)
            else:
                describe = partial(
                    facts.describe,
                    await self._ready(),
                    model,
                    api_base=message.get("api_base"),
                    key_env=message.get("key_env"),
                    mode=message.get("mode"),
                )
                found = await asyncio.get_running_loop().run_in_executor(self._asides, describe)
        except Exception:
            found = Facts(model)
        if found.window is None:
            found = replace(found, window=await _window(model, message))
        self._send({"is": "facts", "id": name, **facts_to(found)})

    async def _catalogue(self, name: str) -> None:
        rows: list[Facts] = []
        with contextlib.suppress(Exception):
            rows += await asyncio.to_thread(self._engine().catalogue)
        with contextlib.suppress(Exception):
            rows += await asyncio.to_thread(facts.catalogue, await self._ready())
        self._send({"is": "catalogue", "id": name, "models": [facts_to(row) for row in rows]})

    async def _servers(self, name: str, message: Message) -> None:
        answers: list[Served] = []
        with contextlib.suppress(Exception):
            answers = await servers.ask([server_from(each) for each in message["servers"]])
        self._send({"is": "served", "id": name, "servers": [served_to(each) for each in answers]})


def _unable(call: Call, error: Exception) -> Failed:
    if is_local(call.model):
        say = f"The embedded engine cannot be used: {error}"
        return Failed(call.id, "no_engine", faults.spoken(say))
    say = f"litellm cannot be loaded, so install Storyloom again: {error}"
    return Failed(call.id, "other", faults.spoken(say))


async def _window(model: str, message: Message) -> int | None:
    """Return the window of a model that no list knows, as its server tells it."""
    entry = ModelEntry(model, model, message.get("api_base"), message.get("key_env"))
    for server in configured([entry]):
        with contextlib.suppress(Exception):  # it is no worse known than before
            return await servers.window(server, model.partition("/")[2] or model)
    return None


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return the wire's two ends, and lead everything that libraries write elsewhere.

    The real descriptors are moved, as native code does not ask Python where to write.
    """
    wire_in = os.fdopen(os.dup(0), "rb")
    wire_out = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    log = os.environ.get("STORYLOOM_WORKER_LOG")
    sink = _log(log) if log else nowhere
    os.dup2(nowhere, 0)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    return wire_in, wire_out


def _log(path: str) -> int:
    """Return a descriptor whose lines end up in the file at `path`, clean and without keys."""
    reading, writing = os.pipe()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def copy() -> None:
        with os.fdopen(reading, "rb") as lines:
            for line in lines:
                text = visible(redact(line.decode("utf-8", "replace")).rstrip("\n"))
                os.write(file, text.encode() + b"\n")

    threading.Thread(target=copy, name="log", daemon=True).start()
    return writing


def _writer(wire: BinaryIO) -> Callable[[Message], None]:
    """Return a function that sends a message and never waits, however slowly it is read."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def write() -> None:
        with contextlib.suppress(OSError):
            while True:
                wire.write(lines.get())
                wire.flush()

    threading.Thread(target=write, name="wire out", daemon=True).start()
    return lambda message: lines.put(encode(message))


def _reader(wire: BinaryIO, take: Callable[[Message | None], None]) -> None:
    """Give every message to `take` on the running loop, and None at the end of the input.

    A thread and not a pipe of asyncio: those do not exist for standard streams on Windows.
    """
    loop = asyncio.get_running_loop()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            with contextlib.suppress(OSError, ValueError):
                while (line := wire.readline(LONGEST_LINE)).endswith(b"\n"):
                    loop.call_soon_threadsafe(take, decode(line))
            loop.call_soon_threadsafe(take, None)

    threading.Thread(target=read, name="wire in", daemon=True).start()


async def _serve(wire_in: BinaryIO, wire_out: BinaryIO) -> None:
    worker = Worker(_writer(wire_out))
    over = asyncio.Event()

    def take(message: Message | None) -> None:
        if message is None:
            over.set()
        else:
            worker.receive(message)

    _reader(wire_in, take)
    await over.wait()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(worker.close(), _FAREWELL)
    # litellm's threads, or an import still under way, would hold up an ordinary exit.
    os._exit(0)


def main() -> None:
    """Serve until the input ends."""
    wire_in, wire_out = _take_streams()
    library.ready_environment()
    asyncio.run(_serve(wire_in, wire_out))


if __name__ == "__main__":
    sys.exit(main())
