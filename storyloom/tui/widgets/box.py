"""A box for one line of text that takes all of what is pasted into it."""

import re

from textual import events
from textual.widgets import Input

from storyloom.text import clean

__all__ = ["LineBox", "on_one_line"]


def on_one_line(text: str) -> str:
    """Return text as a box of one line can show it."""
    return re.sub(r"\s*\n\s*", " ", clean(text))


class LineBox(Input):
    """An Input that makes one line of several pasted ones, where Textual's drops all but one."""

    async def _on_paste(self, event: events.Paste) -> None:  # pyright: ignore
        # Textual calls Input's own handler after this one.
        event.text = on_one_line(event.text.strip("\r\n"))
