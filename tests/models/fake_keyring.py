"""A keyring for tests, by the library's own interface: one JSON file, and moods.

Used as `PYTHON_KEYRING_BACKEND=tests.models.fake_keyring.Fake`, with the file's path in
FAKE_KEYRING and in FAKE_KEYRING_MOOD what is wrong with it.
"""

import json
import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

ROOT = Path(__file__).parents[2]


def environ(file: Path, mood: str = "") -> dict[str, str]:
    """Return the variables that give a process this keyring."""
    return {
        "PYTHON_KEYRING_BACKEND": "tests.models.fake_keyring.Fake",
        "PYTHONPATH": str(ROOT),
        "FAKE_KEYRING": str(file),
        "FAKE_KEYRING_MOOD": mood,
    }


def held(file: Path) -> dict[str, str]:
    """Return what is in the keyring, by `service/user`."""
    return json.loads(file.read_text()) if file.exists() else {}


class Fake(KeyringBackend):
    """See the module."""

    priority = 5  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        self._mood()
        with Path(f"{self._file}.asked").open("a") as asked:
            asked.write(f"{username} {os.getpid()}\n")
        return held(self._file).get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._mood()
        if os.environ["FAKE_KEYRING_MOOD"] != "forgetful":
            self._put({**held(self._file), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._mood()
        kept = held(self._file)
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("there is none")
        self._put(kept)

    @property
    def _file(self) -> Path:
        return Path(os.environ["FAKE_KEYRING"])

    def _put(self, kept: dict[str, str]) -> None:
        self._file.write_text(json.dumps(kept))

    def _mood(self) -> None:
        match os.environ["FAKE_KEYRING_MOOD"]:
            case "locked":
                raise KeyringLocked("locked")
            case "crash":
                os.abort()
            case "hang":
                threading.Event().wait()
            case "noisy":
                print('{"is":"none"}', flush=True)
                os.write(1, b'{"is":"none"}\n')
            case _:
                pass


class Stopgap(Fake):
    """A keyring that works and is none by the library's own measure, as those in plain files."""

    priority = 0.5  # type: ignore[assignment]
