"""Keys of providers in the system's keyring, where there is one that answers in time."""

import importlib.util
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence

from storyloom.models.keys import Key
from storyloom.models.wire import Message, decode, encode
from storyloom.text import Refusal

__all__ = ["SYSTEM", "Keyring"]

_COMMAND = (sys.executable, "-P", "-m", "storyloom.models.keyring_process")
_PATIENCE = 5.0
"""Seconds that a keyring has to answer."""
_FRESH = 10.0
"""Seconds that an answer is good for: nine branches at once ask once, and a key that was set in
another terminal is seen by the next batch."""


class Keyring:
    """The system's keyring. Every method may take seconds, none raises, and threads may share it.

    No library `keyring`, no backend, a locked one, one that crashes or one that does not answer
    are all the same: no keyring.
    """

    def __init__(self, command: Sequence[str] = _COMMAND, patience: float = _PATIENCE) -> None:
        self._command = tuple(command)
        self._patience = patience
        self._lock = threading.Lock()
        self._known: dict[str, Key | None] = {}
        self._until = 0.0
        self._absent = False
        self._done = False

    def read(self, names: Iterable[str]) -> dict[str, Key]:
        """Return the keys of those variables that it has, at most 10 seconds old."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._known.clear()
            wanted = [name for name in dict.fromkeys(names) if name not in self._known]
            if wanted and not self._absent:
                if not self._known:
                    self._until = time.monotonic() + _FRESH
                self._known |= dict.fromkeys(wanted) | self._ask({"do": "read", "names": wanted})
            return {name: key for name in names if (key := self._known.get(name)) is not None}

    def write(self, name: str, key: Key) -> bool:
        """Keep a key under its variable; return whether it is there now."""
        return self._change({"do": "write", "name": name, "secret": key.reveal()})

    def remove(self, name: str) -> bool:
        """Forget the key of a variable; return whether that was done."""
        return self._change({"do": "remove", "name": name})

    def _change(self, message: Message) -> bool:
        with self._lock:
            self._known.clear()
            if self._absent:
                return False
            self._ask(message)
            return self._done

    def _ask(self, message: Message) -> dict[str, Key]:
        """Return the keys that the process tells; what it told in time counts."""
        self._done = False
        if importlib.util.find_spec("keyring") is None:
            self._absent = True
            return {}
        late = False
        try:
            said = subprocess.run(
                self._command,
                input=encode(message),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self._patience,
                check=False,
            ).stdout
        except subprocess.TimeoutExpired as given_up:
            said, late = given_up.stdout or b"", True
        except OSError:
            return {}
        found = self._heard(said)
        # One that waits for a password which nobody types is not asked again at every branch.
        self._absent = self._absent or (late and message["do"] == "read" and not found)
        return found

    def _heard(self, said: bytes) -> dict[str, Key]:
        found: dict[str, Key] = {}
        for line in said.splitlines(keepends=True):
            try:
                message = decode(line)
                match message.get("is"):
                    case "none":
                        self._absent = True
                    case "done":
                        self._done = True
                    case "key":
                        found[message["name"]] = Key.typed(message["secret"])
                    case _:
                        pass
            except (ValueError, KeyError, TypeError, AttributeError, Refusal):
                continue  # half a line of a process that was given up, or an entry of another's
        return found


SYSTEM = Keyring()
"""The keyring of this process; it asks nothing before its first use."""
