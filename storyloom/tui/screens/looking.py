"""The loom's part that looks at the story in other ways: compared, read, woven, sent, copied."""

import asyncio
from typing import TYPE_CHECKING

from storyloom.generate.plan import short
from storyloom.story import marks, reading, rows
from storyloom.text import Refusal
from storyloom.tui import clipboard, exporting
from storyloom.tui.copied import copied
from storyloom.tui.screens.bench import Bench
from storyloom.tui.widgets.tree import TreePane

if TYPE_CHECKING:
    from storyloom.story.drawn import Drawn
    from storyloom.tui.screens.tokens import Chosen

__all__ = ["Looking"]


_STRAND = "One strand, with the branches of each of its forks."
_WHOLE = "The whole tree; z folds what is below a passage."


class Looking(Bench):
    """Compare, read, weaves, context; views and folds of the tree; copying and export."""

    def do_compare(self, _: str) -> None:
        from storyloom.tui.screens.compare import CompareScreen

        nodes = [card.id for card in self._cards]

        def back(node: object) -> None:
            self._settle_cursor()
            if isinstance(node, int) and reading.exists(self.story, node):
                self.go(node)

        screen = CompareScreen(self.story, nodes, self.cursor, self.legend)
        screen.stop_below = self.stop_below
        self.app.push_screen(screen, back)

    def do_read(self, _: str) -> None:
        from storyloom.tui.screens.reader import ReaderScreen

        self.app.push_screen(ReaderScreen(self.story), self._go_back_to)

    def do_replay(self, place: str) -> None:
        from storyloom.tui.screens.replay import ReplayScreen

        def back(node: object) -> None:
            # A moment may have been taken back into the story.
            self._after_change()
            self._go_back_to(node)

        title = marks.story_text(self.story, "title")
        self.app.push_screen(ReplayScreen(self.story.path, title, place, story=self.story), back)

    def do_play(self, _: str) -> None:
        from storyloom.tui.screens.play import PlayScreen

        title = marks.story_text(self.story, "title")
        self.app.push_screen(PlayScreen(self.story.path, title), self._go_back_to)

    def do_weaves(self, _: str) -> None:
        from storyloom.tui.screens.weaves import WeavesScreen

        self.app.push_screen(WeavesScreen(self.story, self.cursor, self.legend), self._go_back_to)

    def do_context(self, _: str) -> None:
        from storyloom.tui.screens.context import ContextScreen

        self.app.push_screen(
            ContextScreen(
                self.story, self.cursor, self.settings, self.loom.client, self.plan(),
                self.follows(),
            )
        )  # fmt: skip

    async def do_tokens(self, _: str) -> None:
        from storyloom.generate.branching import tokens_of
        from storyloom.tui.screens.tokens import Chosen, TokensScreen

        node = self.cursor
        if node in self.live_branches(()):
            raise Refusal("This is still being written; its tokens can be looked at when it is.")
        drawn = await asyncio.to_thread(tokens_of, self.story, node)
        card = reading.cards(self.story, [node])[0]

        async def back(chosen: object) -> None:
            if isinstance(chosen, Chosen):
                await self._branch_off(node, drawn, chosen)

        self.app.push_screen(TokensScreen(node, short(card.model), drawn), back)

    async def _branch_off(self, node: int, drawn: "Drawn", chosen: "Chosen") -> None:
        """Make the branch that was chosen among a passage's tokens, and let it grow if wanted."""
        from storyloom.generate.branching import branch

        try:
            made = await self.act(branch, node, drawn, chosen.token, chosen.other)
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        self.go(made)
        if chosen.grows:
            await self.do("generate")
        else:
            self.say(f"n{made} goes on with another token; Space grows from it, u takes it back.")

    def do_cost(self, _: str) -> None:
        from storyloom.tui.screens.cost import CostScreen

        self.app.push_screen(CostScreen(self.story, self.legend), self._go_back_to)

    def do_lore(self, _: str) -> None:
        from storyloom.tui.screens.lore import LoreScreen

        self.app.push_screen(LoreScreen(self.story, self.cursor, self.settings))

    def _go_back_to(self, node: object) -> None:
        if isinstance(node, int) and reading.exists(self.story, node):
            self._jump(node)

    def do_view(self, _: str) -> None:
        tree, wide = self.query_one(TreePane), self.has_class("-wide")
        in_tree = not tree.only_strand if wide else self.has_class("-tree")
        if not self.has_class("-timeline") and in_tree:
            self._show_timeline()
            return
        in_tree = not (in_tree or self.has_class("-timeline"))
        self.remove_class("-timeline")
        if wide:
            tree.only_strand = not in_tree
            self.say(_WHOLE if in_tree else _STRAND)
        else:
            self.set_class(in_tree, "-tree")
        self.settle_pane()
        self._redraw_soon()

    def do_log(self, _: str) -> None:
        self.pane = "timeline"
        self._show_timeline()

    def _show_timeline(self) -> None:
        self.add_class("-timeline")
        self.settle_pane()
        self._redraw_soon()
        keys = self.keys_of
        tab = "" if self.pane == "timeline" else f"{keys['pane-after']}: "
        self.say(f"What was done here, the newest last. {tab}{keys['next']} and {keys['previous']} "
                 f"go through it, {keys['visit']} goes there.")  # fmt: skip

    def do_fold(self, _: str) -> None:
        tree = self.query_one(TreePane)
        if not reading.children(self.story, self.cursor):
            self.say("There is nothing below to fold.")
            return
        if tree.only_strand:
            self._show_whole(tree, whole=True)
        away = not rows.folded(self.story, self.cursor)
        rows.fold(self.story, self.cursor, away)
        self.redraw(changed=True)
        where = "" if tree.display else " in the tree; v shows it"
        self.say(f"{'Folded' if away else 'Unfolded'}{where}.")

    def do_fold_others(self, _: str) -> None:
        tree = self.query_one(TreePane)
        self._show_whole(tree, whole=tree.only_strand)
        where = "" if tree.display else " v shows the tree."
        if tree.only_strand:
            self.say(f"{_STRAND}{where}")
        else:
            self.say(f"{_WHOLE}{where}")

    def _show_whole(self, tree: TreePane, *, whole: bool) -> None:
        tree.only_strand = not whole
        self.redraw(changed=True)

    def do_copy(self, _: str) -> None:
        live = self.live_branches().get(self.cursor)
        text = live.text if live else reading.pieces(self.story, [self.cursor])[0].text
        if not text.strip():
            raise Refusal("There is no text here to copy yet.")
        self.loom.copied = copied(self.story, self.cursor)
        self.say(clipboard.copy(self.app, text.strip("\n")))

    async def do_export(self, name: str) -> None:
        if name:
            self.say(await exporting.export(self.story.path, name))
            return
        from storyloom.tui.screens.export import ExportScreen

        self.app.push_screen(ExportScreen(self.story.path, self.cursor))

    def do_hints(self, _: str) -> None:
        if self.hints.over:
            self.hints.again()
        else:
            self.hints.hidden = True
            self.say("No more hints; :hints brings them back.")
        self.hints.keep()
        self.show_hint()
