"""The context inspector: exactly what the next call from a node would send, block by block."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Container

from storyloom.generate.context import Block, Context
from storyloom.generate.filling import asked_as
from storyloom.generate.firing import Cause
from storyloom.generate.plan import Plan, of_model, settings_for, short
from storyloom.generate.request import known_facts, request_for
from storyloom.generate.sent import Difference, Sent, blocks_of, compared, last_sent, sent_for
from storyloom.models import tokens
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, Settings
from storyloom.story import lore, marks
from storyloom.story.story import Story
from storyloom.text import Refusal, grouped, one_line
from storyloom.tui.commands import CONTEXT
from storyloom.tui.keys import bindings
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.blocks import BlocksPane
from storyloom.tui.widgets.columns import paragraph
from storyloom.tui.widgets.lines import Line, TitledPane

__all__ = ["ContextScreen"]

_MEASURE = 68
_SIGNS = {"added": "+", "removed": "-", "changed": "*", "same": "="}


class ContextScreen(CommandScreen):
    """Dismissed with None; nothing is sent and nothing is changed."""

    TABLE = CONTEXT
    BINDINGS: ClassVar = bindings(CONTEXT)
    CSS = """
    ContextScreen #body { height: 1fr; }
    ContextScreen #blocks { height: 8; }
    ContextScreen #text { height: 1fr; }
    ContextScreen.-wide #body { layout: horizontal; }
    ContextScreen.-wide #blocks { height: 1fr; width: 1fr; max-width: 76; }
    ContextScreen.-wide #text { width: 1fr; }
    """

    def __init__(
        self,
        story: Story,
        node: int,
        settings: Settings,
        client: Client,
        plan: Plan,
        follows: int = 0,
    ) -> None:
        super().__init__()
        self._follows = follows
        self._towards = 0
        """The branch to which the passage is to lead, 0 where it only goes on."""
        self._story, self._node, self._client, self._plan = story, node, client, plan
        self._settings = settings_for(story, settings, node)
        self._model = 0
        self._look_at = "story"
        """The block to be shown once there are some: at first what authors wonder about most."""
        self._made: Context | Refusal | None = None
        self._sent: Sent | None = None
        """What is shown in place of the next request."""
        self._difference: list[Line] | None = None
        self._wanted = ""
        """What the differences are told of, not yet in lines."""
        self._top = 0

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Container(id="body"):
            yield BlocksPane(id="blocks")
            yield TitledPane(id="text")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.call_after_refresh(self._load)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_text)

    @property
    def _entry(self) -> ModelEntry:
        entry = self._settings.entry(self._plan.parts[self._model].model)
        return asked_as(entry) if self._towards else entry

    def _load(self) -> None:
        self._show_header()
        self.run_worker(self._make(self._entry), exclusive=True, exit_on_error=False, group="make")

    async def _make(self, entry: ModelEntry) -> None:
        pane = self.query_one(BlocksPane)
        self._made = None
        try:
            facts = known_facts(entry)
            if facts is None:
                pane.show(f"Asking what {short(entry.name)} can hold …")
                self._show_text()
                facts = await self._client.describe(entry)
            own = of_model(self._settings, self._plan.parts[self._model])
            made = await asyncio.to_thread(
                request_for, self._story, own, self._node, entry, facts,
                why=marks.text_of(self._story, self._node, "why") if self._node else "",
                towards=self._towards,
            )  # fmt: skip
        except Refusal as refusal:
            made = refusal
        self._made = made
        names = [block.name for block in made.blocks] if isinstance(made, Context) else []
        if self._look_at in names:
            pane.selected = names.index(self._look_at)
            self._look_at = ""
        pane.show(made, exact=tokens.exact(entry.model))
        self._show_header()
        self._show_text()

    def _show_header(self) -> None:
        name = short(self._sent.model if self._sent else self._entry.name)
        gap = f" to n{self._towards}" if self._towards else ""
        sends = f"what n{self._node}{gap} + why sends"
        what = f"sent for n{self._sent.node}" if self._sent else sends
        many = len(self._plan.parts)
        which = f"{self._model + 1} of {many}" if many > 1 and not self._sent else ""
        self.query_one(Header).show(
            (("context", "title"), (what, "text")), ((which, "dim"), (name, "model-1"))
        )

    def _show_text(self) -> None:
        pane = self.query_one("#text", TitledPane)
        width = max(10, min(_MEASURE, pane.room.width - 2))
        if self._difference is not None:
            pane.title, lines = ("differences", "title"), self._difference
            said = self._wanted
        else:
            block = self.query_one(BlocksPane).block
            if block is None:
                pane.title, pane.note = ("", "title"), ("", "dim")
                pane.show_inside([])
                return
            pane.title = (block.name, "title")
            raw = block.role in ("prompt", "suffix")
            said = f"in the {block.role}" if raw else f"into the {block.role} message"
            said = said if block.text else "not sent"
            said += f": {one_line(block.why)}" if isinstance(block.reason, Cause) else ""
            lines = paragraph(block.text, width) if block.text else []
        room = max(1, pane.room.height)
        self._top = max(0, min(self._top, len(lines) - room))
        if len(lines) > room:
            last = min(len(lines), self._top + room)
            said += f", lines {self._top + 1} to {last} of {len(lines)}"
        pane.note = (said, "dim")
        shown = lines[self._top : self._top + room]
        pane.show_inside([((" ", ""), *line) if line else () for line in shown])

    def do_next(self, _: str) -> None:
        self._go(1)

    def do_previous(self, _: str) -> None:
        self._go(-1)

    def _go(self, step: int) -> None:
        self._top, self._difference = 0, None
        self.query_one(BlocksPane).move(step)
        self._show_text()

    def do_page_down(self, _: str) -> None:
        self._scroll(1)

    def do_page_up(self, _: str) -> None:
        self._scroll(-1)

    def _scroll(self, pages: int) -> None:
        room = self.query_one("#text", TitledPane).room.height
        self._top += pages * max(1, room - 1)
        self._show_text()

    def do_model(self, _: str) -> None:
        """Show what the next model of the plan is sent."""
        if len(self._plan.parts) < 2 and self._sent is None:
            raise Refusal("The plan has one model only; m in the loom chooses others.")
        if self._sent is None:
            self._model = (self._model + 1) % len(self._plan.parts)
        self._sent = self._difference = None
        self._top = 0
        self._load()

    def do_fill(self, _: str) -> None:
        """Show what is sent for the gap between the node and what follows, or to go on."""
        if not self._follows:
            raise Refusal(f"Nothing follows n{self._node} yet, so there is no gap to fill.")
        self._towards = 0 if self._towards else self._follows
        self._look_at = "what follows" if self._towards else "story"
        self._sent = self._difference = None
        self._top = 0
        self._load()

    async def do_sent(self, _: str) -> None:
        """Show what was sent for this branch, or what would be sent next."""
        self._top, self._difference = 0, None
        if self._sent is not None:
            self._sent = None
            self._load()
            return
        sent = await asyncio.to_thread(sent_for, self._story, self._node)
        if sent is None:
            raise Refusal(f"n{self._node} was written by hand, or what was sent for it was purged.")
        blocks = await asyncio.to_thread(self._blocks, sent)
        self._sent = sent
        note = f"{grouped(sum(block.tokens for block in blocks))} tokens, to {short(sent.model)}"
        self.query_one(BlocksPane).show_blocks(blocks, note)
        self._show_header()
        self._show_text()

    def _blocks(self, sent: Sent) -> tuple[Block, ...]:
        model = self._settings.entry(sent.model).model
        known = lore.entries(self._story).values()
        return blocks_of(sent.body, lambda text: tokens.count(text, model), known)

    async def do_diff(self, _: str) -> None:
        """Show how it differs from what was sent last from this strand, or the block again."""
        self._top = 0
        if self._difference is not None:
            self._difference = None
            self._show_text()
            return
        made = self._made
        if self._sent is not None or not isinstance(made, Context):
            raise Refusal("Only what would be sent next is compared; s shows it.")
        sent = await asyncio.to_thread(last_sent, self._story, self._node)
        if sent is None:
            raise Refusal("Nothing was sent yet from this strand.")
        before = await asyncio.to_thread(self._blocks, sent)
        self._wanted = f"from what was sent for n{sent.node}, to {short(sent.model)}"
        self._difference = _told(compared(before, made.blocks), made.blocks)
        self._show_text()

    def do_copy(self, _: str) -> None:
        """Copy the block's text to the clipboard."""
        block = self.query_one(BlocksPane).block
        if block is None or not block.text:
            raise Refusal("There is no text in this block.")
        copy = getattr(self.app, "copy_text", self.app.copy_to_clipboard)
        said = copy(block.text)
        self.say(
            said if isinstance(said, str) else f"Copied {grouped(len(block.text))} characters."
        )

    async def do_dump(self, name: str) -> None:
        """Write the whole request to a new file."""
        if self._request() is None:
            raise Refusal("There is no request to write.")
        if name:
            await self._write(name)
        else:
            self.ask("write it to", self._write, begun=f"context-n{self._node}.json")

    async def _write(self, name: str) -> None:
        from storyloom.exchange.files import write_new

        request = self._request()
        if not name.strip() or request is None:
            return
        path = Path(name.strip()).expanduser()
        text = json.dumps(request, ensure_ascii=False, indent=2) + "\n"
        await asyncio.to_thread(write_new, path, text)
        self.say(f"The request is in {one_line(str(path.absolute()))}.")

    def _request(self) -> dict[str, Any] | None:
        if self._sent is not None:
            return {"model": self._settings.entry(self._sent.model).model, **self._sent.body}
        if not isinstance(self._made, Context):
            return None
        return {
            "model": self._entry.model, **self._made.body, "max_tokens": self._made.reserve,
            "fingerprint": self._made.fingerprint,
        }  # fmt: skip

    def do_back(self, _: str) -> None:
        self.dismiss(None)


def _told(difference: Difference, blocks: Sequence[Block]) -> list[Line]:
    """Return what has changed, a line for each block, and how much of the beginning has not."""
    lines: list[Line] = []
    for what, name, more in difference.lines:
        size = f"{grouped(abs(more))} characters {'more' if more > 0 else 'fewer'}" if more else ""
        style = "dim" if what == "same" else "text"
        lines.append(((f"{_SIGNS[what]} {name:<16}", style), (f"{what}  {size}", "dim")))
    lines.append(())
    if not difference.prefix:
        lines.append((("It begins otherwise, so a provider has nothing of it cached.", "text"),))
        return lines
    percent = difference.prefix * 100 // max(1, difference.of)
    same = f"{grouped(difference.prefix)} of {grouped(difference.of)} characters ({percent}%)"
    text = "".join(block.text for block in blocks)
    end = one_line(text[max(0, difference.prefix - 50) : difference.prefix])
    lines.append(((f"The first {same} are the same,", "text"),))
    lines.append(((f"up to “…{end}”:", "text"),))
    lines.append((("so much of it a provider may have cached.", "dim"),))
    return lines
