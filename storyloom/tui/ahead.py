"""Keys that are pressed before the form that they are for has a box to take them."""

from collections.abc import Iterator

from textual import events
from textual.screen import Screen

__all__ = ["Ahead"]


class Ahead:
    """Holds what is typed behind the key that opens a form, until one of its boxes has the focus.

    A form is a screen whose `FORM` is true: all its letters are text. It has no box to begin with,
    as it is only being made.
    """

    def __init__(self) -> None:
        self._form: Screen[object] | None = None
        self._keys: list[events.Key] = []

    def holds(self, screen: Screen[object], key: events.Key) -> bool:
        """Whether `key` is not to be taken yet; if so it is kept for `released`."""
        if screen is not self._form:
            # What was typed for a form that has gone again is for no other screen.
            self._form, self._keys = screen, []
        waits = bool(self._keys) or (bool(getattr(screen, "FORM", False)) and not screen.focused)
        if waits:
            self._keys.append(events.Key(key.key, key.character))
        return waits

    def released(self, screen: Screen[object]) -> Iterator[events.Key]:
        """Yield the keys that were held for `screen`, in their order, once it can take them."""
        while self._keys and screen is self._form and screen.focused:
            yield self._keys.pop(0)
