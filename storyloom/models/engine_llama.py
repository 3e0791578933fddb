"""One GGUF model opened in llama.cpp, which continues a prompt with k branches at once.

Used only inside the engine's own process: a fault in the native code ends that process alone.
"""

import importlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storyloom.models import machine
from storyloom.models.protocol import ChatMessage, Kind
from storyloom.models.wire import JSON
from storyloom.text import Refusal, first_words, one_line

__all__ = ["MOST_BRANCHES", "WINDOW", "Fault", "Llama", "Piece", "sampling"]

MOST_BRANCHES = 9
"""Branches that one request may ask for."""
WINDOW = 4096
"""Tokens that a prompt may have."""
_POOL = 8192
"""Tokens of the cells that all branches share; what the prompt leaves is theirs."""
_EVALUATE = 128
"""Prompt tokens evaluated between two looks at whether the author has stopped the request."""
_CACHE_MIB = 128
"""Memory for the evaluated prompts of other places in the tree."""

_PRESET: dict[str, JSON] = {
    "temperature": 0.85,
    "min_p": 0.06,
    "top_k": 0,
    "top_p": 1.0,
    "repeat_penalty": 1.05,
    "repeat_last_n": 128,
    "dry_multiplier": 0.8,
    "dry_base": 1.75,
    "dry_allowed_length": 2,
    "dry_penalty_last_n": 512,
    "max_tokens": 80,
}
"""Measured on SmolLM2: without the penalties two branches of five fall into a loop."""
_INNARDS = re.compile(r"\[json\.exception[^\]]*\] ?")
_TAKEN = frozenset(_PRESET) | {
    "frequency_penalty", "presence_penalty", "typical_p", "xtc_probability", "xtc_threshold",
    "mirostat", "mirostat_tau", "mirostat_eta", "dynatemp_range", "dynatemp_exponent", "stop",
    "dry_sequence_breakers", "top_n_sigma", "grammar", "logprobs", "top_logprobs",
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """What llama.cpp has to say at one moment of a request."""

    index: int | None = None
    """The branch; None for what concerns the whole request."""
    text: str = ""
    finish: str | None = None
    """`stop` or `length` at a branch's end."""
    evaluated: int = 0
    total: int = 0
    """How far the evaluation of the prompt is, in tokens; 0 of 0 when this piece says nothing."""
    in_tokens: int | None = None
    out_tokens: int | None = None
    drawn: tuple[JSON, ...] = ()
    """The tokens of this text with their probabilities, as llama.cpp says them."""


class Fault(Exception):
    """A request failed; the message is one sentence for the author."""

    def __init__(self, kind: Kind, say: str) -> None:
        super().__init__(say)
        self.kind: Kind = kind


def sampling(params: Mapping[str, JSON], branches: int) -> dict[str, JSON]:
    """Return the preset with what `params` says in its place, as llama.cpp takes it.

    Unknown and None parameters are left out. `max_tokens` is cut to what fits beside a prompt of
    full length.
    """
    chosen = {key: value for key, value in params.items() if key in _TAKEN and value is not None}
    body = {**_PRESET, **chosen}
    stop = body.get("stop")
    if isinstance(stop, str):
        body["stop"] = [stop]
    limit = body["max_tokens"]
    most = (_POOL - WINDOW) // branches
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise Fault("bad_request", "max_tokens has to be a whole number of 1 or more.")
    body["max_tokens"] = min(limit, most)
    return body


class Llama:
    """An opened model. Opening takes seconds and 340 MB for the embedded one.

    It cannot be closed, only left to the end of its process: the library's server, freed before
    its threads have begun, waits for them for ever.
    """

    def __init__(self, path: Path, *, cpuinfo: Path | None = None) -> None:
        """Open the GGUF at `path`. Raises Refusal with the reason when this cannot be done."""
        in_the_way = machine.obstacle(cpuinfo) if cpuinfo else machine.obstacle()
        if in_the_way:
            raise Refusal(in_the_way)
        _check_file(path)
        library = _library()
        self._server: Any = _serve(library, path)

    def evaluated(self) -> int:
        """Return how many prompt tokens have been evaluated so far, those from the cache not."""
        counters = str(self._server.handle_metrics())
        found = re.search(r"^llamacpp:prompt_tokens_total (\d+)", counters, re.MULTILINE)
        return int(found[1]) if found else 0

    def run(
        self,
        source: str | list[ChatMessage],
        params: Mapping[str, JSON],
        branches: int,
        seed: int,
        on_piece: Callable[[Piece], bool],
    ) -> None:
        """Continue `source` with `branches` branches; branch i is drawn with `seed` + i.

        The prompt is evaluated once for all of them. Returns when all have ended. `on_piece` runs
        on this thread and stops everything by returning True. Raises Fault.
        """
        body: dict[str, Any] = {
            **sampling(params, branches),
            "n": branches,
            "seed": seed,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
        }
        faults: list[Fault] = []

        def on_chunk(chunk: dict[str, Any]) -> bool:
            # The library swallows what a callback raises, so faults are kept and raised below.
            try:
                return any(on_piece(piece) for piece in _pieces(chunk))
            except Fault as fault:
                faults.append(fault)
            except Exception as error:
                faults.append(Fault("other", f"The engine failed: {one_line(repr(error))[:120]}."))
            return True

        try:
            if isinstance(source, str):
                # llama.cpp never answers an empty prompt.
                body["prompt"] = _encodable(source) or "\n"
                self._server.handle_completions(body, on_chunk)
            else:
                body["messages"] = [
                    {"role": m["role"], "content": _encodable(m["content"])} for m in source
                ]
                self._server.handle_chat_completions(body, on_chunk)
        except (RuntimeError, TypeError, ValueError) as error:
            raise Fault(
                "bad_request", f"The model cannot be asked this: {first_words(str(error), 120)}."
            ) from error
        if faults:
            raise faults[0]


def _pieces(chunk: dict[str, Any]) -> list[Piece]:
    if "error" in chunk:
        raise _fault(chunk["error"])
    timings: dict[str, Any] = chunk.get("timings") or {}
    usage: dict[str, Any] = chunk.get("usage") or {}
    pieces: list[Piece] = []
    progress = chunk.get("prompt_progress")
    if progress:
        total = int(progress["total"])
        if total > WINDOW:
            raise _too_long(total, WINDOW)
        pieces.append(Piece(evaluated=int(progress["processed"]), total=total))
    for choice in chunk.get("choices") or ():
        # Text completion has its text in the choice itself, chat in a delta.
        probable: dict[str, Any] = choice.get("logprobs") or {}
        holder: dict[str, Any] = choice.get("delta") or {"content": choice.get("text")}
        pieces.append(
            Piece(
                index=int(choice["index"]),
                text=holder.get("content") or "",
                finish=choice.get("finish_reason"),
                in_tokens=usage.get("prompt_tokens"),
                out_tokens=timings.get("predicted_n"),
                drawn=tuple(probable.get("content") or ()),
            )
        )
    return pieces


def _fault(error: dict[str, Any]) -> Fault:
    said = _INNARDS.sub("", str(error.get("message", "")))
    if error.get("type") == "exceed_context_size_error":
        return _too_long(error.get("n_prompt_tokens"), error.get("n_ctx"))
    if "context size" in said.lower():
        return Fault("context_too_long", "The text has filled the model's context: ask for less.")
    kind: Kind = "bad_request" if error.get("code") == 400 else "server"
    return Fault(kind, f"The embedded model refused: {first_words(said, 140).rstrip('.')}.")


def _too_long(tokens: object, window: object) -> Fault:
    return Fault(
        "context_too_long",
        f"The prompt is too long for this model: it has {tokens} tokens and the context holds "
        f"{window}; give it less of the story.",
    )


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        reason = one_line(error.strerror or str(error))
        raise Refusal(f"The model file {one_line(path.name)} cannot be read: {reason}.") from error
    if magic != b"GGUF":
        raise Refusal(f"{one_line(path.name)} is not a GGUF model file.")


def _library() -> Any:
    # With OpenMP's default of busy waiting, a machine with other work falls to 1 token a second.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        return importlib.import_module("xllamacpp")
    except ImportError as error:
        if "libgomp" in str(error):
            raise Refusal(
                "The embedded model needs the system library libgomp, which is missing: "
                "install it (on Debian and Ubuntu: apt install libgomp1)."
            ) from error
        reason = first_words(str(error), 80)
        raise Refusal(
            f"The embedded model's engine xllamacpp cannot be loaded ({reason}): "
            "install storyloom[local] again, or use another model."
        ) from error


def _serve(library: Any, path: Path) -> Any:
    params = library.CommonParams()
    params.model.path = str(path.absolute())
    params.verbosity = 0
    params.n_ctx = _POOL
    params.n_parallel = MOST_BRANCHES
    params.kv_unified = True
    params.n_batch = params.n_ubatch = _EVALUATE
    params.cache_ram_mib = _CACHE_MIB
    params.fit_params = False
    threads = min(os.cpu_count() or 1, 4)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.ui = params.endpoint_slots = False
    params.endpoint_metrics = True
    params.cors_origins = ""
    params.hostnames = ["engine.sock"]
    # The library always opens a server. It gets a socket in a private folder instead of a TCP
    # port, relative because socket paths are short, and loses its name at once: none can reach it.
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="storyloom-") as folder:
        os.chdir(folder)
        try:
            return library.Server(params)
        except RuntimeError as error:
            raise Refusal(
                f"The model file {one_line(path.name)} cannot be opened: it is damaged, or of a "
                "kind that this engine does not know; fetch it again or use another."
            ) from error
        finally:
            os.chdir(before)
