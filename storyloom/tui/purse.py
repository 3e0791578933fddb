"""What the loom's first line says of money, in as few characters as can be."""

from storyloom.story.growth import Spent
from storyloom.tui.widgets.lines import Line

__all__ = ["purse"]

_NEAR = 0.8
"""The part of a cap from which it is near."""


def purse(spent: Spent, cap: float | None) -> Line:
    """Return what a story has cost and its cap, `$0.83/5`, with a ? where the price of some
    branches is not known; nothing while there is neither a cost nor a cap.
    """
    if cap is None and not spent.dollars:
        return ()
    said = "<$0.01" if 0 < spent.dollars < 0.005 else f"${spent.dollars:.2f}"
    said += "?" if spent.unpriced else ""
    if cap is None:
        return ((said, "dim"),)
    most = f"{cap:.9f}".rstrip("0").rstrip(".")
    return ((f"{said}/{most}", "warning" if spent.dollars >= cap * _NEAR else "dim"),)
