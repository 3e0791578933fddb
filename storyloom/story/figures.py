"""How figures of what was spent are said and put in order, on the screen and in the shell."""

from collections.abc import Mapping
from typing import Any

from storyloom.story.spending import Figures, Outcome, Spending, View
from storyloom.text import grouped

__all__ = ["began", "known", "money", "ordered", "row", "unpriced"]

_LAST_MOMENT = 253_370_764_800
"""The year 9999, in seconds; a file may claim a later time, and no clock could show it."""


def ordered(
    spending: Spending, view: View, of: Mapping[View, object] | None = None
) -> list[tuple[Any, Figures]]:
    """Return the figures by model, the dearest first; by session, the last first; by chapter as
    the story has them; or by what became of the calls. `of` is that of `Spending.by`.
    """
    found = spending.by(view, of)
    match view:
        case "model":
            keys = sorted(found, key=lambda key: (_dearest_first(found[key]), key))
        case "session":
            keys = sorted(found, reverse=True)
        case "chapter":
            keys = [key for key in (0, *spending.chapters) if key in found]
        case "outcome":
            keys = [key for key in Outcome if key in found]
    return [(key, found[key]) for key in keys]


def began(spending: Spending, session: int) -> int:
    """Return when a session began, in seconds since the epoch; 0 for one that there is not."""
    if not 0 < session <= len(spending.sessions):
        return 0
    return max(0, min(spending.sessions[session - 1].time // 1000, _LAST_MOMENT))


def _dearest_first(figures: Figures) -> tuple[float, int, int]:
    return -figures.dollars, -figures.unpriced, -figures.calls


def row(figures: Figures, total: Figures) -> tuple[str, str, str, str, str]:
    """Return calls, tokens in, tokens out, money and the share of the total's money."""
    return (
        grouped(figures.calls),
        _tokens(figures.tokens_in, figures),
        _tokens(figures.tokens_out, figures),
        money(figures),
        _share(figures, total),
    )


def money(figures: Figures) -> str:
    """Return what calls cost, with a ? for what nobody knows of it."""
    if figures.calls and figures.free == figures.calls:
        return "free here"
    if not known(figures):
        return "?" if figures.unpriced else "–"
    return f"${figures.dollars:,.4f}".replace(",", " ") + (" + ?" if figures.unpriced else "")


def known(figures: Figures) -> bool:
    """Whether anything is known of what calls cost."""
    return bool(figures.priced or (figures.calls and figures.free == figures.calls))


def unpriced(figures: Figures) -> str:
    """Return the sentence on branches of unknown price; empty when there are none."""
    if not figures.unpriced:
        return ""
    many = figures.unpriced
    which, them = (f"{grouped(many)} branches are", "them") if many > 1 else ("1 branch is", "it")
    return f"{which} of unknown price (?): no sum or cap has {them}."


def _tokens(count: int, figures: Figures) -> str:
    if figures.uncounted and not count:
        return "?"
    return grouped(count) + ("+" if figures.uncounted else "")


def _share(figures: Figures, total: Figures) -> str:
    if not total.dollars or not figures.priced or figures.free == figures.calls:
        return ""
    percent = figures.dollars * 100 / total.dollars
    return "<1%" if 0 < percent < 1 else f"{percent:.0f}%"
