"""Where Storyloom keeps its files, by the XDG rules on every platform.

Each function returns a path and creates nothing; `made` creates a folder that only its owner may
read. `XDG_DATA_HOME`, `XDG_CONFIG_HOME` and `XDG_RUNTIME_DIR` move the folders, and
`STORYLOOM_CONFIG` names another config file.
"""

import os
import tempfile
from pathlib import Path

__all__ = ["config_dir", "config_file", "data_dir", "made", "models_dir", "runtime_dir", "saves_dir"]

_NAME = "storyloom"


def _xdg(variable: str, default: Path) -> Path:
    value = os.environ.get(variable, "")
    # The specification says that a relative path in these variables is to be ignored.
    return (Path(value) if os.path.isabs(value) else default) / _NAME


def data_dir() -> Path:
    """Return the user's data folder, `~/.local/share/storyloom` unless moved."""
    return _xdg("XDG_DATA_HOME", Path.home() / ".local" / "share")


def saves_dir() -> Path:
    """Return the folder of the user's stories, the library."""
    return data_dir() / "saves"


def models_dir() -> Path:
    """Return the folder of model weights: the embedded model's and the user's own GGUF files."""
    return data_dir() / "models"


def config_dir() -> Path:
    """Return the user's config folder, `~/.config/storyloom` unless moved."""
    return _xdg("XDG_CONFIG_HOME", Path.home() / ".config")


def config_file() -> Path:
    """Return the config file: `STORYLOOM_CONFIG` if set, else `config.toml` in the config folder."""
    named = os.environ.get("STORYLOOM_CONFIG")
    return Path(named) if named else config_dir() / "config.toml"


def runtime_dir() -> Path:
    """Return the folder of lock files: the session's runtime folder, else one under temp."""
    value = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(value) and os.access(value, os.W_OK):
        return Path(value) / _NAME
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir()) / f"{_NAME}-{owner}"


def made(folder: Path) -> Path:
    """Create `folder` and its parents if need be, readable by its owner alone, and return it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
