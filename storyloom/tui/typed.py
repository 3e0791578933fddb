"""Bytes from the keyboard that are no UTF-8, which would otherwise end the program.

A terminal set to another character set sends them, and so does a line that garbles what it carries.
"""

import codecs
from functools import partial

from textual.drivers import linux_driver

__all__ = ["allow_any"]

_NAME = "storyloom-typed"


def allow_any() -> None:
    """Have Textual's driver take a byte that is no UTF-8 for the letter it is in Latin-1.

    Its decoder is made by a function of the codecs that knows of no errors, and there is no other
    place to tell it of them.
    """
    codecs.register_error(_NAME, _latin)
    linux_driver.getincrementaldecoder = _decoder  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]


def _decoder(encoding: str) -> "partial[codecs.IncrementalDecoder]":
    return partial(codecs.getincrementaldecoder(encoding), errors=_NAME)


def _latin(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end
