"""Textual's own driver for Unix terminals, with thinner frames."""

from textual.drivers.linux_driver import LinuxDriver

from storyloom.tui.thin import thinned

__all__ = ["ThinDriver"]


class ThinDriver(LinuxDriver):
    """Sends every frame without the styles that the terminal has already."""

    def write(self, data: str) -> None:
        """Write a frame, or a control sequence, to the terminal."""
        super().write(thinned(data))
