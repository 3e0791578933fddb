"""The replay's part that takes a moment back: as a branch of the story, or as a new story."""

import asyncio
from functools import partial
from pathlib import Path
from typing import NamedTuple

from storyloom.exchange.files import refuse_taken, slug
from storyloom.replay.scene import Theatre
from storyloom.story.moment import cut
from storyloom.story.revival import revive, strand_at
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.completing import typed_path
from storyloom.tui.desk import Desk
from storyloom.tui.screens.base import CommandScreen

__all__ = ["Moment", "Reviving"]

_SUFFIX = ".loom"


class Moment(NamedTuple):
    """What of a story is seen in a replay."""

    op: int
    """The last event; 0 before the first."""
    node: int
    """What it is about; 0 before there is any."""
    writing: bool
    """Whether that was still being written."""


class Reviving(CommandScreen):
    """The only commands of a replay that write, and only what they have asked for before."""

    _path: Path
    _title: str
    _desk: Desk
    _theatre: Theatre | None
    _story: Story | None
    """The story as the loom behind has it open, whose undo takes the branch back."""

    async def moment(self) -> Moment:
        """Stop playing, and return what is seen."""
        raise NotImplementedError

    def leave_for(self, node: int | None) -> None:
        """Leave for a node in the loom, or for another story. Raises Refusal while that would stop
        something.
        """
        raise NotImplementedError

    async def do_branch(self, _: str) -> None:
        """Hang the strand that is seen into the story of today."""
        op, node, writing = await self.moment()
        if not node:
            raise Refusal("There is no node yet at this moment.")
        if writing:
            raise Refusal(f"n{node} was still being written at event {op}; choose a later one.")
        asked = f"Hang the strand to n{node}, as it was at event {op}, into today's story?"
        self.confirm(asked, partial(self._branch, op, node))

    async def _branch(self, op: int, node: int) -> None:
        theatre, story = self._theatre, self._story
        if theatre is None:
            return

        def at_desk() -> int:
            then = theatre.read_with(lambda today: strand_at(today, op, node))
            # Acts may come from any thread.
            return theatre.read_with(lambda today: revive(story or today, then))

        revived = await self._desk.do(at_desk)
        if not self.is_current:
            return

        def answer(given: str) -> None:
            if given == "y":
                self.leave_for(revived)
            else:
                self.say(f"n{revived} ends the branch; u in the loom takes it back.")

        self.choose(
            f"n{revived} ends the branch; u in the loom takes it back. Go there? y/n", "yn", answer
        )
        await self._show_prompt()

    async def do_save_as(self, name: str) -> None:
        """Write a new story that ends at this moment."""
        op = (await self.moment()).op
        if not op:
            raise Refusal("There is nothing yet at this moment.")
        if name.strip():
            self._save_as(op, name)
            return
        self.ask(
            f"a new story that ends at event {op}, in the file",
            partial(self._save_as, op),
            begun=f"{slug(self._title)}-{op}{_SUFFIX}",
        )

    def _save_as(self, op: int, name: str) -> None:
        target = typed_path(name)
        if target.suffix != _SUFFIX:
            target = target.with_name(target.name + _SUFFIX)
        # A bare name is one beside the story itself, where the library finds it.
        target = self._path.parent / target
        refuse_taken(target)
        self.say(f"{one_line(target.name)} is being written ...")
        self.run_worker(self._write(op, target), exit_on_error=False, group="save")

    async def _write(self, op: int, target: Path) -> None:
        try:
            await asyncio.to_thread(cut, self._path, target, op)
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        if not self.is_current:
            return
        said = f"{one_line(target.name)} is the story as it was at event {op}"

        def answer(given: str) -> None:
            if given == "y":
                self._open_story(target)
            else:
                self.say(f"{said}.")

        self.choose(f"{said}. Open it? y/n", "yn", answer)
        await self._show_prompt()

    def _open_story(self, path: Path) -> None:
        app = self.app
        self.leave_for(None)
        app.open_story(path)  # pyright: ignore[reportAttributeAccessIssue]
