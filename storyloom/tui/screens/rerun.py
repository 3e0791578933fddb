"""A recorded story's batches asked for again: chosen, foretold, watched, and looked through."""

import asyncio
import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult

from storyloom.curate import reruns
from storyloom.exchange.files import slug
from storyloom.generate import caps, parallel
from storyloom.generate.batch import Batch
from storyloom.generate.cassette import Cassette
from storyloom.generate.parallel import Regrowth
from storyloom.generate.plan import short
from storyloom.generate.repeating import Wish
from storyloom.generate.rerun import Rerun, Run
from storyloom.generate.rerun_preview import Due, Preview, preview, resumed, unfinished
from storyloom.generate.rerun_told import foretold
from storyloom.models.client import Client
from storyloom.models.weights import EMBEDDED
from storyloom.settings import Settings
from storyloom.story import reading, regrown
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.commands import RERUN
from storyloom.tui.keys import bindings
from storyloom.tui.rerun_rows import Choice, Row, head, line, row_of, under_way
from storyloom.tui.screens.listed import Listed
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import paragraph
from storyloom.tui.widgets.lines import Line, TitledPane
from storyloom.tui.widgets.listing import Listing

__all__ = ["RerunScreen"]

_ROWS = 5
"""Of what is to be chosen."""
_FRAME = 0.1
"""Seconds between two looks at what is being written."""


