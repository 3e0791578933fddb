"""The loom's part that puts branches elsewhere, marks them, and deletes them for good."""

import asyncio
from functools import partial

from storyloom.story import following, marks, placing, purging, reading, weaves
from storyloom.text import Refusal
from storyloom.tui.screens.bench import Bench

__all__ = ["Arranging"]


class Arranging(Bench):
    """Move, copy, purge; tags, bookmarks, and weaves beside the main one."""

    async def do_move_up(self, _: str) -> None:
        await self._shift(-1, "It is the first branch already.")

    async def do_move_down(self, _: str) -> None:
        await self._shift(1, "It is the last branch already.")

    async def _shift(self, by: int, otherwise: str) -> None:
        if not await self.act(placing.shift, self.cursor, by):
            self.say(otherwise)

    async def do_move_to(self, node: str) -> None:
        if not node:
            self.ask("hang this branch on which node", self.do_move_to)
            return
        await self.act(placing.move, self.cursor, self.node_named(node))
        self._jump(self.cursor)
        self.say("Moved; u moves it back.")

    async def do_copy_to(self, node: str) -> None:
        if not node:
            self.ask("copy this branch below which node", self.do_copy_to)
            return
        copy = await self.act(placing.copy, self.cursor, self.node_named(node))
        self._jump(copy)
        self.say("Copied; u takes the copy away.")

    async def do_between(self, node: str) -> None:
        """Put the cursor's passage before the branch beside it that it leads to."""
        behind = self.node_named(node) if node else following.meant(self.story, self.cursor)
        await self.act(placing.put_between, self.cursor, behind)
        self._jump(self.cursor)
        self.say(f"n{behind} follows this passage now; {self.keys_of['undo']} takes it back.")

    async def do_tag(self, name: str) -> None:
        node, tags = self.cursor, marks.tags(self.story, self.cursor)
        if not name:
            said = f"tag; it has {', '.join(tags)}" if tags else "tag"
            self.ask(said, self.do_tag, choices=[tag for tag, _ in marks.tagged(self.story)])
            return
        on = " ".join(name.split()) not in tags
        await asyncio.to_thread(marks.tag, self.story, node, name, on=on)
        self._after_change()
        self.say(f"Tagged {name}." if on else f"The tag {name} is taken away.")

    async def do_bookmark(self, name: str) -> None:
        node = self.cursor
        if " bookmark " in reading.cards(self.story, [node])[0].extras and not name:
            await self.act(marks.bookmark, node, None)
            self.say("The bookmark is taken away; u brings it back.")
            return

        async def keep(given: str) -> None:
            given = " ".join(given.split())
            await self.act(marks.bookmark, node, given)
            self.say(f"A bookmark is here; ' and {given or f'n{node}'} goes to it.")

        if name:
            await keep(name)
        else:
            self.ask("bookmark's letter or name", keep)

    async def do_sketch(self, _: str) -> None:
        on = not reading.cards(self.story, [self.cursor])[0].sketch
        await self.act(partial(marks.set_sketch, on=on), self.cursor)
        if on:
            self.say("A sketch: no text of the story, nor counted. Enter writes it out; u undoes.")
        else:
            self.say("Prose again, which is read and exported; u undoes.")

    async def do_weave(self, name: str) -> None:
        await self.act(weaves.set_weave, self.cursor, name or weaves.MAIN)
        self.say(f"The weave {name} leads here." if name else "The weave leads here.")

    async def do_purge(self, _: str) -> None:
        card = reading.cards(self.story, [self.cursor])[0]
        nodes = [card.id] if card.pruned else reading.pruned_children(self.story, card.parent)
        if not nodes:
            raise Refusal("Nothing is pruned at this fork; what is to be purged is pruned first.")
        found = await asyncio.to_thread(purging.would_purge, self.story, nodes)

        async def answer(given: str) -> None:
            if given.strip() != str(found.nodes):
                self.say("Nothing was purged.")
                return
            await self.act(purging.purge, nodes)
            self.say("Purged. The search index is written anew…")
            await asyncio.to_thread(purging.scrub, self.story)
            self.say(f"{found.nodes} purged for good.")

        many = "1 node" if found.nodes == 1 else f"{found.nodes} nodes"
        self.ask(f"Purge {many}, {found.characters} characters, for good? Type {found.nodes}",
                 answer)  # fmt: skip
