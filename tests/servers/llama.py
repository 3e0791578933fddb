"""A real provider on 127.0.0.1: llama.cpp's own HTTP server, with the embedded model's weights.

It is the server that people run at home as `llama-server`, and no script of ours: what is tested
with it is how a real model's stream ends, counts, stops and refuses. It runs in a child process,
which ends when its input does.
"""

import atexit
import contextlib
import functools
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["ALIAS", "WINDOW", "LlamaServer", "running", "serving"]

ALIAS = "smollm2-here"
"""What the server calls its model in its answers."""
WINDOW = 1024
"""Tokens of prompt and continuation together."""
_AT_ONCE = 4
_PATIENCE = 60
"""Seconds for it to notice that a client has gone."""
_EVALUATE = 64
"""Prompt tokens between two looks at whether the client has gone."""


@dataclass(frozen=True)
class LlamaServer:
    """A server that runs."""

    address: str
    """`http://127.0.0.1:PORT`."""
    key: str
    """The one key that it takes."""
    _child: "subprocess.Popen[str]"

    @property
    def base(self) -> str:
        """The address ending in `/v1`, which is OpenAI's kind of base."""
        return f"{self.address}/v1"

    def rest(self) -> None:
        """Return once it works on nothing. Blocks."""
        end = time.monotonic() + _PATIENCE
        while self._figure("requests_processing"):
            assert time.monotonic() < end, "the server still works"
            time.sleep(0.02)

    def written(self) -> int:
        """Return how many tokens it has written so far, those of ended requests."""
        return self._figure("tokens_predicted_total")

    def kill(self) -> None:
        """End the server in the middle of whatever it does."""
        self._child.kill()

    def _figure(self, name: str) -> int:
        asked = urllib.request.Request(
            f"{self.address}/metrics", headers={"authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            said = answer.read().decode()
        found = re.search(rf"^llamacpp:{name} (\d+)", said, re.MULTILINE)
        assert found, said
        return int(found[1])


@contextlib.contextmanager
def serving(weights: Path, key: str) -> Iterator[LlamaServer]:
    """Yield a server of `weights` that takes `key` only, once it listens; it is gone afterwards."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.llama", str(weights)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        # Not on the command line, which everyone on the machine can read.
        child.stdin.write(f"{key}\n")
        child.stdin.flush()
        address = child.stdout.readline().strip()
        assert address, f"the server did not start: {child.wait()}"
        yield LlamaServer(address, key, child)
    finally:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()


@functools.cache
def running(weights: Path, key: str) -> LlamaServer:
    """Return the server that all tests of this process share, started by the first."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(serving(weights, key))


def _opened(weights: str, key: str) -> Any:
    # Before the import: OpenMP's busy waiting would starve everything else on a small machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    xllamacpp: Any = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {ALIAS}
    params.verbosity = 0
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.cors_origins = ""
    params.ui = params.endpoint_slots = False
    params.endpoint_metrics = True
    params.cache_ram_mib = 0
    params.fit_params = False
    params.n_ctx = WINDOW
    params.n_parallel = _AT_ONCE
    params.kv_unified = True
    params.n_batch = params.n_ubatch = _EVALUATE
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = min(os.cpu_count() or 1, 2)
    return xllamacpp.Server(params)


def main() -> None:
    """Serve the weights of the command line until the input ends, whose first line is the key."""
    key = sys.stdin.readline().strip()
    server = _opened(sys.argv[1], key)
    print(server.listening_address, flush=True)
    threading.Thread(target=sys.stdin.read).run()
    # The library's server cannot be closed in order, and holds up an ordinary exit.
    os._exit(0)


if __name__ == "__main__":
    main()
