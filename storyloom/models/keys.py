"""A provider's key, which shows itself to nobody by accident."""

import re
from typing import NoReturn

from storyloom.models.redact import MASK, learn
from storyloom.text import Refusal

__all__ = ["Key"]

_TYPED = re.compile(r"[!-~]{8,4096}")
"""What goes into a header as it is: printable ASCII without white space."""


class Key:
    """A key whose repr, str and format are `***`; only `reveal` gives the secret.

    It cannot be pickled, copied into JSON, or joined to a text. Whatever becomes a Key is known
    to `redact` from then on.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        self._secret = secret
        learn(secret)

    @classmethod
    def typed(cls, text: str) -> "Key":
        """Return the key that a person typed, piped or wrote into a file, white space around it
        left out. Raises Refusal, without the text in it, when that can be no key.
        """
        text = text.strip()
        if not text:
            raise Refusal("No key was given, so nothing was changed.")
        if not _TYPED.fullmatch(text):
            raise Refusal(
                "That can be no key: it has to be 8 to 4096 plain characters without a space; "
                "copy it again."
            )
        return cls(text)

    def reveal(self) -> str:
        """Return the secret, to be handed on and never to be kept."""
        return self._secret

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __copy__(self) -> "Key":
        return self

    def __deepcopy__(self, memo: object) -> "Key":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a key is not to be pickled")
