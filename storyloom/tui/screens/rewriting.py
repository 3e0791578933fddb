"""The loom's part that writes by hand: inline, in $EDITOR, and where a passage is split."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from storyloom import editor
from storyloom.generate.plan import plan_for
from storyloom.story import origins, place, reading, shape
from storyloom.story.origins import Runs
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.screens.bench import Bench

if TYPE_CHECKING:
    from storyloom.generate.suggestion import Asking
    from storyloom.tui.screens.suggesting import Ask

__all__ = ["Rewriting"]

_Writing: TypeAlias = Callable[[Story, int, str, Runs], int]
"""Puts a new branch into the story at a node, and returns it."""


class Rewriting(Bench):
    """Editing a passage, writing one, splitting one."""

    def do_edit(self, _: str) -> None:
        """Edit the passage under the cursor in a pane."""
        self._edit_inline("")

    def _edit_inline(self, notice: str) -> None:
        from storyloom.tui.screens.editor import EditorScreen, Written

        piece = self._settled()
        before = reading.strand_text(self.story, self._fork(), least=2_000)

        async def done(written: object) -> None:
            if isinstance(written, Written):
                await self._keep(
                    lambda story: shape.edit(story, piece.node, written.text, written.runs),
                    written.draft,
                )

        screen = EditorScreen(
            self.story, f"edit n{piece.node}", f"edit:{piece.node}", before, piece.text, piece.runs,
            notice=notice, ask=self._ways(self._fork()), legend=self.legend,
        )  # fmt: skip
        self.app.push_screen(screen, done)

    def _ways(self, parent: int) -> "Ask":
        """Return what asks the plan in force for ways on in a text that follows `parent`."""

        async def ask(before: str, after: str) -> "Asking":
            from storyloom.generate.suggestion import Asking, Place

            plan = plan_for(self.story, parent, self.settings)
            where = Place(parent, before, after)
            return await Asking.begin(self.story, self.loom.client, self.settings, plan, where)

        return ask

    def do_write(self, _: str) -> None:
        """Write a child of the cursor by hand."""
        node = self.cursor
        self._settled()
        self._write(f"write after n{node}", f"write:{node}", node, shape.write_child, node)

    def do_write_sibling(self, _: str) -> None:
        """Write another branch of the cursor's fork by hand."""
        node = self.cursor
        fork = self._fork()
        self._write(f"write beside n{node}", f"beside:{node}", fork, shape.write_sibling, node)

    def _write(self, title: str, draft: str, parent: int, writing: _Writing, node: int) -> None:
        """Write what follows `parent`; `writing` puts it into the story at `node`."""
        from storyloom.tui.screens.editor import EditorScreen, Written

        before = reading.strand_text(self.story, parent, least=2_000)

        async def done(written: object) -> None:
            if not isinstance(written, Written):
                return
            text, runs = _fitted(before, written.text, written.runs)
            made = await self._keep(lambda story: writing(story, node, text, runs), written.draft)
            if made:
                self.go(made)

        screen = EditorScreen(
            self.story, title, draft, before, "", (), ask=self._ways(parent), legend=self.legend
        )
        self.app.push_screen(screen, done)

    async def _keep(self, function: Callable[[Story], int], draft: str = "") -> int:
        """Put what was written into the story; a draft of it is forgotten only then."""
        try:
            result = await self.act(function)
        except Refusal as refusal:
            kept = " What you wrote is kept as a draft; the same key opens it." if draft else ""
            self.say(f"{refusal}{kept}", "warning")
            return 0
        if draft:
            await asyncio.to_thread(place.remember, self.story, **{draft: None})
        return result

    async def do_editor(self, _: str) -> None:
        """Edit the passage under the cursor in the author's own editor."""
        from storyloom.tui.screens.editor import as_draft, draft_name

        try:
            command = editor.command()
        except Refusal as refusal:
            self._edit_inline(f"{refusal} The passage is edited here.")
            return
        piece = self._settled()
        before = reading.strand_text(self.story, self._fork(), least=100)
        text = await self._in_editor(command, piece.text, before)
        if text is None:
            return
        if text == piece.text:
            self.say("Nothing was changed.")
            return
        if not text.strip():
            raise Refusal("The editor left no text, so nothing was changed; x prunes a passage.")
        runs = origins.attributed(piece.text, piece.runs, text)
        draft = draft_name(f"edit:{piece.node}")
        await asyncio.to_thread(
            place.remember, self.story, **{draft: as_draft(piece.text, text, runs)}
        )
        if await self._keep(lambda story: shape.edit(story, piece.node, text, how="editor"), draft):
            self.say("Kept what you wrote.")

    async def _in_editor(self, command: list[str], text: str, before: str) -> str | None:
        """Let the author's editor change `text`; None when it failed."""
        say = self.say
        with tempfile.TemporaryDirectory(prefix="storyloom-") as folder:
            file = Path(folder) / "passage.md"
            file.write_text(editor.content_for(text, before), encoding="utf-8", newline="\n")
            # Without batch_update a repaint of what streams in meanwhile waits for ever; and an
            # error that leaves suspend() would leave the terminal without the screen.
            with self.app.suspend(), self.app.batch_update():
                raw, status = await _edited(command, file)
        self.refresh(layout=True)
        if isinstance(status, str):
            say(f"{one_line(command[0])} could not be started: {status}.", "warning")
            return None
        if status:
            say(f"The editor ended with status {status}; nothing was changed.", "warning")
            return None
        return editor.passage_in(raw)

    def do_split(self, _: str) -> None:
        """Choose where the passage under the cursor is split."""
        from storyloom.tui.screens.split import SplitScreen

        piece = self._settled()

        async def done(at: object) -> None:
            if isinstance(at, int):
                first = await self._keep(lambda story: shape.split(story, piece.node, at))
                if first:
                    self.go(first)
                    self.say("Split; the cursor is on the first half.")

        self.app.push_screen(SplitScreen(piece.node, piece.text), done)

    def _settled(self) -> reading.Piece:
        card = reading.cards(self.story, [self.cursor])[0]
        if card.streaming:
            raise Refusal("This is still being written; ^g stops it.")
        return reading.pieces(self.story, [self.cursor])[0]

    def _fork(self) -> int:
        return reading.cards(self.story, [self.cursor])[0].parent


def _fitted(before: str, text: str, runs: Runs) -> tuple[str, Runs]:
    """Return a text made fit to follow `before`, and its runs.

    As with a model's answer, a new sentence needs a space before it. Nobody typed that space, and
    it is the author's.
    """
    from storyloom.generate.joining import joined

    fit = joined(before, text)
    same = min(len(fit), len(text))
    while not fit.endswith(text[len(text) - same :]):
        # Only of the space at the beginning is some gone, or another.
        same -= 1
    added = origins.whole(fit[: len(fit) - same], origins.HUMAN)
    return fit, origins.spliced(runs, 0, len(text) - same, added)


async def _edited(command: list[str], file: Path) -> tuple[bytes, int | str]:
    """Run the editor on a file; return what it left there, and its status or why there is none."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, str(file), env=editor.without_keys()
        )
        status = await process.wait()
        return file.read_bytes(), status
    except OSError as error:
        return b"", error.strerror or "it cannot be run"
