"""The branches of a fork side by side: to be read against each other, and one of them chosen."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar

from storyloom.story import history, log, reading, shape, weaves
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.commands import COMPARE
from storyloom.tui.keys import bindings
from storyloom.tui.legend import Legend
from storyloom.tui.screens.side_by_side import SideBySide

__all__ = ["CompareScreen"]

_OTHERS = "The weave goes through another one. Prune them all the same?"


class CompareScreen(SideBySide):
    """Dismissed with the branch that was chosen, or None. `nodes` are a fork's, in its order."""

    TABLE = COMPARE
    BINDINGS: ClassVar = bindings(COMPARE)

    def __init__(self, story: Story, nodes: Sequence[int], focus: int, legend: Legend) -> None:
        super().__init__(story, nodes, focus, legend)
        self.stop_below: Callable[[int], Awaitable[None]] | None = None
        """Stops what is written in a node or below it, if whoever opened this can do so."""

    def do_pick(self, _: str) -> None:
        self.dismiss(self._node())

    def do_pick_nth(self, number: str) -> None:
        wanted = int(number) if number.isdigit() else 0
        labels = {column.label.rstrip("*"): column.node for column in self._columns}
        if self._versions or str(wanted) not in labels:
            raise Refusal(f"There is no branch {one_line(number)} here.")
        self.dismiss(labels[str(wanted)])

    async def do_weave(self, _: str) -> None:
        node = self._node()
        await asyncio.to_thread(weaves.set_weave, self.story, node)
        # To weave is to choose.
        self._blind = False
        await self._read()
        self.say(f"The weave leads to n{node}.")

    async def do_prune(self, _: str) -> None:
        node = self._node()
        # Asked in a blind reading, it would tell which branch this is.
        if self._branches[node].card.woven and not self._blind:
            self.confirm("The weave goes through here. Prune it?", self._prune)
        else:
            await self._prune()

    async def _prune(self) -> None:
        node = self._node()
        ids = [column.node for column in self._columns]
        self._wanted = (ids[self._current + 1 :] + ids[: self._current][::-1] + [0])[0]
        await self._stop([node])
        if reading.exists(self.story, node):
            # One that was stopped before it had any text is gone already.
            await asyncio.to_thread(shape.prune, self.story, node)
        await self._read()
        if self.app.screen is self:
            self.say("Pruned; u brings it back.")

    async def do_keep_only(self, _: str) -> None:
        node = self._node()
        others = (branch for other, branch in self._branches.items() if other != node)
        if not self._blind and any(branch.card.woven for branch in others):
            self.confirm(_OTHERS, self._keep_only)
        else:
            await self._keep_only()

    async def _keep_only(self) -> None:
        node = self._node()
        await self._stop(other for other in self._branches if other != node)
        count = await asyncio.to_thread(shape.keep_only, self.story, node)
        self._blind = False
        await self._read()
        self.say(f"{count} other{'s' if count != 1 else ''} pruned; u brings them back.")

    async def _stop(self, nodes: Iterable[int]) -> None:
        """Stop what is written in those branches: what is pruned is not to be paid for longer."""
        for node in nodes:
            if self.stop_below is not None:
                await self.stop_below(node)
            elif self._branches[node].card.streaming:
                raise Refusal("That is still being written; ^g in the loom stops it.")

    async def do_undo(self, _: str) -> None:
        if history.undoable(self.story) == "gen.request":
            await self._stop(self._branches)
        kind = await asyncio.to_thread(history.undo, self.story)
        await self._read()
        self.say(
            f"Taken back: {log.STEPS.get(kind, kind)}."
            if kind
            else "There is nothing to take back."
        )

    def do_back(self, _: str) -> None:
        self.dismiss(None)
