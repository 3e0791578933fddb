"""A home folder for the whole program: settings, a key, an editor, and a look at its files."""

import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from storyloom.story.story import Story
from tests.tui.looming import state
from tests.whole.terminal import Terminal

__all__ = ["SENTINEL", "Home"]

ROOT = Path(__file__).resolve().parents[2]
SENTINEL = "sk-sentinel-9f8e7d6c5b4a39281706"
"""The key in the environment, which must be in no file and on no screen."""


class Home:
    """One user's home, in which nothing of the machine's owner is to be found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("config/storyloom", "data", "run"):
            (folder / name).mkdir(parents=True, mode=0o700)
        self.environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "TERM": "screen-256color",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "OPENAI_API_KEY": SENTINEL,
        }

    def configure(self, base: str, *names: str, count: int = 3) -> None:
        """Write settings with those models of the provider at `base`, and a plan of the first."""
        tables = "".join(
            f'[[model]]\nname = "{name}"\nmodel = "openai/{name}"\napi_base = "{base}"\n'
            'key_env = "OPENAI_API_KEY"\n'
            for name in names
        )
        plan = f'plan = [{{ model = "{names[0]}", count = {count} }}]\n'
        (self.folder / "config/storyloom/config.toml").write_text(plan + tables)

    def editor(self, old: str, new: str, status: int = 0) -> None:
        """Make $EDITOR a program that replaces `old` by `new` in the file it is given."""
        script = self.folder / "editor.py"
        script.write_text(
            "import os, pathlib, sys\n"
            "assert not [name for name in os.environ if name.endswith('_KEY')]\n"
            "file = pathlib.Path(sys.argv[1])\n"
            f"file.write_text(file.read_text().replace({old!r}, {new!r}))\n"
            f"sys.exit({status})\n"
        )
        self.environ["EDITOR"] = shlex.join([sys.executable, str(script)])

    def terminal(self, *arguments: str | Path, size: tuple[int, int] = (80, 24)) -> Terminal:
        """Return a terminal in which `storyloom` is to be run."""
        return Terminal([sys.executable, "-m", "storyloom", *arguments], self.environ, size)

    def run(self, *arguments: str) -> str:
        """Run a command of `storyloom` to its end and return what it prints."""
        return subprocess.run(
            [sys.executable, "-m", "storyloom", *arguments],
            env=self.environ, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    def holding(self, secret: str) -> list[Path]:
        """Return the files of this home that hold `secret`."""
        return [
            path
            for path in self.folder.rglob("*")
            if path.is_file() and secret.encode() in path.read_bytes()
        ]


def seen(path: Path) -> dict[str, Any]:
    """Return what an author sees of a story that another process has open, to be compared."""
    read = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return state(cast("Story", SimpleNamespace(read=read)))
    finally:
        read.close()


def texts(path: Path) -> dict[int, str]:
    """Return the texts of a story's nodes."""
    nodes: Mapping[int, Any] = seen(path)["nodes"]
    return {node: fields[3] for node, fields in nodes.items()}
