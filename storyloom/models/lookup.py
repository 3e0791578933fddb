"""Where the key of a provider comes from: the environment, else the keyring, else keys.toml."""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from storyloom.models import key_file, keyrings
from storyloom.models.keys import Key
from storyloom.text import Refusal

__all__ = ["Found", "Source", "find", "forget", "keep", "sources"]

Source: TypeAlias = Literal["environment", "keyring", "file"]


@dataclass(frozen=True)
class Found:
    """A key and where it was found."""

    key: Key
    source: Source


def find(variable: str) -> Found | None:
    """Return the key of a variable from the first place that has one.

    May take seconds where a keyring is asked. Raises Refusal when it would have to be in the
    file, and that cannot be trusted or read.
    """
    if value := os.environ.get(variable, "").strip():
        return Found(Key(value), "environment")
    if key := keyrings.SYSTEM.read([variable]).get(variable):
        return Found(key, "keyring")
    if key := key_file.read().get(variable):
        return Found(key, "file")
    return None


def sources(variables: Iterable[str]) -> tuple[dict[str, list[Source]], str]:
    """Return all places that each variable has a key in, the one that counts first, and what is
    wrong with the file, if anything is. Variables in the file are told without being asked for.
    """
    names, trouble = list(variables), ""
    try:
        filed = key_file.read()
    except Refusal as refusal:
        filed, trouble = {}, str(refusal)
    names += filed
    held = keyrings.SYSTEM.read(names)
    places: dict[str, list[Source]] = {}
    for name in dict.fromkeys(names):
        here: list[tuple[Source, bool]] = [
            ("environment", bool(os.environ.get(name, "").strip())),
            ("keyring", name in held),
            ("file", name in filed),
        ]
        places[name] = [source for source, has in here if has]
    return places, trouble


def keep(variable: str, key: Key, *, in_file: bool = False) -> Source:
    """Keep a key in the keyring where there is one, else or when `in_file` in the file.

    It is then in that place alone, so that no older one comes first. Raises Refusal when it
    can be kept nowhere.
    """
    if not in_file and keyrings.SYSTEM.write(variable, key):
        with contextlib.suppress(Refusal):  # what the file holds counts for nothing now
            _out_of_file(variable)
        return "keyring"
    key_file.write({**key_file.read(), variable: key})
    if variable in keyrings.SYSTEM.read([variable]):
        keyrings.SYSTEM.remove(variable)
    return "file"


def forget(variable: str) -> list[Source]:
    """Remove a key from the keyring and from the file; return where it had been and is no more.

    Raises Refusal when the file cannot be changed.
    """
    gone: list[Source] = []
    if variable in keyrings.SYSTEM.read([variable]) and keyrings.SYSTEM.remove(variable):
        gone.append("keyring")
    if _out_of_file(variable):
        gone.append("file")
    return gone


def _out_of_file(variable: str) -> bool:
    kept = key_file.read()
    if kept.pop(variable, None) is None:
        return False
    key_file.write(kept)
    return True
