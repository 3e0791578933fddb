"""The embedded model's own process: `python -m storyloom.models.engine MODEL.gguf`.

It speaks lines of `wire` on its standard streams and ends when its input does. To it:

    start   id, ids, prompt | messages, params, seed   one request, a branch for each of `ids`
    cancel  id                                         a branch's id; its text stops

From it: `ready` once the model is open, or one `error` with an empty id and the end; then for a
request `progress` (id, done, total: tokens of the prompt), for each branch `first`, `delta` (text;
drawn: its tokens as llama.cpp tells them, where asked for) and exactly one of `done` (finish,
in_tokens, out_tokens, seed) and `error` (kind, say), and at last `ended` (id, evaluated: prompt
tokens that were not in the cache).

Requests run one after the other, as two at once take as long and the same seed would then not
give the same text. The k branches of a request are written side by side from one evaluation.
"""

import contextlib
import os
import queue
import random
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol, cast

from storyloom.models.engine_llama import MOST_BRANCHES, WINDOW, Fault, Llama, Piece
from storyloom.models.protocol import ChatMessage, Kind
from storyloom.models.wire import JSON, LONGEST_LINE, Message, decode, encode
from storyloom.text import Refusal, one_line

__all__ = ["Continues", "Engine", "main"]

RETRIES = 3
"""New tries of a branch that came out empty; with SmolLM2 one in twenty does."""
_RETRY_STEP = 1000
"""Added to the seed at each new try, beyond the seeds of the branch's siblings."""
_SEEDS = 2**31


class Continues(Protocol):
    """What the engine needs of an opened model; `Llama` is one."""

    def evaluated(self) -> int:
        """Return how many prompt tokens have been evaluated so far."""
        ...

    def run(
        self,
        source: str | list[ChatMessage],
        params: dict[str, JSON],
        branches: int,
        seed: int,
        on_piece: Callable[[Piece], bool],
    ) -> None:
        """Continue `source`; see `Llama.run`."""
        ...


@dataclass
class _Branch:
    id: str
    seed: int
    held: str = ""
    """White space at the beginning, kept back until words show that the branch is not empty."""
    begun: bool = False
    cancelled: bool = False
    ended: bool = False
    in_tokens: int | None = None
    out_tokens: int | None = None
    drawn: list[JSON] = field(default_factory=list[JSON])
    """Tokens that go out with the next text."""


@dataclass
class _Request:
    id: str
    branches: list[_Branch]
    source: str | list[ChatMessage]
    params: dict[str, JSON] = field(default_factory=dict[str, JSON])

    def over(self) -> bool:
        return all(branch.cancelled or branch.ended for branch in self.branches)


