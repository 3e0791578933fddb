"""litellm, imported once and so set up that it neither prints, downloads nor retries."""

import gc
import os
from typing import Any

from storyloom.models.ollama import bound
from storyloom.models.served import ollama_here
from storyloom.models.watching import session, watch_handlers

__all__ = ["load", "ready_environment", "warm"]

_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else the import asks the network for prices
    "LITELLM_MODE": "PRODUCTION",  # else the import reads a `.env` found upwards from it
    "LITELLM_LOG": "ERROR",
}
_ATTRIBUTION = {"OR_SITE_URL": "app://storyloom", "OR_APP_NAME": "Storyloom"}
"""What OpenRouter is told of the program; without it litellm gives its own name."""


def ready_environment() -> None:
    """Set what litellm reads when it is imported. Call it before `load`."""
    os.environ.update(_ENVIRONMENT)
    for name, value in _ATTRIBUTION.items():
        os.environ.setdefault(name, value)
    if os.environ.get("OLLAMA_HOST"):
        os.environ.setdefault("OLLAMA_API_BASE", ollama_here(os.environ))


def load() -> Any:
    """Import litellm and return it. Takes seconds of CPU: call it in a thread."""
    # The import makes 300,000 objects and drops almost none: collecting meanwhile is lost time.
    gc.disable()
    try:
        import litellm
    finally:
        gc.enable()
    library: Any = litellm
    library.suppress_debug_info = True
    library.set_verbose = False
    library.telemetry = False
    # A name like llama-3 makes litellm fetch a tokenizer, synchronously and with retries.
    library.disable_hf_tokenizer_download = True
    watch_handlers()
    bound(library)
    # Base models repeat themselves honestly; litellm takes that for a fault.
    library.REPEATED_STREAMING_CHUNK_LIMIT = 10**9
    library.drop_params = True
    return library


async def warm(library: Any) -> None:
    """Do what litellm does at a first call only, without the network, and settle the collector.

    Blocks the loop for about a second; afterwards a full collection takes 20 ms, not 200.
    """
    library.aclient_session = session()
    reply = await library.acompletion(
        model="openai/warm-up",
        messages=[{"role": "user", "content": "."}],
        mock_response="Once upon a time",
        stream=True,
        api_key="none",
        stream_options={"include_usage": True},
    )
    async for _ in reply:
        pass
    gc.collect()
    gc.freeze()
