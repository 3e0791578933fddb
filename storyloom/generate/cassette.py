"""Answers that a story file holds, given again to who asks the same: no model, and no network."""

from collections import Counter
from typing import Any, NamedTuple, cast

from storyloom.models.protocol import Facts
from storyloom.story import batches, growth
from storyloom.story.batches import Answer, Batch, Branch
from storyloom.story.growth import Asked
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["Cassette", "Found", "Turns", "missing", "told"]


class Found(NamedTuple):
    """An answer on the cassette."""

    answer: Answer
    model: str
    """Who gave it."""


class Cassette:
    """Recorded answers by what was asked for: of which model, with which words, and how often that
    was asked before.

    Temperature, seed and the like are not looked at: they are what a re-run adapts to each model.
    What failed or broke off is no answer, and is passed over. Those of re-runs come first, so that
    a run of the model that wrote the story is had again and not the story; those that were there
    to be compared alone come last.
    """

    def __init__(self, story: Story) -> None:
        """Read what there is. `story` stays open as long as this is used, in the same thread."""
        self._story = story
        self._tracks: dict[tuple[str, str], list[tuple[Batch, Branch]]] = {}
        self._facts: dict[str, Facts] = {}
        for batch in sorted(batches.batches(story), key=_turn):
            for branch in batch.branches:
                key = branch.model, branch.request
                self._tracks.setdefault(key, []).append((batch, branch))
            model, told = batch.run.get("model"), batch.run.get("facts")
            if isinstance(model, str) and isinstance(told, dict):
                self._facts[model] = _facts(model, cast("dict[str, Any]", told))
        self._answers: dict[tuple[str, str], list[Found]] = {}

    async def close(self) -> None:
        """Do nothing: a cassette is closed as the client that it stands in for is, and the story
        stays open.
        """

    def facts(self, model: str) -> Facts | None:
        """Return what was known of a model when a re-run asked it, as far as that shapes what is
        sent; None when no re-run did.
        """
        return self._facts.get(model)

    def models(self) -> list[str]:
        """Return the models that have given answers."""
        return sorted({model for model, _ in self._tracks})

    def find(self, asked: Asked, turn: int) -> Found | None:
        """Return the answer that was given when that was asked for the `turn`-th time, from 0."""
        key = (asked.model, growth.digest_of(asked.body))
        if key not in self._answers:
            self._answers[key] = [
                Found(answer, branch.model)
                for batch, branch in self._tracks.get(key, ())
                for answer in (batches.answer(self._story, branch),)
                if answer is not None and batches.whole(batch, answer)
            ]
        found = self._answers[key]
        return found[turn] if turn < len(found) else None


def _turn(batch: Batch) -> int:
    """Return when the answers of a batch are taken; of those of one kind the earliest first."""
    if not batch.run:
        return 1
    return 2 if batch.run.get("mode") == "verify" else 0


class Turns:
    """How often each thing was asked for so far."""

    def __init__(self) -> None:
        self._asked: Counter[tuple[str, str]] = Counter()

    def heard(self, model: str, request: str) -> None:
        """Count what was asked for in an earlier sitting, `request` by its sha256 in hex."""
        self._asked[model, request] += 1

    def next(self, asked: Asked) -> int:
        """Return how often that was asked for before, and count it."""
        key = (asked.model, growth.digest_of(asked.body))
        self._asked[key] += 1
        return self._asked[key] - 1


def told(facts: Facts) -> dict[str, Any]:
    """Return what a re-run's log keeps of a model's facts: what shapes a request."""
    kept = {"mode": facts.mode, "window": facts.window, "provider": facts.provider}
    return {key: value for key, value in kept.items() if value not in (None, "")}


def _facts(model: str, said: dict[str, Any]) -> Facts:
    mode, window, provider = (said.get(key) for key in ("mode", "window", "provider"))
    return Facts(
        model,
        mode if mode in ("chat", "text", "prefill") else "chat",
        window if isinstance(window, int) and window > 0 else None,
        0.0,
        0.0,
        provider=provider if isinstance(provider, str) else "",
    )


def missing(what: str, model: str) -> Refusal:
    """Return the refusal for what is not on the cassette."""
    return Refusal(
        f"{what} of {one_line(model)} is not on the cassette, and nothing is asked of a model "
        "while one is played; run it without --cassette once, which records it."
    )
