"""The loom's part that shapes the tree and says things of it: each step can be taken back."""

import asyncio
from collections.abc import Callable
from functools import partial

from storyloom.story import history, marks, reading, shape
from storyloom.story.log import STEPS
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui.screens.bench import Bench

__all__ = ["Shaping"]

_UNDID = "Taken back"
_LOOKED_AT = 100
"""Nodes of a step that are looked at for one to go to."""


class Shaping(Bench):
    """Prune, restore, join, weave, undo; and why, reason, note, chapter and the story's texts."""

    async def do_prune(self, _: str) -> None:
        card = next((card for card in self._cards if card.id == self.cursor), None)
        if card is None:
            return
        # Branches that come in may take the cursor away while the question stands.
        prune = partial(self._prune, card.id)
        if card.woven:
            self.confirm("The weave goes through here. Prune it?", prune)
        else:
            await prune()

    async def _prune(self, node: int) -> None:
        ids = [card.id for card in self._cards]
        if node not in ids:
            raise Refusal(f"n{node} is not here any more.")
        at = ids.index(node)
        beside = ids[at + 1 : at + 2] or ids[at - 1 : at] if len(ids) > 1 else []
        parent = self._cards[at].parent
        await self.stop_below(node)
        # One that was stopped before it had any text is gone already.
        there = reading.exists(self.story, node)
        if there:
            await asyncio.to_thread(shape.prune, self.story, node)
        self.cursor = beside[0] if beside else parent or self.cursor
        self._after_change()
        self.say(
            "Pruned; u brings it back."
            if there
            else "Dropped; it had no text yet, so there is nothing to bring back."
        )

    async def do_keep_only(self, _: str) -> None:
        keep = partial(self._keep_only, self.cursor)
        if any(card.woven for card in self._cards if card.id != self.cursor):
            self.confirm("The weave goes through another one. Prune them all the same?", keep)
        else:
            await keep()

    async def _keep_only(self, node: int) -> None:
        for other in reading.children(self.story, reading.parent(self.story, node)):
            if other != node:
                await self.stop_below(other)
        count = await self.act(shape.keep_only, node)
        self.say(f"{count} other{'s' if count != 1 else ''} pruned; u brings them back.")

    async def do_restore(self, _: str) -> None:
        card = next((card for card in self._cards if card.id == self.cursor), None)
        parent = card.parent if card is not None else 0
        pruned = reading.pruned_children(self.story, parent)
        if not pruned:
            pruned = reading.pruned_children(self.story, self.cursor)
        if not pruned:
            self.say("Nothing is pruned here.")
            return
        count = await self.act(shape.restore, pruned)
        self.say(f"{count} brought back.")

    async def do_join(self, _: str) -> None:
        joined = await self.act(shape.join, self.cursor)
        if joined.left_aside:
            self.say("Joined; the pruned branches stay with the old parent, pruned.")

    async def do_undo(self, _: str) -> None:
        await self._history(history.undo, _UNDID, "There is nothing to take back.")

    async def do_redo(self, _: str) -> None:
        await self._history(history.redo, "Made again", "There is nothing to make again.")

    async def _history(self, step: Callable[[Story], str | None], did: str, nothing: str) -> None:
        self._touched = frozenset()
        if step is history.undo and history.undoable(self.story) == "gen.request":
            # A batch that is taken back is not paid for any longer.
            for node in list(self.live_branches()):
                await self.stop_below(node)
        kind = await asyncio.to_thread(step, self.story)
        if kind is None:
            self.say(nothing)
            return
        if kind.startswith("node."):
            back = [
                card.id
                for card in reading.cards(self.story, sorted(self._touched - {0})[:_LOOKED_AT])
                if not card.pruned and reading.exists(self.story, card.id)
            ]
            if back and self.cursor not in back:
                self.cursor = back[0]
        self._after_change()
        pruned = " Its branches are pruned." if kind == "gen.request" and did == _UNDID else ""
        self.say(f"{did}: {STEPS.get(kind, kind)}.{pruned}")

    async def do_why(self, text: str) -> None:
        self.loom.warm()
        await self._say_of(self.cursor, "why", "why the next fork from here", text)

    async def do_reason(self, text: str) -> None:
        await self._say_of(self.cursor, "reason", "why this branch", text)

    async def do_note(self, text: str) -> None:
        await self._say_of(self.cursor, "note", "note", text)

    async def do_label(self, text: str) -> None:
        await self._say_of(self.cursor, "label", "choice label", text)

    async def do_title(self, text: str) -> None:
        await self._say_of(0, "title", "title", text)

    async def do_premise(self, text: str) -> None:
        await self._say_of(0, "premise", "premise", text)

    async def do_style(self, text: str) -> None:
        await self._say_of(0, "style", "style", text)

    async def _say_of(self, owner: int, key: str, label: str, text: str) -> None:
        async def keep(given: str) -> None:
            await self.act(marks.set_text, owner, key, given)
            self.say(f"The {key} is kept." if given.strip() else f"There is no {key} now.")

        if text:
            await keep(text)
            return
        self.ask(label, keep, begun=marks.text_of(self.story, owner, key))

    async def do_chapter(self, title: str) -> None:
        if title:
            await self.act(marks.set_chapter, self.cursor, title)
            return
        card = reading.cards(self.story, [self.cursor])[0]
        begun = next((mark.title for mark in card.marks if mark.offset == 0), None)

        def answer(given: str) -> object:
            given = given.strip()
            taken_away = not given and begun is not None
            return self.act(marks.set_chapter, card.id, None if taken_away else given)

        self.ask("chapter title, empty takes the mark away", answer, begun=begun or "")
