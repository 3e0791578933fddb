"""How many tokens a text is, counted off-line."""

import hashlib
import importlib.util
import math
import os
import re
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["count", "exact"]

# tiktoken looks for an encoding under the SHA-1 of its address, and would download what it does
# not find or finds damaged; so the file is checked here before tiktoken is asked.
_FILES = {
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}
_BUNDLED = Path("litellm_core_utils", "tokenizers")

_O200K = re.compile(r"(chatgpt-4o|gpt-(4o|4\.[1-9]|[5-9]|oss)|o[1-9](-|$))")
_CL100K = re.compile(r"(gpt-4(-|$)|gpt-3\.5-turbo|gpt-35-turbo|davinci-002$|babbage-002$)")

_loading = threading.Lock()


def count(text: str, model: str = "") -> int:
    """Return how many tokens `text` is for `model`; an estimate unless `exact(model)`.

    The first call loads an encoding, which takes half a second: make it off the event loop. Safe
    to call from several threads. Where no encoding is to be had, a token is taken to be 4 bytes.
    """
    if not text:
        return 0
    encoding = _encoding(_name(model))
    if encoding is None:
        return math.ceil(len(text.encode("utf-8", "surrogatepass")) / 4)
    # Not `encode`: it refuses a story that holds the text of a special token.
    return len(encoding.encode_ordinary(text))


def exact(model: str) -> bool:
    """Return whether `count` uses the very encoding that `model` uses, not a similar one."""
    bare = _bare(model)
    return bool(_O200K.match(bare) or _CL100K.match(bare)) and _encoding(_name(model)) is not None


def _bare(model: str) -> str:
    return model.rsplit("/", 1)[-1].removeprefix("ft:").lower()


def _name(model: str) -> str:
    return "o200k_base" if _O200K.match(_bare(model)) else "cl100k_base"


def _encoding(name: str) -> "Encoding | None":
    with _loading:
        return _load(name)


@cache
def _load(name: str) -> "Encoding | None":
    folder = _folder()
    file, digest = _FILES[name]
    try:
        if folder is None or hashlib.sha256((folder / file).read_bytes()).hexdigest() != digest:
            return None
        import tiktoken
    except (OSError, ImportError):
        return None
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        return tiktoken.get_encoding(name)
    except (OSError, ValueError):
        return None
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before


def _folder() -> Path | None:
    # litellm ships the files; finding its folder does not import it, which would take seconds.
    spec = importlib.util.find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / _BUNDLED
