"""What the model picker learns of models: from litellm's list, files, servers, and the story."""

import asyncio
import os
from collections.abc import Iterable

from storyloom.models import weights
from storyloom.models.client import Client
from storyloom.models.protocol import Facts
from storyloom.models.routes import elsewhere
from storyloom.models.served import Served, Server, configured, kept, nearby
from storyloom.settings import Settings
from storyloom.story.record import Record, records
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui.model_rows import LOCAL, ModelRow
from storyloom.tui.screens.listed import Listed

__all__ = ["Surveying"]

_EMBEDDED = "135M, rough drafts, no key needed"


class Surveying(Listed):
    """The rows of the picker, which fill with what is known. Call `survey` once they are shown."""

    def __init__(self, story: Story, settings: Settings, client: Client, planned: int) -> None:
        """Take how many rows at the beginning are the plan's."""
        super().__init__()
        self._story, self._settings, self._client = story, settings, client
        self._planned = planned
        self._rows: list[ModelRow] = []
        self._records: dict[str, Record] = {}
        self._loading = "reading litellm's list …"

    def survey(self) -> None:
        """Begin to learn what is known; each piece is shown as it comes."""
        asked = configured(self._settings.models)
        for work in (self._read_lists(), self._read_records(), self._ask(asked)):
            self.run_worker(work, exit_on_error=False, group="models")

    def refill(self) -> None:
        """Show the rows as they are now."""
        raise NotImplementedError

    async def _read_lists(self) -> None:
        """Fill in what is known: first of what lies here, then of litellm's list."""
        await self._look_at_weights()
        try:
            catalogue = await self._client.catalogue()
        except Refusal as refusal:
            self._loading = ""
            self.say(str(refusal), "warning")
            self.refill()
            return
        by_name = {facts.model: facts for facts in catalogue}
        taken: set[str] = set()
        for row in self._rows:
            taken.add(row.model)
            # A configured one may be reached another way, with another key: it is asked about.
            if row.facts is None and self._settings.entry(row.model) not in self._settings.models:
                row.facts = by_name.get(row.model)
        self._rows += [
            ModelRow(facts.model, facts=facts, listed=True)
            for facts in catalogue
            if facts.model not in taken
        ]
        self._loading = ""
        self.refill()
        await self.describe_others()

    async def _look_at_weights(self) -> None:
        found = await asyncio.to_thread(weights.find)
        here = {local.model for local in found}
        embedded = next((row for row in self._rows if row.model == weights.EMBEDDED), None)
        if embedded is not None:
            embedded.note = _EMBEDDED
            embedded.state = "here" if weights.present() else "fetched at its first use, 93 MB"
        known = {row.model for row in self._rows} | {weights.EMBEDDED}
        at = 1 + max((n for n, row in enumerate(self._rows) if row.model.startswith(LOCAL)),
                     default=self._planned - 1)  # fmt: skip
        self._rows[at:at] = [
            ModelRow(name, note="a file of yours") for name in sorted(here - known)
        ]
        self.refill()

    async def describe_others(self) -> None:
        """Ask for the facts of configured models, which litellm's list may not have."""
        for row in [row for row in self._rows if row.facts is None]:
            entry = self._settings.entry(row.model)
            if entry.model.startswith(LOCAL):
                continue
            try:
                row.facts = await self._client.describe(entry)
            except Refusal:
                return
            if not row.facts.known and (place := elsewhere(entry.model)):
                row.state = f"there is no entry {place!r} in the config file here"
            self.refill()

    async def _read_records(self) -> None:
        try:
            self._records = await asyncio.to_thread(records, self._story.path)
        except Refusal:
            return  # it can be grown all the same
        self.refill()

    # Servers.

    async def look_around(self) -> tuple[list[Served], ModelRow | None]:
        """Ask the servers that may run on this machine, and return what they answered and the first
        row of what was found. Raises Refusal when nobody can ask.
        """
        return await self._ask(nearby(os.environ, configured(self._settings.models)))

    async def _ask(self, servers: list[Server]) -> tuple[list[Served], ModelRow | None]:
        answers = await self._client.served(servers)
        first: ModelRow | None = None
        for server, answer in zip(servers, answers, strict=False):
            if answer.say:
                for row in self._rows_at(server):
                    row.state = answer.say
            found = kept(answer.models, self._settings.models)
            first = self._add(found, f"on {answer.host}") or first
        if answers:
            self.refill()
        return answers, first

    def _add(self, found: Iterable[Facts], where: str) -> ModelRow | None:
        """Put models of a server among the rows, in front of litellm's list, and return the first
        one's row.
        """
        known = {row.model: row for row in self._rows}
        rows: list[ModelRow] = []
        for facts in found:
            row = known.setdefault(facts.model, ModelRow(facts.model))
            row.facts, row.where = facts, where
            rows.append(row)
        there = {id(row) for row in self._rows}
        end = next((n for n, row in enumerate(self._rows) if row.listed), len(self._rows))
        self._rows[end:end] = [row for row in rows if id(row) not in there]
        return rows[0] if rows else None

    def _rows_at(self, server: Server) -> Iterable[ModelRow]:
        """Return the rows of models on a server of the config file's."""
        for row in self._rows:
            base = None if row.listed else self._settings.entry(row.model).api_base
            if base is not None and base.rstrip("/") == server.base:
                yield row
