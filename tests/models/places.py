"""What the tests of keys share: the places that one may be in."""

from pathlib import Path

import pytest

from storyloom.models import key_file, keyrings
from storyloom.models.keyrings import Keyring
from storyloom.models.keys import Key
from tests.models import fake_keyring

ENVIRON = "sk-environ-0123456789"
RINGED = "sk-ringed-0123456789"
FILED = "sk-filed-0123456789"


def empty_places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give this process and its children an empty keyring and an empty config folder below
    `folder`, and return the variables that do so.
    """
    mine = fake_keyring.environ(folder / "ring") | {"XDG_CONFIG_HOME": str(folder)}
    for name, value in mine.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(keyrings, "SYSTEM", Keyring())
    return mine


def in_file(**keys: str) -> None:
    """Let the file hold exactly these keys."""
    key_file.write({name: Key(secret) for name, secret in keys.items()})


def in_keyring(**keys: str) -> None:
    """Put these keys into the keyring."""
    for name, secret in keys.items():
        assert Keyring().write(name, Key(secret))
