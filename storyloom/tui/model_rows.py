"""One model of the picker's list: what is known of it, and how that is put on the screen."""

from dataclasses import dataclass

from storyloom.generate.caps import free_here
from storyloom.models.protocol import Facts
from storyloom.models.variables import settable
from storyloom.settings import Settings
from storyloom.story.record import Record
from storyloom.text import grouped
from storyloom.tui.widgets.columns import columns, left, right
from storyloom.tui.widgets.lines import Line, Part

__all__ = ["LOCAL", "ModelRow", "head"]

LOCAL = "local/"
"""What the names of models that run on this machine begin with."""

_FIXED = 38
"""Cells of a row that are not its name: marker, tick, count, window, prices, gaps."""
_REMARK = 26
_CHOSEN = 11
_WAIT = 7
_RECORD = _CHOSEN + _WAIT + 4
"""Cells of the model's record with its gaps."""
_WITH_REMARK = 110
"""The width from which a row has room for its record and a remark."""
_MODES = {"text": "continues text", "prefill": "continues a begun answer"}


def head(width: int) -> list[Line]:
    """Return what stands above the columns."""
    cells: list[Part] = [
        ("   ", ""),
        (left("model", _name_width(width)), "dim"),
        ("n", "dim"),
        (right("window", 9), "dim"),
        (right("$ per M in / out", 16), "dim"),
    ]
    if width >= _WITH_REMARK:
        cells += [(right("chosen", _CHOSEN), "dim"), (right("wait", _WAIT), "dim")]
    return [((" ", ""), *columns(cells))]


def _name_width(width: int) -> int:
    room = width - _FIXED
    return max(12, min(room - _REMARK - _RECORD, 44) if width >= _WITH_REMARK else room)


@dataclass
class ModelRow:
    """A model that can be ticked. What is not known of it is shown as a question mark."""

    model: str
    """The name a plan knows it by."""
    count: int = 0
    """Branches asked of it; 0 while it is not ticked."""
    note: str = ""
    """What is said of it beside its facts."""
    state: str = ""
    """Whether its weights are here, for one that runs on this machine; or why its server does not
    tell what it serves.
    """
    where: str = ""
    """The server that it was found on, as `on 127.0.0.1:8080`."""
    listed: bool = False
    """Whether nothing but litellm's list brought it here."""
    facts: Facts | None = None
    asked: int = 0
    """The count it had when it was last ticked."""

    @property
    def provider(self) -> str:
        """Who answers for it, empty while that is not known."""
        return self.facts.provider if self.facts is not None else ""

    @property
    def key_missing(self) -> str | None:
        """The environment variable without which it cannot answer, if that is not set."""
        return self.facts.key_missing if self.facts is not None else None

    @property
    def key_advice(self) -> str:
        """What is missing, and the command that its owner can give."""
        variable = self.key_missing or ""
        return f"needs {variable}: storyloom keys set {settable(variable)}"

    def line(self, width: int, record: Record | None = None, *, free: bool = False) -> Line:
        """Return its row, with how it has done in the story; `free` where it costs nothing."""
        style = "dim" if self.key_missing and not self.count else "text"
        name = _name_width(width)
        cells: list[Part] = [
            ("[x]" if self.count else "[ ]", "weave" if self.count else "dim"),
            (left(self._short(), name), "fresh" if self.count else style),
            (str(self.count) if self.count else " ", "fresh"),
            (right(self._window(), 9), style),
            (right("none" if free else self._prices(), 16), style),
        ]
        if width >= _WITH_REMARK:
            record = record or Record()
            cells += [(right(record.share, _CHOSEN), style), (right(record.wait, _WAIT), style)]
            remark = f"needs {self.key_missing}" if self.key_missing else self.note or self.where
            cells.append((left(remark, width - name - _FIXED - _RECORD - 2), "dim"))
        return columns(cells)

    def _short(self) -> str:
        """Return its name, of a file's path its end: so llama.cpp calls what it was given."""
        return self.model.rpartition("/")[2] if self.model.startswith("/") else self.model

    def title(self, width: int, record: Record | None = None) -> Line:
        """Return its name, and how it has done in the story."""
        if record is None or not record.offered:
            return ((left(self.model, width), "title"),)
        said = f"{record.share} chosen" + (
            f", first words after {record.wait}" if record.wait else ""
        )
        return (
            (left(self.model, max(12, width - len(said) - 2)), "title"),
            ("  ", ""),
            (left(said, min(len(said), max(0, width - 14))), "text"),
        )

    def described(self, settings: Settings) -> str:
        """Return what is known of it in one line: where it is, how it goes on, what it costs."""
        entry = settings.entry(self.model)
        facts = self.facts
        said: list[str] = []
        if entry in settings.models:
            said.append(f"from the config file: {entry.model}")
            if entry.api_base:
                said.append(f"at {entry.api_base}")
        if facts is not None:
            if facts.provider:
                said.append(facts.provider)
            said.append(_MODES.get(facts.mode, "continues by instruction"))
            said.append(f"window {self._window()} tokens" if facts.window else "window unknown")
            if free_here(settings, self.model):
                said.append("at no price")
            else:
                known = facts.in_price is not None or facts.out_price is not None
                said.append(f"${self._prices()} per M" if known else "price unknown")
        elif self.model.startswith(LOCAL):
            said.append("runs on this machine, at no price")
        else:
            said.append("nothing is known of it yet")
        return ", ".join(said)

    def _window(self) -> str:
        window = self.facts.window if self.facts is not None else None
        return "?" if window is None else grouped(window)

    def _prices(self) -> str:
        facts = self.facts
        if facts is None or (facts.in_price is None and facts.out_price is None):
            return "?"
        return f"{_price(facts.in_price)} / {_price(facts.out_price)}"


def _price(dollars: float | None) -> str:
    return "?" if dollars is None else f"{dollars * 1_000_000:.2f}"
