"""The process that asks the system's keyring: `python -m storyloom.models.keyring_process`.

A keyring may wait for a password, for a service that does not answer, or crash in native code; in
a process of its own it can be given up. One message comes in, `{"do": "read", "names": […]}`,
`{"do": "write", "name", "secret"}` or `{"do": "remove", "name"}`. Out come `{"is": "none"}` where
there is no keyring, else a `{"is": "key", "name", "secret"}` for each that is found and at last
`{"is": "done"}`. Keys travel by the two pipes only.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from storyloom.models.wire import Message, decode, encode

__all__ = ["SERVICE", "main"]

SERVICE = "storyloom"
"""What the keyring's entries are called; the user name of each is its variable."""
_REAL = 1
"""The least priority of a keyring that is no stopgap, by the library's own measure."""


def main() -> None:
    """Do what the one message asks."""
    wire = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a backend prints goes nowhere

    def send(message: Message) -> None:
        wire.write(encode(message))

    message = decode(sys.stdin.buffer.readline())
    library = _keyring()
    if library is None:
        send({"is": "none"})
    elif _do(library, message, send):
        send({"is": "done"})
    # A thread of a backend must not hold the process up.
    os._exit(0)


def _keyring() -> Any:
    """Return the library when it has a real keyring to speak to, else None."""
    try:
        import keyring

        return keyring if float(keyring.get_keyring().priority) >= _REAL else None
    except Exception:  # backends raise many things where what they need is missing
        return None


def _do(library: Any, message: Message, send: Callable[[Message], None]) -> bool:
    try:
        match message["do"]:
            case "read":
                for name in message["names"]:
                    secret = library.get_password(SERVICE, name)
                    if secret:
                        send({"is": "key", "name": name, "secret": secret})
            case "write":
                name, secret = message["name"], message["secret"]
                library.set_password(SERVICE, name, secret)
                return library.get_password(SERVICE, name) == secret
            case "remove":
                library.delete_password(SERVICE, message["name"])
            case _:
                return False
    except Exception:  # locked, refused, or gone meanwhile
        return False
    return True


if __name__ == "__main__":
    main()
