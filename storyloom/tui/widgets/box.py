"""A box for one line of text that takes all of what is pasted into it."""

import re

from textual import events
from textual.widgets import Input

from storyloom.text import clean

__all__ = ["LineBox"]


class LineBox(Input):
    """An Input that makes one line of several pasted ones, where Textual's drops all but one."""

    async def _on_paste(self, event: events.Paste) -> None:  # pyright: ignore
        # Textual calls Input's own handler after this one.
        event.text = re.sub(r"\s*\n\s*", " ", clean(event.text).strip("\n"))
