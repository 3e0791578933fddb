"""Where Storyloom keeps its files, by the XDG rules on every platform.

Each function returns a path and creates nothing; `made` creates a folder that only its owner may
read. `XDG_DATA_HOME`, `XDG_CONFIG_HOME` and `XDG_RUNTIME_DIR` move the folders, and
`STORYLOOM_CONFIG` names another config file. `shipped` finds what comes with the program.
"""

import os
import stat
import tempfile
from pathlib import Path

from storyloom.text import Refusal

__all__ = [
    "config_dir",
    "config_file",
    "data_dir",
    "made",
    "models_dir",
    "runtime_dir",
    "saves_dir",
    "shipped",
    "shown",
]

_NAME = "storyloom"


def _xdg(variable: str, *default: str) -> Path:
    value = os.environ.get(variable, "")
    # The specification says that a relative path in these variables is to be ignored.
    if os.path.isabs(value):
        return Path(value) / _NAME
    try:
        return Path.home().joinpath(*default, _NAME)
    except RuntimeError as error:
        raise Refusal(f"There is no home folder here; set HOME or {variable}.") from error


def data_dir() -> Path:
    """Return the user's data folder, `~/.local/share/storyloom` unless moved."""
    return _xdg("XDG_DATA_HOME", ".local", "share")


def saves_dir() -> Path:
    """Return the folder of the user's stories, the library."""
    return data_dir() / "saves"


def models_dir() -> Path:
    """Return the folder of model weights: the embedded model's and the user's own GGUF files."""
    return data_dir() / "models"


def config_dir() -> Path:
    """Return the user's config folder, `~/.config/storyloom` unless moved."""
    return _xdg("XDG_CONFIG_HOME", ".config")


def config_file() -> Path:
    """Return the config file, `STORYLOOM_CONFIG` if set, else config.toml in the config folder."""
    named = os.environ.get("STORYLOOM_CONFIG")
    return Path(named) if named else config_dir() / "config.toml"


def runtime_dir() -> Path:
    """Return the folder of lock files: the session's runtime folder, else one under temp."""
    value = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(value) and os.access(value, os.W_OK):
        return Path(value) / _NAME
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"{_NAME}-{owner}"
    return folder if _ours_to_use(folder) else data_dir() / "run"


def _ours_to_use(folder: Path) -> bool:
    """Say whether `folder` is free or ours alone; anyone may take a name under temp first."""
    try:
        found = folder.lstat()
    except OSError:
        return True
    if not stat.S_ISDIR(found.st_mode):
        return False
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def shipped(name: str) -> Path:
    """Return the folder `name` (`themes` or `saves`) that comes with the program.

    A wheel carries it inside the package; in a checkout it is beside the package.
    """
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def made(folder: Path) -> Path:
    """Create `folder` and its parents if need be, readable by their owner alone, and return it.

    Folders that exist already are left as they are. Raises Refusal when it cannot be made.
    """
    try:
        missing = [folder, *folder.parents]
        for each in reversed([each for each in missing if not each.exists()]):
            each.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise Refusal(f"{folder} has to be a folder, and is something else.")
    except OSError as error:
        why = error.strerror or str(error)
        raise Refusal(f"The folder {folder} cannot be made: {why}.") from error
    return folder


def shown(path: Path) -> str:
    """Return a path as it is said to its owner: `~` stands for the home folder."""
    said, home = str(path), os.path.expanduser("~")
    return "~" + said[len(home) :] if said == home or said.startswith(home + "/") else said
