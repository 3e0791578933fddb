"""The engine's process as the worker sees it: started when needed, asked for branches, replaced.

All methods run on the event loop's thread.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from storyloom.models.protocol import ChatMessage
from storyloom.models.wire import JSON, Message, decode, encode
from storyloom.text import one_line

__all__ = ["Branch", "EngineProcess"]

_SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_PATIENCE = 1.0
"""Seconds for the process to end by itself once its input is closed."""


@dataclass
class Branch:
    """One branch that is asked of the engine, and the messages that have come for it."""

    id: str
    source: str | list[ChatMessage]
    params: dict[str, JSON]
    seed: int | None
    index: int = 0
    inbox: asyncio.Queue[Message] = field(default_factory=asyncio.Queue[Message])
    ended: bool = False

    def fail(self, say: str, kind: str = "no_engine") -> None:
        """End the branch with a sentence, unless it has ended."""
        self.take({"is": "error", "id": self.id, "kind": kind, "say": say})

    def take(self, message: Message) -> None:
        """Pass on one message of the engine; nothing follows an end."""
        if not self.ended:
            self.ended = message["is"] in ("done", "error")
            self.inbox.put_nowait(message)


class EngineProcess:
    """One model's engine. Its death ends the open branches with a sentence and nothing else."""

    def __init__(self, path: Path, command: Sequence[str] | None = None) -> None:
        """Start nothing yet. `command` is for tests; by default the engine is run on `path`."""
        self._command = list(
            command or (sys.executable, "-P", "-m", "storyloom.models.engine", str(path))
        )
        self._child: subprocess.Popen[bytes] | None = None
        self._open: dict[str, Branch] = {}
        self._requests = 0
        self._why: str | None = None
        self.evaluated = 0
        """Prompt tokens that the ended requests have evaluated, those of the cache not counted."""

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        return self._child.pid if self._child is not None else None

    def start(self) -> None:
        """Start the process if it does not run. Raises OSError when it cannot be started."""
        if self._child is not None and self._child.poll() is not None:
            self.gone(self._child, self._child.returncode)
        if self._child is not None:
            return
        self._why = None
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().endswith(_SECRETS)  # it asks nobody, so it needs no keys
        }
        child = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        self._child = child
        reader = threading.Thread(
            target=_follow, args=(child, asyncio.get_running_loop(), self), daemon=True
        )
        reader.start()

    def ask(self, branches: Sequence[Branch], seed: int | None) -> None:
        """Ask for `branches` of one source by one evaluation; branch i is drawn with `seed` + i.

        Their messages come into their inboxes, a sentence at the least.
        """
        self._requests += 1
        first = branches[0]
        text = isinstance(first.source, str)
        request: Message = {
            "do": "start",
            "id": str(self._requests),
            "ids": [branch.id for branch in branches],
            "prompt" if text else "messages": first.source,
            "params": first.params,
            "seed": seed,
        }
        try:
            self.start()
        except OSError as error:
            reason = one_line(error.strerror or str(error))
            for branch in branches:
                branch.fail(f"The embedded model's engine cannot be started: {reason}.")
            return
        self._open |= {branch.id: branch for branch in branches}
        # When it has died meanwhile, `gone` follows and tells the branches why.
        with contextlib.suppress(OSError):
            self._write(request)

    def cancel(self, branch: Branch) -> None:
        """Stop a branch; the engine stops at once when it was the last of its request."""
        branch.ended = True
        if self._open.pop(branch.id, None) is not None:
            with contextlib.suppress(OSError):
                self._write({"do": "cancel", "id": branch.id})

    async def close(self) -> None:
        """End the process, by force if it does not follow."""
        child, self._child = self._child, None
        for branch in self._open.values():
            branch.fail("The embedded model was ended.")
        self._open.clear()
        if child is None:
            return
        with contextlib.suppress(OSError):
            if child.stdin is not None:
                child.stdin.close()
        try:
            await asyncio.to_thread(child.wait, _PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            await asyncio.to_thread(child.wait)

    def _write(self, message: Message) -> None:
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.write(encode(message))
            self._child.stdin.flush()

    def heard(self, child: "subprocess.Popen[bytes]", message: Message) -> None:
        """Act on a message of the process `child`."""
        if child is not self._child:
            return
        match message.get("is"):
            case "error" if not message.get("id"):
                self._why = str(message.get("say"))
            case "ended":
                self.evaluated += int(message.get("evaluated") or 0)
            case "first" | "delta" | "done" | "error":
                branch = self._open.get(str(message.get("id")))
                if branch is not None:
                    branch.take(message)
                    if branch.ended:
                        self._open.pop(branch.id, None)
            case _:
                pass

    def gone(self, child: "subprocess.Popen[bytes]", status: int, why: str | None = None) -> None:
        """Act on the end of the process `child`."""
        if child is not self._child:
            return
        self._child = None
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()
        broken, self._open = list(self._open.values()), {}
        for branch in broken:
            branch.fail(why or self._why or _death(status))


def _follow(
    child: "subprocess.Popen[bytes]", loop: asyncio.AbstractEventLoop, process: EngineProcess
) -> None:
    assert child.stdout is not None
    output: IO[bytes] = child.stdout
    why: str | None = None
    with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
        try:
            for line in output:
                loop.call_soon_threadsafe(process.heard, child, decode(line))
        except (ValueError, OSError):
            why = "The embedded model's engine sends what is no message: install Storyloom again."
            child.kill()
        loop.call_soon_threadsafe(process.gone, child, child.wait(), why)


def _death(status: int) -> str:
    if status == -getattr(signal, "SIGILL", 4):
        return (
            "The embedded model's engine cannot run on this processor: use another model, by a "
            "key or on a server of your own."
        )
    if status == -getattr(signal, "SIGKILL", 9):
        return (
            "The embedded model's engine was killed, perhaps as memory was short; what had "
            "arrived is kept, and growing again starts it anew."
        )
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    return (
        f"The embedded model's engine ended unexpectedly ({how}); what had arrived is kept, and "
        "growing again starts it anew."
    )
