"""How a fork is grown: with which models and settings, as the nearest place says it.

A node may carry a plan; one without uses its nearest ancestor's, then the story's, then the config
file's, then the embedded model. Each setting is found in the same way, by itself.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

from storyloom.models.protocol import Mode
from storyloom.models.weights import EMBEDDED
from storyloom.settings import (
    FRACTIONS,
    INHERITED,
    LENGTHS,
    MOST_BRANCHES,
    OWN,
    SKETCH,
    TEXTS,
    PlanPart,
    Preset,
    Settings,
    varied,
)
from storyloom.story import marks, reading
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["InForce", "Plan", "as_preset", "drawn", "in_force", "of_model", "plan_for",
           "preset_name", "prose_words", "said", "sampled", "set_plan", "settings_for", "take",
           "typed", "with_count", "with_models"]  # fmt: skip

EMBEDDED_ALTERNATIVES = 5
"""Alternatives that the embedded model is asked for when nothing is set."""
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Plan:
    """Models and counts in the order their branches appear."""

    parts: tuple[PlanPart, ...]
    owner: int | None = None
    """The node that carries the plan, 0 for the story, None when neither does."""
    source: str = "the embedded model, as nothing else is set"
    """Where the plan in force comes from, in words."""

    @property
    def total(self) -> int:
        """How many branches a batch has."""
        return sum(part.count for part in self.parts)

    @property
    def label(self) -> str:
        """The plan in one line, such as `gpt-4o-mini x2 + claude x1`."""
        return " + ".join(f"{short(part.model)} x{part.count}" for part in self.parts)


def short(model: str) -> str:
    """Return a model's name without its provider, safe for a screen."""
    return one_line(model.rsplit("/", 1)[-1])


def plan_for(story: Story, node: int, settings: Settings) -> Plan:
    """Return the plan in force at `node`."""
    found = reading.carried(story, node, "plan")
    owner, parts = (found[0], _stored(found[1])) if found is not None else (0, ())
    if parts:
        return Plan(parts, owner, f"set at n{owner}" if owner else "the story's own")
    if settings.plan:
        return Plan(settings.plan, None, "the config file's")
    return Plan((PlanPart(EMBEDDED, settings.count),))


def _stored(value: object) -> tuple[PlanPart, ...]:
    """Return the models that a stored plan names. A file from elsewhere, or of a later version,
    may hold anything there; what cannot be is passed over.
    """
    try:
        found = json.loads(str(value))
    except (ValueError, RecursionError):
        return ()
    rows = cast("list[Any]", found) if isinstance(found, list) else []
    lists = (cast("list[Any]", row) for row in rows if isinstance(row, list))
    parts = (_part(*row[:3]) for row in lists if len(row) > 1)
    return tuple(part for part in parts if part is not None)


def _part(model: Any, count: Any, values: Any = None) -> PlanPart | None:
    if not isinstance(model, str) or not isinstance(count, int) or not 1 <= count <= MOST_BRANCHES:
        return None
    own = cast("dict[str, Any]", values) if isinstance(values, dict) else {}
    kept = {key: own[key] for key in OWN if key in own and marks.is_setting(key, own[key])}
    return PlanPart(model, count, kept)


def of_model(settings: Settings, part: PlanPart, **fixed: Any) -> Settings:
    """Return the settings that a model of a plan is asked with: its own before those for all;
    `fixed` goes before both.
    """
    return replace(settings, **{**part.values, **fixed})


class InForce(NamedTuple):
    """One setting at a node."""

    name: str
    value: float | bool | str | None
    """None leaves it to the model."""
    owner: int | None
    """The node that sets it, 0 for the story, None when neither does."""
    source: str
    """Where the value comes from, in words."""

    @property
    def said(self) -> str:
        """The value as a person reads it."""
        return said(self.name, self.value)


