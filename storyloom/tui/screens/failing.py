"""The loom's part for branches that failed: rows of those without text, and what is asked again.

A branch that brought no text is no node of the story. It has a row below those of its fork as long
as the story is open, which the cursor can be moved to, so that it alone is asked for again.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.models.kinds import in_words
from storyloom.story.reading import Card
from storyloom.text import Refusal
from storyloom.tui.screens.inspecting import Inspecting
from storyloom.tui.widgets.siblings import Lost

if TYPE_CHECKING:
    from storyloom.generate.batch import Branch

__all__ = ["Failing"]

_OF_ONE = frozenset({"next", "previous", "again", "prune", "command", "help"})
"""Commands that a row without text is for; any other one is for the branch the cursor is on."""
_BROKEN = frozenset({"error", "cut_off", "interrupted"})
"""Ends of branches with text after which one of them alone is asked for again."""


class Failing(Inspecting):
    """Branches that failed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._failed: dict[int, dict[int, Lost]] = {}
        """By parent and node, the branches that brought no text."""

    def failures(self, parent: int) -> list[Lost]:
        return list(self._failed.get(parent, {}).values())

    def lose(self, branch: "Branch", parent: int) -> None:
        """Have a row for a branch, if it has ended without text and not at the author's wish."""
        if branch.running or branch.text.strip() or branch.finish == "stopped":
            return
        lost = Lost(branch.node, branch.entry.name, branch.fault or "no text", branch.say)
        self._failed.setdefault(parent, {})[branch.node] = lost

    def forget_lost(self, nodes: tuple[int, ...] = (), parent: int = 0) -> None:
        """Drop the rows of those nodes, or all of a fork's."""
        if parent:
            self._failed.pop(parent, None)
        for rows in self._failed.values():
            for node in nodes:
                rows.pop(node, None)
        self.lost = 0

    def to_ask_again(self) -> tuple[tuple[int, ...], str]:
        """Return the branches that are asked for again from here, none where the plan is asked
        anew, and what is said of them below those of the fork.
        """
        key = self.keys_of["again"]
        if self.lost:
            return (self.lost,), ""
        if below := self.failures(self.cursor):
            faults = ", ".join(dict.fromkeys(each.fault for each in below))
            many = "it" if len(below) == 1 else f"these {len(below)}"
            said = f"from n{self.cursor}, no text: {faults} · {key} asks {many} again"
            return tuple(each.node for each in below), said
        card = next((card for card in self._cards if card.id == self.cursor), None)
        if card is None:
            return (), ""
        if card.finish in _BROKEN and card.model:
            return (card.id,), f"n{card.id}: {_fault(card)} · {key} asks it again"
        return tuple(each.node for each in self.failures(card.parent)), ""

    def named_again(self, name: str) -> tuple[int, ...]:
        """Return the branches that `:again` with something behind it means; none for `all`, which
        is the plan. Raises Refusal when it is no node.
        """
        if name == "all":
            return ()
        number = name.lstrip("n")
        if not (number.isascii() and number.isdecimal() and len(number) < 16):
            raise Refusal("Behind again there may be a branch such as n7, or all.")
        return (int(number),)

    async def do(self, name: str, argument: str = "") -> None:
        """Do a command; on the row of a branch without text only some are for that."""
        if self.lost and name not in _OF_ONE:
            self.lost = 0
            self.redraw()
        elif self.lost and name == "prune":
            self.forget_lost((self.lost,))
            self.redraw()
            self.say("Off the list; it had no text, so there is nothing to bring back.")
            return
        await super().do(name, argument)


def _fault(card: Card) -> str:
    return in_words(card.finish, card.kind, card.status)
