"""The real weights of the embedded model for the tests that run it."""

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from storyloom.models import fetching, machine, weights
from storyloom.text import Refusal


@functools.cache
def _found() -> Path | str:
    """Return the weights, or the reason why there are none."""
    obstacle = machine.obstacle()
    if obstacle:
        return obstacle
    kept = os.environ.get("STORYLOOM_TEST_MODELS")
    if not kept and weights.present():
        return weights.path_of(weights.EMBEDDED)
    folder = Path(kept or tempfile.mkdtemp(prefix="storyloom-weights-"))
    if not kept:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / weights.FILE
    try:
        if not path.exists():
            fetching.fetch(fetching.SOURCE, path, lambda _done, _total: None)
    except Refusal as refusal:
        return str(refusal)
    return path


def real_weights() -> Path:
    """Return the file of the embedded model's weights; skip the test where it cannot be had.

    Taken from STORYLOOM_TEST_MODELS, else the user's own folder, else fetched.
    """
    found = _found()
    if isinstance(found, str):
        pytest.skip(found)
    return found