class RerunScreen(Listed):
    """Dismissed with the node to go to, or None. Leaving stops a run; what had come stays."""

    TABLE = RERUN
    BINDINGS: ClassVar = bindings(RERUN)
    DEFAULT_CSS = """
    RerunScreen #wish { height: 5; padding: 0 1; }
    RerunScreen #told { height: 8; margin: 1 0 0 0; }
    RerunScreen #came { height: 1fr; padding: 0 1; }
    RerunScreen.-tall #told { height: 9; }
    """

    def __init__(
        self, story: Story, node: int, settings: Settings, client: Client, model: str = ""
    ) -> None:
        super().__init__()
        self.story, self._node = story, node
        self._settings, self._client = settings, client
        self.choice = Choice(Wish(model=model))
        self.ahead: Preview | None = None
        """What is foretold of the choice; None while that is being found out."""
        self.run_: Run | None = None
        """The run that is under way."""
        self.rows: list[Row] = []
        self._live: tuple[Due, Batch] | None = None
        self._grown: Path | None = None
        """The story that a parallel run grows."""
        self._in_rows = False
        self._said: tuple[list[str], str] = ([], "text")
        self._over = False
        """Whether what is said is of a run that has ended."""

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Listing(id="wish")
        yield TitledPane(id="told", title="what it would do")
        yield Listing(id="came")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.query_one("#header", Header).show(
            (("again", "title"), ("the batches of this story asked for once more", "dim"))
        )
        self._fill()
        self._look()

    @property
    def listing(self) -> Listing:
        """The list that keys go through."""
        return self.query_one("#came" if self._in_rows else "#wish", Listing)

    def do_next(self, _: str) -> None:
        self.listing.move(1)

    def do_previous(self, _: str) -> None:
        self.listing.move(-1)

    def do_page_down(self, _: str) -> None:
        self.listing.move(self.listing.page)

    def do_page_up(self, _: str) -> None:
        self.listing.move(-self.listing.page)

    def do_box_after(self, _: str) -> None:
        """Go from what it is to do to what has come, or back."""
        if not self.rows:
            raise Refusal("Nothing has come yet; g begins.")
        self._in_rows = not self._in_rows

    # What it is to do.

    def _fill(self) -> None:
        self.query_one("#wish", Listing).fill(_ROWS, self.choice.line)
        self.query_one("#came", Listing).fill(len(self.rows), self._row, head=head)

    def _row(self, index: int, width: int) -> Line:
        return line(self.rows[index], width)

    def _idle(self) -> None:
        if self.run_ is not None:
            raise Refusal("A run is under way; ^g stops it, and what had come stays.")

    def _choose(self, choice: Choice) -> None:
        self._idle()
        self.choice = choice
        self._fill()
        self._look()

    def _want(self, wish: Wish) -> None:
        self._choose(replace(self.choice, wish=wish, run=""))

    async def do_edit(self, _: str) -> None:
        """Change what is selected, or go to the branch that is."""
        if self._in_rows:
            self._go()
            return
        self._idle()
        wish = self.choice.wish
        match self.query_one("#wish", Listing).selected:
            case 0:
                await self.do_model("")
            case 1:
                self._choose(self.choice.turned(1))
            case 2:
                self._want(replace(wish, forks=() if wish.forks else (self._node,)))
            case 3:
                begun = "" if wish.cap is None else f"{wish.cap:g}"
                self.ask("most dollars of this run, nothing for no cap", self._cap, begun=begun)
            case _:
                self._choose(replace(self.choice, cassette=not self.choice.cassette))

    async def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        await self.do("edit")

    def _cap(self, text: str) -> None:
        try:
            self._want(replace(self.choice.wish, cap=caps.amount(text)))
        except Refusal as refusal:
            self.say(str(refusal), "warning")

    async def do_model(self, name: str) -> None:
        """Name the model that is asked."""
        self._idle()
        if self.choice.wish.mode == "verify":
            raise Refusal("To verify, each model is asked that was asked then.")
        if name:
            self._want(replace(self.choice.wish, model=one_line(name)))
            return
        known = [EMBEDDED, *(entry.name for entry in self._settings.models)]
        known += await asyncio.to_thread(reading.models, self.story)
        self.ask("model, as in 'models list'", self.do_model, begun=self.choice.wish.model,
                 choices=list(dict.fromkeys(known)), over=True)  # fmt: skip

    def do_way_after(self, _: str) -> None:
        """Another way: siblings, parallel, verify."""
        self._choose(self.choice.turned(1))

    def do_way_before(self, _: str) -> None:
        """The way before."""
        self._choose(self.choice.turned(-1))

    async def do_resume(self, name: str) -> None:
        """Go on with a run that was stopped."""
        found = await asyncio.to_thread(unfinished, self.story, self._settings, self.choice.wish)
        name = name or (found[-1] if found else "")
        if not name:
            raise Refusal("No run of this model and way was stopped before its end.")
        wish = await asyncio.to_thread(resumed, self.story, name)
        self._choose(replace(self.choice, wish=wish, run=name))

    # What is foretold.

    def _look(self) -> None:
        self.ahead, self._over = None, False
        self.run_worker(self._foretell(), exit_on_error=False, group="preview", exclusive=True)

    async def _foretell(self) -> None:
        wish = self.choice.wish
        if wish.mode != "verify" and not wish.model:
            self._tell(["Enter on the first line names the model that is to be asked."])
            return
        self._tell(["Looking at what was asked then, and at the model …"])
        try:
            source = await self._source()
            self.ahead = await preview(self.story, source, self._settings, wish, self.choice.run)
        except Refusal as refusal:
            self._tell([str(refusal)], "warning")
            return
        said = foretold(self.ahead, cassette=self.choice.cassette)
        if wish.mode == "parallel":
            said.append(f"It becomes {one_line(self._target().name)}, beside this story.")
        elif not self.choice.run:
            found = await asyncio.to_thread(unfinished, self.story, self._settings, wish)
            said += [f"r goes on with {one_line(found[-1])}, which was stopped."] if found else []
        self._tell(said)

    async def _source(self) -> Client | Cassette:
        if self.choice.cassette:
            return await asyncio.to_thread(Cassette, self.story)
        return self._client

    def _tell(self, sentences: list[str], style: str = "text") -> None:
        self._said = sentences, style
        pane = self.query_one("#told", TitledPane)
        width = max(20, pane.room.width - 2)
        lines = [row for each in sentences for row in paragraph(each, width, style)]
        pane.show_inside([((" ", ""), *row) for row in lines])

    def on_resize(self) -> None:
        # The same in another width: to find it out again may take minutes.
        self.call_after_refresh(lambda: self._tell(*self._said))

    def _target(self) -> Path:
        """Return where a parallel run grows its story: beside this one."""
        path = self.story.path
        stem = f"{path.stem}-{slug(short(self.choice.wish.model)) or 'again'}"
        made, number = path.with_name(f"{stem}.loom"), 1
        while made.exists():
            number += 1
            made = path.with_name(f"{stem}-{number}.loom")
        return made

    # The run.

    def do_begin(self, _: str) -> None:
        """Ask for all that is foretold."""
        if self.run_ is not None:
            raise Refusal("A run is under way already; ^g stops it.")
        if self._over:
            self._look()
            return
        ahead = self.ahead
        if ahead is None or not ahead.due:
            raise Refusal("There is nothing to be begun; what it would do says why.")
        if ahead.dollars == 0 or self.choice.cassette:
            self._begin(ahead)
            return
        most = "nobody knows what that costs"
        if ahead.dollars is not None:
            most = f"it may cost up to {caps.dollars(ahead.dollars)}"
        self.confirm(f"{ahead.calls} branches: {most}. Begin?", partial(self._begin, ahead))

    def _begin(self, ahead: Preview) -> None:
        # What is foretold is begun once; what comes after that is another run.
        self.ahead = None
        self.run_worker(self._run(ahead), exit_on_error=False, group="run")

    async def _run(self, ahead: Preview) -> None:
        wish, target = ahead.wish, self._target()
        self._grown = None
        watching = self.set_interval(_FRAME, self._watch)
        with contextlib.ExitStack() as stack:
            try:
                source = await self._source()
                if wish.mode == "parallel":
                    await asyncio.to_thread(parallel.begun, target, self.story, wish.model)
                    grown = await asyncio.to_thread(parallel.opened, target, self.story)
                    stack.enter_context(contextlib.closing(grown))
                    run: Run = Regrowth(grown, self.story, source, self._settings, ahead)
                    self._grown = target
                else:
                    run = Rerun(self.story, source, self._settings, ahead)
                self.run_, self.rows = run, []
                run.listen(self._begun)
                await run.run()
            except Refusal as refusal:
                self.say(str(refusal), "warning")
            finally:
                watching.stop()
                self._live = None
                run_, self.run_ = self.run_, None
            if run_ is not None:
                await self._ended(run_)
            elif self.is_mounted:
                self._look()

    def _begun(self, due: Due, batch: Batch | None) -> None:
        self.rows = self._all_rows()
        self._live = (due, batch) if batch is not None else None

    def _all_rows(self) -> list[Row]:
        if self._live is None:
            return self.rows
        due, batch = self._live
        originals = [due.batch.branches[index].node for index in due.which]
        return [*self.rows, *under_way(due.fork, batch.branches, originals)]

    def _watch(self) -> None:
        """Show how far the run is."""
        if self.run_ is None or not self.is_mounted:
            return
        run, rows = self.run_, self._all_rows()
        listing = self.query_one("#came", Listing)
        if not self._in_rows:
            listing.selected = max(0, len(rows) - 1)
        listing.fill(len(rows), lambda index, width: line(rows[index], width), head=head)
        whole = len(run.preview.due)
        cost = f" It has cost {caps.dollars(run.spent)} so far." if run.spent else ""
        self._tell([f"{run.preview.run}: {run.done} of {whole} batches done.{cost} ^g stops."])

    async def _ended(self, run: Run) -> None:
        original = self.story if isinstance(run, Regrowth) else None
        found = await asyncio.to_thread(reruns.compared, run.story, run.preview.run, original)
        self.rows = [row_of(each) for each in found]
        if not self.is_mounted:
            return
        self.ahead, self._over = None, True
        self._in_rows = bool(self.rows)
        self.query_one("#came", Listing).selected = 0
        self._fill()
        said = [f"{run.preview.run}: {run.done} of {len(run.preview.due)} batches done."]
        said += [run.halted] if run.halted else []
        if run.spent:
            said.append(f"It cost {caps.dollars(run.spent)}.")
        if isinstance(run, Regrowth):
            said.append(
                f"{one_line(run.story.path.name)} is in the library; t takes a branch here."
            )
            said += [f"n{note.node} {note.what}." for note in run.notes if note.node]
        elif self.choice.wish.mode == "verify":
            said.append("What came is pruned; the loom shows it where pruned branches are shown.")
        self._tell(said)

    # What has come.

    def _selected(self) -> Row:
        if not self._in_rows or not self.rows or self.run_ is not None:
            raise Refusal("Tab goes to the branches once a run has ended.")
        return self.rows[self.query_one("#came", Listing).selected]

    def _go(self) -> None:
        row = self._selected()
        if self._grown is not None:
            raise Refusal(f"That is in {one_line(self._grown.name)}; t takes it into this story.")
        self.dismiss(row.node)

    async def do_take(self, _: str) -> None:
        """Take a branch of the new story into this one, beside those of then."""
        row = self._selected()
        if self._grown is None:
            raise Refusal("It hangs in this story already; Enter goes there.")
        if not row.text.strip():
            raise Refusal("It brought no text.")
        node = await asyncio.to_thread(self._taken, self._grown, row)
        self.say(f"It is n{node} now, below n{row.fork}; u in the loom takes it back.")

    def _taken(self, grown: Path, row: Row) -> int:
        with Story(grown) as story:
            return regrown.take(self.story, story, row.node, row.fork)

    # Leaving.

    async def do_stop(self, _: str) -> None:
        """Stop the run; without one, leave."""
        if self.run_ is None:
            self.dismiss(None)
            return
        await self.run_.stop()
        self.say("It stops; what has come stays.")

    def do_back(self, _: str) -> None:
        """Back; a run is stopped first, after asking."""
        if self.run_ is None:
            self.dismiss(None)
            return
        self.confirm("The run is stopped, and what has come stays. Leave?", self._leave)

    async def _leave(self) -> None:
        if self.run_ is not None:
            await self.run_.stop()
        self.dismiss(None)
