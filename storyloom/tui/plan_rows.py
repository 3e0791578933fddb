"""The rows of a plan's models and of what holds for all of them, as lines of a screen."""

from dataclasses import dataclass

from storyloom.generate import caps
from storyloom.generate.foreseen import Foreseen
from storyloom.generate.plan import InForce, of_model, short
from storyloom.models.protocol import Facts
from storyloom.models.routes import runs_here
from storyloom.settings import OWN, RANGES, SKETCH, PlanPart, Settings
from storyloom.text import grouped
from storyloom.tui.widgets.columns import columns, left, right
from storyloom.tui.widgets.lines import Line, Part

__all__ = ["FIELDS", "PlanRow", "about", "estimate_line", "head", "label", "setting_line"]

_LABELS = {
    "words": ("length", "How long a branch should be, in words; or sketch (2 lines), beat (60), "
              "scene (300)."),
    "temperature": ("temperature", "0 is always the likeliest word, 1 as the model learned, more "
                    "is wilder. Some models take none or only up to 1."),
    "top_p": ("top p", "Only the likeliest words that make up this share are drawn from."),
    "seed": ("seed", "The same number asks for the same text again, from models that take one; the "
             "second branch is drawn with one more."),
    "trim": ("trim", "yes cuts away a last sentence that broke off at the limit; no keeps it."),
    "alternatives": ("alternatives", "How many other words are asked for at each one, where a "
                     "provider tells them, 0 to 20; T shows them. 0 asks for none."),
    "context": ("context", "The most tokens that a request may hold, the answer among them."),
    "vary": ("vary by", "What the branches of a batch differ in, one value each, as in tone: dry / "
             "tender / afraid; none is off."),
}  # fmt: skip
FIELDS = ("n", *OWN)
"""What can be changed of a model, from left to right."""
_TITLES = {"n": "n", "temperature": "temp", "top_p": "top p", "words": "length"}
_WIDTHS = {"n": 3, "temperature": 6, "top_p": 7, "words": 8}
_FIXED = 36
"""Cells of a row besides its name and what is said of it: marker, tick, fields, gaps."""
_NOTE, _LONG_NOTE = 20, 36
_WIDE = 110
"""Cells from which the window has room."""


@dataclass
class PlanRow:
    """One model of a plan, or one that was taken out of it here and may come back."""

    part: PlanPart
    ticked: bool = True
    facts: Facts | None = None

    def line(self, width: int, settings: Settings, field: str) -> Line:
        """Return its row; `settings` hold for all models, `field` is the chosen one or empty."""
        dim = "dim" if not self.ticked else "text"
        name, note = _room(width)
        cells: list[Part] = [
            ("[x]" if self.ticked else "[ ]", "weave" if self.ticked else "dim"),
            (left(short(self.part.model) if name < 24 else self.part.model, name), dim),
        ]
        for each in FIELDS:
            text, own = self._field(each, settings)
            style = "dim" if not self.ticked or not own else "fresh"
            chosen = each == field
            cell = right(text, _WIDTHS[each] - 2)
            cells.append((f"[{cell}]" if chosen else f" {cell} ", "title" if chosen else style))
        if width >= _WIDE:
            cells.append((right(self._window(), 9), dim))
        cells.append((left(self._note(settings), note), "warning" if self._missing else "dim"))
        return columns(cells, gap=1)

    def value(self, name: str, settings: Settings) -> tuple[float | None, bool]:
        """Return what is in force of a model, None for its provider's own, and whether it is its
        own.
        """
        return getattr(of_model(settings, self.part), name), name in self.part.values

    def _field(self, name: str, settings: Settings) -> tuple[str, bool]:
        if name == "n":
            return str(self.part.count), True
        value, own = self.value(name, settings)
        if name == "words" and value == SKETCH:
            return "sketch", own
        return ("-" if value is None else f"{value:g}"), own

    @property
    def _missing(self) -> str:
        return (self.facts.key_missing or "") if self.facts is not None else ""

    def _window(self) -> str:
        window = self.facts.window if self.facts is not None else None
        return "?" if window is None else grouped(window)

    def _note(self, settings: Settings) -> str:
        entry = settings.entry(self.part.model)
        if runs_here(entry.model, entry.api_base):
            return "runs here, free"
        if self.facts is None:
            return ""
        if self._missing:
            return f"needs {self._missing}"
        if self.facts.in_price is None or self.facts.out_price is None:
            return "price unknown"
        prices = (self.facts.in_price, self.facts.out_price)
        return "${} / {} per M".format(*(f"{price * 1_000_000:.2f}" for price in prices))


def head(width: int) -> Line:
    """Return what stands above the models' columns."""
    name, note = _room(width)
    cells: list[Part] = [("   ", ""), (left("model", name), "dim")]
    cells += [(f" {right(_TITLES[each], _WIDTHS[each] - 2)} ", "dim") for each in FIELDS]
    if width >= _WIDE:
        cells.append((right("window", 9), "dim"))
    cells.append((left("$ in / out", note), "dim"))
    return ((" ", ""), *columns(cells, gap=1))


def _room(width: int) -> tuple[int, int]:
    """Return the cells of a model's name and of what is said of it."""
    room = width - _FIXED - (10 if width >= _WIDE else 0)
    note = min(_LONG_NOTE if width >= _WIDE else _NOTE, max(0, room - 12))
    return max(8, min(44, room - note)), note


def setting_line(row: InForce, width: int, *, here: bool) -> Line:
    """Return the row of a setting that holds for all models; `here` says that it is set at the
    place the screen is of.
    """
    source = max(12, min(42, width // 3 + 8, width - 35))
    cells = [
        (left(label(row.name), 12), "title"),
        (left(row.said, max(8, width - source - 18)), "text"),
        (left("set here" if here else row.source, source), "weave" if here else "dim"),
    ]
    return ((" ", ""), *columns(cells))


def estimate_line(foreseen: Foreseen, *, long: bool = True) -> Line:
    """Return what a batch may cost and what is left of the cap; `long` says how long its requests
    are too.
    """
    calls = f"{foreseen.calls} call{'' if foreseen.calls == 1 else 's'}"
    if foreseen.dollars:
        said = f"est. {caps.dollars(foreseen.dollars)}{'?' if foreseen.unpriced else ''} in {calls}"
    elif foreseen.unpriced:
        said = f"{calls}, price unknown"
    else:
        said = f"{calls} at no price"
    parts: list[Part] = []
    if foreseen.tokens and long:
        parts.append((f"{foreseen.tokens / 1000:.1f}k tok each", "dim"))
    parts.append((said, "text"))
    if foreseen.left is not None:
        style = "warning" if foreseen.beyond else "dim"
        parts.append((f"{caps.exactly(round(foreseen.left, 4))} left of cap", style))
    return tuple(parts)


def label(name: str) -> str:
    """Return what a setting is called on the screen."""
    return _LABELS[name][0] if name in _LABELS else name.replace("_", " ")


def about(name: str) -> str:
    """Return what a setting does, and from where to where it goes."""
    about = _LABELS[name][1] if name in _LABELS else ""
    if name in RANGES and RANGES[name] != (0, 1):
        low, high = RANGES[name]
        about += f" From {low:,.12g} to {high:,.12g}.".replace(",", " ")
    return about
