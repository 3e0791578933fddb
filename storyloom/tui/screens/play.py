"""A story played as a choose-your-path book: read, choose, go back, see all its endings."""

from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from storyloom.exchange.files import slug
from storyloom.replay.play import LABEL_WIDTH, Choice, Play
from storyloom.story.playable import Scope
from storyloom.story.story import Story
from storyloom.text import Refusal, grouped, one_line, visible
from storyloom.tui.commands import PLAY
from storyloom.tui.desk import Desk
from storyloom.tui.keys import bindings
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import paragraph
from storyloom.tui.widgets.lines import Line, LinePane
from storyloom.tui.widgets.strand import MEASURE
from storyloom.tui.wrapping import wrap

__all__ = ["PlayScreen"]

_SCOPES = {
    Scope.UNPRUNED: "all branches that are not pruned",
    Scope.ALL: "all branches, pruned ones too",
    Scope.PLAYABLE: "branches tagged 'play' alone",
}
_LABEL = LABEL_WIDTH + len("... (99)")


class PlayScreen(CommandScreen):
    """Dismissed with the node to open the loom at, or None. The log is not written to."""

    TABLE = PLAY
    BINDINGS: ClassVar = bindings(PLAY)
    DEFAULT_CSS = """
    PlayScreen #page { height: 1fr; padding: 1 0 0 1; }
    """

    def __init__(self, path: Path, title: str = "") -> None:
        super().__init__()
        self._path, self._title = path, title or path.stem
        self._desk = Desk("play")
        self._story: Story | None = None
        self._play: Play | None = None
        self._text = ""
        self._choices: list[Choice] = []
        self._passages = 0
        self._ending: str = ""
        self._lines: list[Line] = []
        self._laid = 0
        """The width that the lines were made for; 0 when they have to be made."""
        self._places: list[range] = []
        """The lines of each choice."""
        self._mark = -1
        """The choice that Enter takes, from 0; -1 before one was marked."""
        self._top = 0

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="page")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        """Open the story where the reader left it."""
        self.run_worker(self._open(Scope.UNPRUNED), exit_on_error=False, group="play")

    async def _open(self, scope: Scope) -> None:
        try:
            await self._desk.do(partial(self._begin, scope))
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        self._show()

    def _begin(self, scope: Scope) -> None:
        if self._story is None:
            self._story = Story(self._path)
        self._play = Play(self._story, scope)
        self._read()

    def on_unmount(self) -> None:
        """Let the story go."""

        def close() -> None:
            # Asked at the desk: the story may still be being opened.
            if self._story is not None:
                self._story.close()

        self._desk.leave(close)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._draw)

    # Reading; at the desk.

    def _read(self) -> None:
        play = self._ready()
        self._text, self._choices, self._passages = play.text, play.choices, len(play.path)
        self._ending = ""
        if play.at_end:
            woven, chosen = play.followed()
            seen, all_ = grouped(play.seen), grouped(play.endings())
            self._ending = f"THE END   {seen} of {all_} endings seen"
            if chosen:
                times = "time" if chosen == 1 else "times"
                self._ending += f"; you followed the author {woven} of {chosen} {times}"

    def _ready(self) -> Play:
        if self._play is None:
            raise Refusal("The story is still being opened.")
        return self._play

    async def _do(self, step: partial[None]) -> None:
        """Take a step in the story, and show what it brings."""

        def taken() -> None:
            step()
            self._read()

        await self._desk.do(taken)
        self._show()

    # Drawing.

    def _show(self) -> None:
        self._top, self._laid, self._mark = 0, 0, -1
        self._draw()

    def _draw(self) -> None:
        if self._play is None or not self.is_mounted:
            return
        page = self.query_one("#page", LinePane)
        width, height = max(20, page.size.width), page.size.height
        if width != self._laid:
            self._lay_out(width)
        self._top = max(0, min(self._top, len(self._lines) - height))
        marked = self._places[self._mark] if 0 <= self._mark < len(self._places) else range(0)
        page.show_lines(
            [
                _marked(line) if number in marked else line
                for number, line in enumerate(
                    self._lines[self._top : self._top + height], self._top
                )
            ]
        )
        more = len(self._lines) - self._top - page.size.height
        title, scope = one_line(self._title), _SCOPES[self._play.scope]
        self.query_one("#header", Header).show(
            (("play", "title"), (title, "text"), (scope, "dim")),
            ((f"{grouped(more)} lines more" if more > 0 else "", "why"),
             (f"{grouped(self._passages)} passage{'s' * (self._passages != 1)} read", "dim")),
        )  # fmt: skip

    def _lay_out(self, width: int) -> None:
        """Make the lines of the text and of what follows it, once for a width."""
        text = visible(self._text).strip("\n").replace("\t", " ")
        spans = wrap(text, min(MEASURE, width)) if text else []
        lines: list[Line] = [((text[start:end], "text"),) for start, end in spans]
        lines += [()] * bool(text)
        self._places = []
        digits = len(str(len(self._choices)))
        for number, choice in enumerate(self._choices, 1):
            style = "dim" if choice.visited else "title"
            head = f" {number:>{digits}} {'v' if choice.visited else ' '} "
            # A label has a line of its own wherever there is the room for it.
            room = min(width - len(head), _LABEL)
            rows = paragraph(choice.label, room, "dim" if choice.visited else "text")
            self._places.append(range(len(lines), len(lines) + len(rows)))
            for at, row in enumerate(rows):
                lines.append(((head if not at else " " * len(head), style), *row))
        if self._ending:
            lines += paragraph(self._ending, min(MEASURE, width), "title")
        self._lines, self._laid = lines, width

    # What the reader does.

    async def do_nth(self, digit: str) -> None:
        """Go on with that choice; where the digit may begin a longer number, ask for its rest."""
        many = len(self._choices)
        if digit.isdecimal() and 0 < int(digit) * 10 <= many:
            self.ask(f"choose 1 to {many}", self._choose, begun=digit)
            return
        await self._choose(digit)

    async def do_choose(self, number: str) -> None:
        """Go on with the choice of that number, or with the one that is marked."""
        if not number and self._mark < 0 and self._choices:
            raise Refusal("Type a choice's number, or mark one with Tab.")
        await self._choose(number or str(self._mark + 1))

    async def _choose(self, number: str) -> None:
        word = number.strip()
        if not word.isdecimal() or len(word) > 9:
            raise Refusal("Choose a number.")
        await self._do(partial(self._ready().choose, int(word)))

    def do_next(self, _: str) -> None:
        """Mark the next choice."""
        self._mark_beside(1)

    def do_previous(self, _: str) -> None:
        """Mark the choice before."""
        self._mark_beside(-1)

    def _mark_beside(self, step: int) -> None:
        self._ready()
        if not self._places:
            raise Refusal("There is nothing to choose here; u goes back.")
        if self._mark < 0:
            self._mark = 0 if step > 0 else len(self._places) - 1
        else:
            self._mark = (self._mark + step) % len(self._places)
        lines, height = self._places[self._mark], self.query_one("#page").size.height
        # All of it is to be seen, and where it has the room for that, the one behind it.
        self._top = min(self._top, lines.start)
        self._top = max(self._top, min(lines.start, lines.stop + 1 - height))
        self._draw()

    async def do_undo(self, _: str) -> None:
        """Back to the choice before."""
        await self._do(partial(self._ready().back))

    async def do_restart(self, _: str) -> None:
        """Begin anew."""
        await self._do(partial(self._ready().restart))

    async def do_scope(self, _: str) -> None:
        """Offer other branches: not pruned, all, or those tagged `play`."""
        scopes = list(_SCOPES)
        following = scopes[(scopes.index(self._ready().scope) + 1) % len(scopes)]
        await self._open(following)

    async def do_transcript(self, name: str) -> None:
        """Write what was read into a file."""
        play = self._ready()
        target = Path(name).expanduser() if name else Path(f"{slug(self._title)}-played.txt")

        def write() -> None:
            try:
                with open(target, "x", encoding="utf-8") as file:
                    file.write(play.transcript() + "\n")
            except FileExistsError:
                raise Refusal(f"{one_line(str(target))} is there already; name another.") from None
            except OSError as error:
                raise Refusal(
                    f"{one_line(str(target))} cannot be written: {error.strerror}."
                ) from error

        await self._desk.do(write)
        self.say(f"What you read is in {one_line(str(target))}.")

    def do_down(self, _: str) -> None:
        """A line on."""
        self._scroll(1)

    def do_up(self, _: str) -> None:
        """A line back."""
        self._scroll(-1)

    def do_page_down(self, _: str) -> None:
        """A page on."""
        self._scroll(max(1, self.query_one("#page").size.height - 2))

    def do_page_up(self, _: str) -> None:
        """A page back."""
        self._scroll(-max(1, self.query_one("#page").size.height - 2))

    def _scroll(self, rows: int) -> None:
        self._top = max(0, self._top + rows)
        self._draw()

    def do_open(self, _: str) -> None:
        """Open the loom at the passage that is read."""
        shown = self._ready().shown
        if not shown:
            raise Refusal("There is no passage yet; choose a beginning.")
        self.dismiss(shown[-1])

    def do_back(self, _: str) -> None:
        """Leave; the place is kept."""
        self.dismiss(None)


def _marked(line: Line) -> Line:
    return tuple(
        (f">{text[1:]}" if not number and text.strip() else text, f"{style} selection")
        for number, (text, style) in enumerate(line)
    )
