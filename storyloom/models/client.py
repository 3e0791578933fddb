"""The program's side of the worker: branches, facts and the catalogue, as asyncio sees them.

The worker is started when it is first needed, and again when it has died. This module imports
neither litellm nor anything slow.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from storyloom.models.protocol import (
    Call,
    CatalogueEntry,
    Done,
    Event,
    Facts,
    Failed,
    call_to,
    event_from,
    facts_from,
)
from storyloom.models.redact import watch
from storyloom.models.served import Served, Server, served_from, server_to
from storyloom.models.wire import LONGEST_LINE, Message, decode, encode
from storyloom.settings import ModelEntry
from storyloom.text import Refusal

__all__ = ["Client"]

_COMMAND = (sys.executable, "-P", "-m", "storyloom.models.worker")
"""-P: a file in the folder the author happens to be in must not be imported as a module."""
_PATIENCE = 2.0
"""Seconds that a worker has to obey before it is no longer asked."""
_DIED = "The process that talks to language models has ended; what had arrived is kept. Try again."


class Client:
    """Asks language models through one worker process. Use it from one event loop only."""

    def __init__(
        self, *, environ: Mapping[str, str] | None = None, command: Sequence[str] | None = None
    ) -> None:
        """Take the worker's environment, by default the program's own, and its command."""
        self._environ = environ
        self._command = tuple(command or _COMMAND)
        self._worker: _Worker | None = None
        self._starting = asyncio.Lock()
        self._facts: dict[ModelEntry, Facts] = {}
        self._numbers = itertools.count()

    async def warm(self) -> None:
        """Start the worker if it is not running; returns before it has loaded its libraries.

        Raises OSError when it cannot be started.
        """
        await self._running()

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        """Ask `call` and yield its events, the last and only the last a Done or a Failed.

        Faults of providers are events, not exceptions. Close the iterator (`aclose`, or
        `contextlib.aclosing`) or cancel the task that iterates, and the provider is told to stop.
        """
        watch(call.key_env)
        try:
            worker = await self._running()
        except OSError as error:
            yield Failed(call.id, "worker_died", f"The worker cannot be started: {error.strerror}.")
            return
        events = worker.listen(call.id)
        ended = False
        try:
            worker.send({"do": "start", "id": call.id, "call": call_to(call)})
            while not ended:
                event = await events.get()
                ended = isinstance(event, Done | Failed)
                yield event
        finally:
            worker.forget(call.id)
            if not ended:
                worker.send({"do": "cancel", "id": call.id})

    async def cancel(self, id: str) -> None:  # noqa: A002 - the protocol's word
        """Stop a branch: its stream ends with `Done(finish="stopped")` in any case."""
        if self._worker is not None:
            self._worker.cancel(id)

    def hurry(self, id: str) -> None:  # noqa: A002 - the protocol's word
        """Let a branch that waits to be asked again wait no longer."""
        if self._worker is not None:
            self._worker.send({"do": "hurry", "id": id})

    async def describe(self, entry: ModelEntry) -> Facts:
        """Return what is known of a configured model, remembered unless its key is missing.

        The first call takes seconds. Raises Refusal when the worker cannot answer.
        """
        if entry not in self._facts:
            watch(entry.key_env)
            asked = asdict(entry)
            del asked["name"], asked["window"]
            facts = facts_from(await self._ask({"do": "describe", **asked}))
            facts = replace(facts, window=entry.window) if entry.window else facts
            if facts.key_missing:
                return facts  # not remembered: its owner may set the key at any moment
            self._facts[entry] = facts
        return self._facts[entry]

    async def catalogue(self) -> list[CatalogueEntry]:
        """Return the embedded models and all those of litellm's list that write text.

        Raises Refusal when the worker cannot answer.
        """
        rows: list[Message] = (await self._ask({"do": "models"}))["models"]
        return [facts_from(row) for row in rows]

    async def served(self, servers: Sequence[Server]) -> list[Served]:
        """Return what those servers answer that they serve; takes some 5 seconds at the most.

        Raises Refusal when the worker cannot answer.
        """
        if not servers:
            return []
        for server in servers:
            watch(server.key_env)
        asked = [server_to(server) for server in servers]
        answer = await self._ask({"do": "servers", "servers": asked})
        return [served_from(each) for each in answer["servers"]]

    async def close(self) -> None:
        """End the worker: politely, then by force after 2 seconds. Live streams end as failed."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.close()

    async def _running(self) -> "_Worker":
        async with self._starting:
            if self._worker is None or self._worker.dead:
                self._worker = await _Worker.start(self._command, self._environ)
            return self._worker

    async def _ask(self, message: Message) -> Message:
        name = f"?{next(self._numbers)}"
        for _ in range(2):  # a worker that has just died is found out by asking it
            try:
                answer = await (await self._running()).ask({**message, "id": name})
            except OSError as error:
                raise Refusal(f"The worker cannot be started: {error.strerror}.") from error
            if answer is not None:
                return answer
        raise Refusal(_DIED)


