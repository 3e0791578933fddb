"""One model of a plan as a person writes it: `openai/gpt-4o-mini x2 temperature=0.9`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from storyloom.generate.plan import typed
from storyloom.settings import MOST_BRANCHES, OWN, RANGES, PlanPart
from storyloom.text import Refusal, one_line

__all__ = ["part_of", "parts_of", "said", "with_own"]

_COUNT = re.compile(r"x([0-9]{1,3})")
_VALUE = re.compile(r"([a-z][a-z_]*)=(\S*)")


def part_of(text: str, each: int = 1) -> PlanPart:
    """Return the model that `text` names, with its branches and what it has of its own behind it;
    `each` is how many branches it has where none are said. Raises Refusal for what cannot be.
    """
    words = text.split()
    count, values = 0, dict[str, str]()
    while len(words) > 1:
        if not count and (number := _COUNT.fullmatch(words[-1])):
            count = _branches(int(number[1]))
        elif value := _VALUE.fullmatch(words[-1]):
            values.setdefault(value[1], value[2])
        else:
            break
        words.pop()
    if not words:
        raise Refusal("A model's name cannot be empty; 'storyloom models' lists them.")
    # A name's own spaces are kept as they are, unless something stands behind it.
    name = text.strip() if not count and not values else " ".join(words)
    part = PlanPart(name, count or each)
    for key in reversed(values):
        part = with_own(part, key, values[key])
    return part


def parts_of(models: Iterable[str], each: int) -> tuple[PlanPart, ...]:
    """Return the plan that these name; one named twice alike gets as many branches as both.

    Raises Refusal for more or fewer branches than a plan can have.
    """
    found: list[PlanPart] = []
    for text in models:
        part = part_of(text, each)
        same = next((n for n, known in enumerate(found) if _alike(known, part)), None)
        if same is None:
            found.append(part)
        else:
            found[same] = replace(part, count=found[same].count + part.count)
    total = sum(part.count for part in found)
    if not 1 <= total <= MOST_BRANCHES or any(part.count < 1 for part in found):
        raise Refusal(f"A fork grows 1 to {MOST_BRANCHES} branches at once, not {total}.")
    return tuple(found)


def with_own(part: PlanPart, name: str, text: str) -> PlanPart:
    """Return a model with a value of its own as it was typed; nothing leaves it to what holds for
    all models. Raises Refusal for what cannot be one.
    """
    if name not in OWN:
        known = ", ".join(OWN)
        raise Refusal(f"A model has no {one_line(name)!r} of its own; it may have {known}.")
    value = typed(name, text)
    values = {key: known for key, known in part.values.items() if key != name}
    # No text is among what a model may have of its own.
    if value is not None and not isinstance(value, str):
        low, high = RANGES[name]
        if not low <= value <= high:
            raise Refusal(f"{name} has to be from {low:g} to {high:g}.")
        values[name] = value
    return replace(part, values=values)


def said(values: Mapping[str, float]) -> str:
    """Return what a model has of its own as it is typed: `temperature=0.9 words=80`."""
    return " ".join(f"{key}={values[key]:g}" for key in OWN if key in values)


def _branches(count: int) -> int:
    if not 1 <= count <= MOST_BRANCHES:
        raise Refusal(f"A model may be asked for 1 to {MOST_BRANCHES} branches, not {count}.")
    return count


def _alike(one: PlanPart, other: PlanPart) -> bool:
    return one.model == other.model and one.values == other.values
