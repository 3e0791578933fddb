"""A bound on what litellm asks an Ollama server unasked: what a model is, for each new one."""

import asyncio
import threading
import time
from importlib import import_module
from typing import Any

__all__ = ["bound"]

_PATIENCE = 2.0
"""Seconds for the answer; litellm would wait ten minutes."""
_REST = 60.0
"""Seconds for which a server that did not answer is not asked again."""


class _Silent(Exception):
    """It is not asked now; litellm goes on as for a model that it has never heard of."""


def bound(library: Any) -> None:
    """Have litellm ask in threads only, where its waiting holds nothing up, and not for long.

    It also asks on the event loop, when it counts what a branch has cost, and then no branch gets
    on until the server has answered. Call it once.
    """
    kind: Any = import_module("litellm.llms.ollama.common_utils").OllamaModelInfo
    ask = kind.get_runtime_model_info
    lock = threading.Lock()
    silent: dict[str, float] = {}

    def asked(
        self: Any, model: str, api_base: str | None = None, api_key: str | None = None
    ) -> dict[str, Any]:
        if _is_on_a_loop():
            raise _Silent
        base = str(self.get_server_api_base(api_base))
        with lock:
            if time.monotonic() < silent.get(base, 0.0):
                raise _Silent
        library.module_level_client.client.timeout = _PATIENCE
        began = time.monotonic()
        # Of a server that does not answer, it says that nothing is known.
        found = ask(self, model=model, api_base=api_base, api_key=api_key)
        if time.monotonic() - began >= _PATIENCE:
            with lock:
                silent[base] = time.monotonic() + _REST
        return found

    kind.get_runtime_model_info = asked


def _is_on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