class Engine:
    """Takes messages on one thread and answers them on another."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._branches: dict[str, _Branch] = {}
        self._stopped = False

    def receive(self, message: Message) -> None:
        """Take one message; it is answered by `send`, from the thread that runs `serve`."""
        match message.get("do"):
            case "start":
                self._start(message)
            case "cancel":
                branch = self._branches.get(str(message.get("id")))
                if branch is not None:
                    branch.cancelled = True
            case _:
                pass

    def stop(self) -> None:
        """Let `serve` return as soon as the request that runs can be left."""
        self._stopped = True
        self._waiting.put(None)

    def serve(self, model: Continues) -> None:
        """Answer requests in their order until `stop`."""
        while not self._stopped and (request := self._waiting.get()) is not None:
            before = model.evaluated()
            self._answer(model, request)
            evaluated = model.evaluated() - before
            self._send({"is": "ended", "id": request.id, "evaluated": evaluated})

    def _start(self, message: Message) -> None:
        try:
            request = _request(message)
        except (KeyError, TypeError, ValueError) as error:
            say = f"The request to the engine makes no sense: {one_line(repr(error))[:100]}."
            for branch in _names(message):
                self._send({"is": "error", "id": branch, "kind": "bad_request", "say": say})
            return
        self._branches |= {branch.id: branch for branch in request.branches}
        self._waiting.put(request)

    def _answer(self, model: Continues, request: _Request) -> None:
        try:
            self._draw(model, request, request.branches)
            for attempt in range(1, RETRIES + 1):
                for branch in request.branches:
                    if not branch.begun and not branch.cancelled and not self._stopped:
                        branch.seed = (branch.seed + attempt * _RETRY_STEP) % _SEEDS
                        self._draw(model, request, [branch])
        except Fault as fault:
            self._fail(request, fault.kind, str(fault))
        except Exception as error:
            # Whatever it is, the branches have to end and the next request deserves a try.
            self._fail(request, "other", f"The engine failed: {one_line(repr(error))[:120]}.")
        for branch in request.branches:
            if not branch.ended:
                self._end(branch, "stopped" if branch.cancelled or self._stopped else "stop")
            self._branches.pop(branch.id, None)

    def _draw(self, model: Continues, request: _Request, branches: list[_Branch]) -> None:
        """Let the model write `branches`, whose seeds follow one another."""
        if request.over() or self._stopped:
            return

        def on_piece(piece: Piece) -> bool:
            if piece.total:
                told = {"done": piece.evaluated, "total": piece.total}
                self._send({"is": "progress", "id": request.id, **told})
            if piece.index is not None:
                self._take(branches[piece.index], piece)
            return self._stopped or request.over()

        model.run(request.source, request.params, len(branches), branches[0].seed, on_piece)

    def _take(self, branch: _Branch, piece: Piece) -> None:
        if branch.cancelled or branch.ended:
            return
        branch.in_tokens = piece.in_tokens if piece.in_tokens is not None else branch.in_tokens
        branch.out_tokens = piece.out_tokens if piece.out_tokens is not None else branch.out_tokens
        branch.drawn += piece.drawn
        text = piece.text
        if text and not branch.begun:
            text, branch.held = branch.held + text, ""
            if text.isspace():
                text, branch.held = "", text
            else:
                branch.begun = True
                self._send({"is": "first", "id": branch.id})
        if text:
            drawn, branch.drawn = branch.drawn, []
            self._send(
                {"is": "delta", "id": branch.id, "text": text} | ({"drawn": drawn} if drawn else {})
            )
        if piece.finish and branch.begun:
            self._end(branch, piece.finish)
        elif piece.finish:
            branch.held = ""
            branch.drawn.clear()

    def _end(self, branch: _Branch, finish: str) -> None:
        branch.ended = True
        counts = {"in_tokens": branch.in_tokens, "out_tokens": branch.out_tokens}
        self._send({"is": "done", "id": branch.id, "finish": finish, "seed": branch.seed, **counts})

    def _fail(self, request: _Request, kind: Kind, say: str) -> None:
        for branch in request.branches:
            if not branch.ended and not branch.cancelled:
                branch.ended = True
                self._send({"is": "error", "id": branch.id, "kind": kind, "say": say})


def _names(message: Message) -> list[str]:
    names = message.get("ids")
    return [str(name) for name in cast("list[Any]", names)] if isinstance(names, list) else []


def _request(message: Message) -> _Request:
    names = _names(message)
    if not 1 <= len(names) <= MOST_BRANCHES:
        raise ValueError(f"a request has 1 to {MOST_BRANCHES} branches")
    source = message["messages"] if message.get("messages") is not None else message["prompt"]
    if not isinstance(source, str | list):
        raise TypeError("a prompt is a text")
    seed = message.get("seed")
    first = int(seed) % _SEEDS if seed is not None else random.randrange(_SEEDS)
    branches = [_Branch(name, (first + index) % _SEEDS) for index, name in enumerate(names)]
    return _Request(
        str(message["id"]), branches, cast("str | list[ChatMessage]", source),
        dict(message.get("params") or {}),
    )  # fmt: skip


def _read(wire: int, take: Callable[[Message], None]) -> None:
    """Give each message of `wire` to `take` until its end.

    By the descriptor alone: a buffered reader would be locked when the process wants to leave.
    """
    rest = b""
    while chunk := os.read(wire, 1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            take(decode(line))
        if len(rest) > LONGEST_LINE:
            return


def _take_streams() -> tuple[int, Callable[[Message], None]]:
    """Return the wire's input and a function that sends; what libraries print goes nowhere."""
    wire_in, wire_out = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    lock = threading.Lock()

    def send(message: Message) -> None:
        line = encode(message)
        with lock:
            while line:
                line = line[os.write(wire_out, line) :]

    return wire_in, send


def _serve(model: Path, wire_in: int, send: Callable[[Message], None]) -> NoReturn:
    """Answer what comes in until its end, and end the process with the exit status."""
    engine = Engine(send)

    def listen() -> None:
        with contextlib.suppress(OSError, ValueError):
            _read(wire_in, engine.receive)
        engine.stop()

    # Before the model is opened, so that who writes a long prompt meanwhile need not wait.
    threading.Thread(target=listen, name="wire in", daemon=True).start()
    status = 0
    try:
        llama = Llama(model)
        send({"is": "ready", "window": WINDOW})
        engine.serve(llama)
    except Refusal as refusal:
        status = 1
        send({"is": "error", "id": "", "kind": "no_engine", "say": str(refusal)})
    # At once, with the model still open: freeing it waits for the library's own threads, and for
    # ever when they had not yet begun. Threads left to the interpreter's end would abort it.
    os._exit(status)


def main(arguments: list[str] | None = None) -> int:
    """Serve until the input ends, then end the process; return 2 for wrong arguments."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1:
        print("usage: python -m storyloom.models.engine MODEL.gguf", file=sys.stderr)
        return 2
    wire_in, send = _take_streams()
    # ^C in the terminal is for the program, which ends this process by closing its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)  # the screen goes first
    try:
        _serve(Path(arguments[0]), wire_in, send)
    except OSError:
        os._exit(0)  # nobody reads any more


if __name__ == "__main__":
    sys.exit(main())