class _Worker:
    """One worker process and who waits for what from it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.dead = False
        self._killed = False
        self._process = process
        self._in = process.stdin
        self._out = process.stdout
        self._branches: dict[str, asyncio.Queue[Event]] = {}
        self._answers: dict[str, asyncio.Future[Message | None]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, command: Sequence[str], environ: Mapping[str, str] | None) -> "_Worker":
        # A session of its own, so that ^C in the terminal reaches the program only.
        own: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        return cls(
            await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environ,
                limit=LONGEST_LINE,
                **own,
            )
        )

    def send(self, message: Message) -> None:
        """Send one message; to a dead worker it is lost, which its listeners learn anyway."""
        with contextlib.suppress(OSError, RuntimeError):
            self._in.write(encode(message))

    def listen(self, branch: str) -> asyncio.Queue[Event]:
        """Return the queue that the events of `branch` will come by."""
        events = self._branches[branch] = asyncio.Queue()
        if self.dead:
            events.put_nowait(Failed(branch, "worker_died", _DIED))
        return events

    def forget(self, branch: str) -> None:
        """Let further events of `branch` go nowhere."""
        self._branches.pop(branch, None)

    def cancel(self, branch: str) -> None:
        """Stop a branch; if the worker does not say so in time, say it in its place."""
        events = self._branches.get(branch)
        if events is not None:
            self.send({"do": "cancel", "id": branch})
            asyncio.get_running_loop().call_later(
                _PATIENCE, events.put_nowait, Done(branch, "stopped")
            )

    async def ask(self, message: Message) -> Message | None:
        """Return the answer to `message`, None when the worker died over it."""
        if self.dead:
            return None
        answer = self._answers[message["id"]] = asyncio.get_running_loop().create_future()
        self.send(message)
        try:
            return await answer
        finally:
            del self._answers[message["id"]]

    async def close(self) -> None:
        """End the process and return once it has gone."""
        self._in.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _PATIENCE)
        self._kill()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        try:
            while line := await self._out.readline():
                self._dispatch(decode(line))
        except (ValueError, TypeError):
            pass  # it no longer speaks the protocol: as good as dead
        finally:
            self.dead = True
            self._kill()
            for branch, events in self._branches.items():
                events.put_nowait(Failed(branch, "worker_died", _DIED))
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_result(None)

    def _dispatch(self, message: Message) -> None:
        name = str(message.get("id", ""))
        if message.get("is") in ("facts", "catalogue", "served"):
            answer = self._answers.get(name)
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif (events := self._branches.get(name)) is not None:
            event = event_from(message)
            if event is not None:
                events.put_nowait(event)

    def _kill(self) -> None:
        """End what is left of the process, once: its number may be another's some time later."""
        if self._killed:
            return
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                # With it the embedded engine, which the worker started and may have left behind.
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
