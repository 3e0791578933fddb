"""Answers that a story file holds, given again to who asks the same: no model, and no network."""

from collections import Counter
from typing import Any, NamedTuple, cast

from storyloom.models.protocol import Facts
from storyloom.story import batches, growth
from storyloom.story.batches import Answer, Branch
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
    What failed or broke off is no answer, and is passed over.
    """

    def __init__(self, story: Story) -> None:
        """Read what there is. `story` stays open as long as this is used, in the same thread."""
        self._story = story
        self._tracks: dict[tuple[str, str], list[Branch]] = {}
        self._facts: dict[str, Facts] = {}
        for batch in batches.batches(story):
            for branch in batch.branches:
                self._tracks.setdefault((branch.model, branch.request), []).append(branch)
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
            came = ((batches.answer(self._story, each), each) for each in self._tracks.get(key, ()))
            self._answers[key] = [
                Found(answer, branch.model)
                for answer, branch in came
                if answer is not None and answer.finish not in batches.UNFINISHED
            ]
        found = self._answers[key]
        return found[turn] if turn < len(found) else None


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
