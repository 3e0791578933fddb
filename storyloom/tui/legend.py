"""How models are told apart on a screen: a short code and a colour role each, by first use."""

import re
from collections.abc import Callable

from storyloom.story import origins, reading
from storyloom.story.story import Story
from storyloom.text import one_line

__all__ = ["SKETCH", "Legend", "code_of", "letters", "role_of"]

SKETCH = "S"
"""Marks a sketch."""
_COLOURS = 8


class Legend:
    """The models of one story in the order of their first use."""

    def __init__(self, story: Story) -> None:
        self._numbers: dict[str, int] = {}
        for model in reading.models(story):
            self.role(model)

    def role(self, model: str) -> str:
        """Return the style name of a model, `human` for none; a ninth shares the first's."""
        if not model:
            return "human"
        number = self._numbers.setdefault(model, len(self._numbers))
        return f"model-{number % _COLOURS + 1}"


def code_of(model: str) -> str:
    """Return up to three letters for a model: gpt-4o-mini is g4m."""
    name = one_line(model.rsplit("/", 1)[-1]).lower()
    parts = re.findall(r"[a-z]+|[0-9]+", name)
    if len(parts) < 2:
        return name[:3] or "?"
    if len(parts) == 2:
        return (parts[0][:2] + parts[1][:1])[:3]
    return "".join(part[0] for part in parts[:3])


def letters(origin: str) -> str:
    """Return up to three letters for an origin: H by hand, P pasted, I imported, a model's own."""
    if origin.startswith("model:"):
        return code_of(origin.removeprefix("model:"))
    return {origins.HUMAN: "H", origins.PASTE: "P"}.get(origin, "I")


def role_of(origin: str, model_role: Callable[[str], str]) -> str:
    """Return the style of an origin; `model_role` knows a model's."""
    if origin.startswith("model:"):
        return model_role(origin.removeprefix("model:"))
    return {origins.HUMAN: "human", origins.PASTE: "why"}.get(origin, "dim")
