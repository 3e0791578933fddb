"""Textual's own driver for Unix terminals, with thinner frames."""

import os

from textual.drivers.linux_driver import LinuxDriver

from storyloom.tui.thin import thinned

__all__ = ["ThinDriver"]

_ERASING = ("xterm", "tmux", "alacritty", "foot", "ghostty", "kitty", "konsole", "vte", "wezterm")
"""What the names of terminals begin with that erase in the colour they have. GNU Screen does not,
and older tmux has its name.
"""


class ThinDriver(LinuxDriver):
    """Sends every frame without what the terminal has already."""

    sent = 0
    """Bytes handed to the terminal since the program began."""
    _erasing = os.environ.get("TERM", "").startswith(_ERASING)

    def write(self, data: str) -> None:
        """Write a frame, or a control sequence, to the terminal."""
        frame = thinned(data, erasing=self._erasing)
        ThinDriver.sent += len(frame) if frame.isascii() else len(frame.encode("utf-8", "replace"))
        super().write(frame)