def said(name: str, value: float | bool | str | None) -> str:
    """Return a setting's value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return one_line(value) or "none"
    if name == "words" and value == SKETCH:
        return "sketch, 2 lines"
    if value is None and name == "alternatives":
        return f"{EMBEDDED_ALTERNATIVES}, embedded only"
    return "the model's own" if value is None else f"{value:g}"


def typed(name: str, text: str) -> float | str | None:
    """Return the value of a setting that a person has typed, None for one to be inherited; `trim`
    is yes or no, and some lengths have names. Raises Refusal for what cannot be one.
    """
    text = text.strip()
    if not text:
        return None
    if name in TEXTS:
        varied(text)
        return text
    text = text.lower()
    # As `InForce.said` says it, too.
    length = LENGTHS.get(text.partition(",")[0].rstrip())
    if name == "words" and length is not None:
        return length
    if name == "trim":
        if text not in ("yes", "no"):
            raise Refusal(f"trim has to be yes or no, not {one_line(text)!r}.")
        return float(text == "yes")
    try:
        return float(text) if name in FRACTIONS else int(text)
    except ValueError:
        what = "a number" if name in FRACTIONS else "a whole number"
        what += ", or sketch, beat or scene" if name == "words" else ""
        raise Refusal(f"{name} has to be {what}, not {one_line(text)!r}.") from None


def in_force(story: Story, settings: Settings, node: int = 0) -> list[InForce]:
    """Return the settings with which `node` is grown, in the order of `INHERITED`;
    `settings` are those of the config file.
    """
    own = Settings()
    out: list[InForce] = []
    for name in INHERITED:
        found = reading.carried(story, node, f"setting:{name}")
        given = getattr(settings, name)
        # An attribute holds what was put into it: here numbers, whatever its type says of texts.
        owner, value = found if found is not None else (None, None)
        if owner is not None and marks.is_setting(name, value):
            source = f"set at n{owner}" if owner else "the story's own"
            own_value: Any = bool(value) if name == "trim" else value
            out.append(InForce(name, own_value, owner, source))
        elif given != getattr(own, name):
            out.append(InForce(name, given, None, "the config file's"))
        else:
            out.append(InForce(name, given, None, "as nothing else is set"))
    return out


def settings_for(story: Story, settings: Settings, node: int = 0) -> Settings:
    """Return the settings in force at a node: its own or those of the nearest node above it where
    one sets them, else the story's, else those given.
    """
    found: dict[str, Any] = {each.name: each.value for each in in_force(story, settings, node)}
    return replace(settings, **(marks.settings_of(story) | found))


def prose_words(story: Story, settings: Settings, node: int) -> int:
    """Return how many words a branch from `node` should have that is no sketch: the nearest length
    that is none, else the config file's or what holds without one.
    """
    while True:
        found = reading.carried(story, node, "setting:words")
        if found is None:
            return settings.words or Settings().words
        owner, value = found
        if marks.is_setting("words", value) and int(value) != SKETCH:
            return int(value)
        if not owner:
            return settings.words or Settings().words
        node = reading.parent(story, owner)


def sampled(settings: Settings, most: int, index: int = 0) -> dict[str, Any]:
    """Return the parameters that branch `index` of a model is drawn with, as litellm names them;
    `most` is how many tokens its answer may have.
    """
    params: dict[str, Any] = {"max_tokens": most}
    if settings.temperature is not None:
        params["temperature"] = settings.temperature
    if settings.top_p is not None:
        params["top_p"] = settings.top_p
    if settings.seed is not None:
        params["seed"] = (settings.seed + index) % 2**31
    return params


def drawn(settings: Settings, mode: Mode, *, embedded: bool) -> dict[str, Any]:
    """Return the parameters that ask for alternatives to each token, as litellm names them; none
    where they are not wanted.
    """
    wanted = settings.alternatives
    if wanted is None:
        # The embedded model tells them for nothing; elsewhere they make the stream ten times as
        # long, and some providers refuse a request for them.
        wanted = EMBEDDED_ALTERNATIVES if embedded else 0
    if not wanted:
        return {}
    wanted = int(wanted)  # a file from elsewhere may hold any number
    return {"logprobs": wanted} if mode == "text" else {"logprobs": True, "top_logprobs": wanted}


def set_plan(story: Story, owner: int, parts: tuple[PlanPart, ...] | None) -> None:
    """Give a node, or the story (owner 0), a plan of its own; None lets it inherit again."""
    value = _plan_value(parts) if parts is not None else None
    with story.act("plan.set") as act:
        if owner:
            act.node(owner)
        act.change(owner, "plan", value)


def take(story: Story, owner: int, preset: Preset) -> None:
    """Give a node, or the story (owner 0), a preset's plan and settings in one step; what the
    preset does not name stays as it is.
    """
    with story.act("plan.set", data={"preset": preset.name}) as act:
        if owner:
            act.node(owner)
        if preset.plan:
            act.change(owner, "plan", _plan_value(preset.plan))
        for name, value in preset.values.items():
            own = float(value) if name in FRACTIONS else value if name in TEXTS else int(value)
            act.change(owner, f"setting:{name}", own)


def as_preset(story: Story, settings: Settings, node: int, name: str) -> Preset:
    """Return what is in force at a node as a preset of that name: the plan, and the settings that
    the story or one of its nodes sets; those of the config file hold without it.

    Raises Refusal for a name that cannot be one.
    """
    plan = plan_for(story, node, settings).parts
    values = {each.name: each.value for each in in_force(story, settings, node)
              if each.owner is not None and each.value is not None}  # fmt: skip
    return Preset(preset_name(name), plan, values)


def preset_name(name: str) -> str:
    """Return a preset's name as it is kept. Raises Refusal when it is none."""
    name = one_line(name)
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise Refusal(f"A preset's name has 1 to {_LONGEST_NAME} characters.")
    return name


def _plan_value(parts: tuple[PlanPart, ...]) -> str:
    total = sum(part.count for part in parts)
    if not 1 <= total <= MOST_BRANCHES:
        raise Refusal(f"A plan asks for 1 to {MOST_BRANCHES} branches, not {total}.")
    # Two elements where there is no more to say, as the first versions of a plan all have them.
    stored = [
        [part.model, part.count, dict(part.values)] if part.values else [part.model, part.count]
        for part in parts
    ]
    return json.dumps(stored, ensure_ascii=False)


def with_count(plan: Plan, total: int) -> tuple[PlanPart, ...]:
    """Return the plan's models asked for `total` branches in all, shared out as evenly as before.

    A model keeps at least one branch while there are enough for all; the last ones go first.
    """
    total = max(1, min(MOST_BRANCHES, total))
    counts = [part.count for part in plan.parts]
    while sum(counts) < total:
        counts[counts.index(min(counts))] += 1
    while sum(counts) > total:
        highest = max(counts)
        counts[len(counts) - 1 - counts[::-1].index(highest)] -= 1
    return tuple(
        replace(part, count=count) for part, count in zip(plan.parts, counts, strict=True) if count
    )


def with_models(plan: Plan, counts: Iterable[tuple[str, int]]) -> tuple[PlanPart, ...]:
    """Return a plan of these models and counts; one of `plan` keeps what it has of its own."""
    left = list(plan.parts)
    parts: list[PlanPart] = []
    for model, count in counts:
        known = next((part for part in left if part.model == model), None)
        if known is not None:
            left.remove(known)
        parts.append(replace(known or PlanPart(model), count=count))
    return tuple(parts)
