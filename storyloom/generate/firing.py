"""Which lore entries fire for a strand, and why the others do not.

A pure function of the strand's end, the entries and the rules: the same ones give the same answer,
also where probability has a say. First what fires always and what has a key in the strand, then,
level by level, what has a key in what fired before; of a group one alone; and of all that as much
as there is room for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from storyloom.generate.matching import Allowance, Key, Text, TooSlow, found
from storyloom.generate.rule import USUAL, Rule, Scan, rule_of, scan_of
from storyloom.generate.scanned import MOST, Place, place_of
from storyloom.generate.window import for_lore, reserve
from storyloom.models import tokens
from storyloom.settings import Settings
from storyloom.story import lore
from storyloom.story.lore import Entry
from storyloom.story.story import Story

__all__ = ["Cause", "Firing", "Rules", "Told", "fired", "firings", "told"]


class Cause(StrEnum):
    """Why an entry fires or does not; the value is what the author is told."""

    CONSTANT = "constant"
    PINNED = "pinned"
    KEY = "key"
    RECURSION = "recursion, key"
    DISABLED = "off"
    NO_TEXT = "no content"
    NO_KEY = "no key"
    SECONDARY = "secondary keys against"
    PROBABILITY = "probability against it"
    GROUP = "another of its group"
    OUT_OF_BRANCH = "not on this branch"
    NO_SPACE = "no room"
    BAD_REGEX = "bad regex"


_WITH_KEY = (Cause.KEY, Cause.RECURSION, Cause.SECONDARY)


@dataclass(frozen=True)
class Firing:
    """What became of one entry."""

    uid: str
    fires: bool
    reason: Cause
    key: str = ""
    """The key that was found, as the author wrote it."""
    fault: str = ""
    """The regex that is wrong, and what is wrong with it."""
    rank: int = 0
    """Of those that fire, 1 is the last to go where room is short."""

    @property
    def about(self) -> str:
        """What stands behind the reason: the key where it says something, or what is wrong."""
        return self.fault or (self.key if self.reason in _WITH_KEY else "")

    @property
    def why(self) -> str:
        """The reason in words, with what it is about."""
        return f"{self.reason} {self.about}" if self.about else str(self.reason)


class Told(NamedTuple):
    """An entry and what became of it."""

    entry: Entry
    firing: Firing


@dataclass(frozen=True)
class Rules:
    """What holds for all entries."""

    scan: Scan = USUAL
    """Where keys are looked for by entries that do not say it themselves."""
    levels: int = 2
    """How often what fired may make others fire."""
    budget: int = 4_000
    """Tokens that all together may have."""
    stops: bool = False
    """Whether the first that does not fit ends it; else the next are tried."""


@dataclass
class _State:
    """What is known so far, by uid."""

    place: Place
    firings: dict[str, Firing] = field(default_factory=dict[str, Firing])
    levels: dict[str, int] = field(default_factory=dict[str, int])
    """Of those that fire: 0 for what fires always, 1 for a key in the strand, then by recursion."""
    windows: dict[Scan, Text] = field(default_factory=dict[Scan, Text])
    allowance: Allowance = field(default_factory=Allowance)
    lacking: set[str] = field(default_factory=set[str])
    """Those that have no key in their windows, so that it is not looked for there again."""
    said: Text | None = None
    """What the entries say that fired, once that is looked through too."""

    def window(self, scan: Scan) -> Text:
        """Return the part of the strand in which an entry's keys are looked for."""
        if scan not in self.windows:
            self.windows[scan] = Text(self.place.window(scan))
        return self.windows[scan]

    def out(self, rule: Rule, reason: Cause, key: str = "", fault: str = "") -> None:
        """Say that an entry does not fire."""
        self.firings[rule.uid] = Firing(rule.uid, False, reason, key, fault)

    def fire(self, rule: Rule, reason: Cause, level: int, key: str = "") -> None:
        """Say that an entry fires, for now."""
        self.firings[rule.uid] = Firing(rule.uid, True, reason, key)
        self.levels[rule.uid] = level


def firings(
    story: Story, settings: Settings, node: int, *, drafts: Mapping[str, Entry] | None = None
) -> list[Firing]:
    """Return what becomes of each entry where a model goes on from `node`, in the order in which
    they are placed or would be.

    `drafts` stand in place of the entries of their uids, or beside all. The model is taken to have
    as much room as `settings` allow. Counts tokens, which may take half a second the first time:
    call it in a thread.
    """
    budget = for_lore(settings.context, reserve(settings))
    found = told(story, node, budget=budget, drafts=drafts)
    return [each.firing for each in found]


def told(
    story: Story,
    node: int,
    *,
    budget: int,
    model: str = "",
    typed: str = "",
    drafts: Mapping[str, Entry] | None = None,
) -> list[Told]:
    """Return each entry with what becomes of it, as `firings`, for `model`, which has room
    for `budget` tokens of lore. `typed` follows the strand and is in no node yet.
    """
    entries = lore.entries(story) | dict(drafts or {})
    if not entries:
        return []
    rules = Rules(budget=budget)
    scans = {scan_of(entry, rules.scan) for entry in entries.values()}
    place = place_of(story, node, scans, typed)
    found = fired(entries, place, rules, lambda text: _tokens(text, model))
    return [Told(entries[firing.uid], firing) for firing in found]


@lru_cache(maxsize=4_096)
def _tokens(text: str, model: str) -> int:
    # The same entries are counted at each step of the cursor, for each model of a plan.
    return tokens.count(text, model)


def fired(
    entries: Mapping[str, Entry], place: Place, rules: Rules, count: Callable[[str], int]
) -> list[Firing]:
    """Return what becomes of each entry, in the order in which they are placed or would be."""
    made = [rule_of(uid, entry, rules.scan) for uid, entry in entries.items()]
    made.sort(key=lambda rule: (-rule.priority, rule.order, rule.number))
    state = _State(place)
    for rule in made:
        _gate(state, rule)
    _at_once(state, made)
    for level in range(1, rules.levels + 1):
        if not _recursion(state, made, level):
            break
    for rule in made:
        if rule.uid not in state.firings:
            state.out(rule, Cause.NO_KEY)
    _groups(state, made)
    _budget(state, made, rules, count)
    made.sort(key=lambda rule: rule.placed)
    return [state.firings[rule.uid] for rule in made]


def _gate(state: _State, rule: Rule) -> None:
    """Take out what cannot fire here, whatever the strand says."""
    on = state.place.on_strand
    if not rule.enabled:
        state.out(rule, Cause.DISABLED)
    elif not rule.content.strip():
        state.out(rule, Cause.NO_TEXT)
    elif (rule.valid_from and not on(rule.valid_from)) or (
        rule.valid_until and on(rule.valid_until)
    ):
        state.out(rule, Cause.OUT_OF_BRANCH)
    else:
        wrong = next((key for key in (*rule.keys, *rule.secondary) if key.fault), None)
        if wrong is not None:
            state.out(rule, Cause.BAD_REGEX, fault=f"{wrong.written}: {wrong.fault}")


def _at_once(state: _State, rules: Iterable[Rule]) -> None:
    """Fire what fires always, and what has a key in its window."""
    for rule in rules:
        if rule.uid in state.firings:
            continue
        if rule.constant or rule.pinned:
            state.fire(rule, Cause.CONSTANT if rule.constant else Cause.PINNED, 0)
        elif not rule.recursion_only:
            _consider(state, rule, 1, Cause.KEY)


def _recursion(state: _State, rules: list[Rule], level: int) -> bool:
    """Fire what has a key in what fired before; false when nothing new was said there."""
    telling = [rule for rule in rules if rule.uid in state.levels and not rule.no_recurse_out]
    if not any(max(1, state.levels[rule.uid]) == level for rule in telling):
        return False
    telling.sort(key=lambda rule: state.levels[rule.uid])
    state.said = Text("\n".join(rule.content for rule in telling)[:MOST])
    for rule in rules:
        known = state.firings.get(rule.uid)
        if rule.no_recurse_in or (known is not None and known.reason != Cause.SECONDARY):
            continue
        _consider(state, rule, level + 1, Cause.RECURSION)
    return True


def _consider(state: _State, rule: Rule, level: int, cause: Cause) -> None:
    """Fire an entry if one of its keys is found and nothing else is against it."""
    text = state.window(rule.scan)
    if rule.uid in state.lacking or rule.has_no_key_in(text):
        state.lacking.add(rule.uid)
        if state.said is None or rule.has_no_key_in(state.said):
            return
    try:
        key = next((key for key in rule.keys if _found(state, key, text)), None)
        if key is None:
            return
        if not _allowed(state, rule, text):
            state.out(rule, Cause.SECONDARY, key.written)
        elif rule.probability < 100 and _roll(state.place, rule.uid) >= rule.probability:
            state.out(rule, Cause.PROBABILITY, key.written)
        else:
            state.fire(rule, cause, level, key.written)
    except TooSlow as slow:
        state.out(rule, Cause.BAD_REGEX, fault=str(slow))


def _found(state: _State, key: Key, text: Text) -> bool:
    try:
        return found(key, text, state.allowance, state.said)
    except TooSlow as slow:
        raise TooSlow(f"{key.written}: {slow}") from None


def _allowed(state: _State, rule: Rule, text: Text) -> bool:
    """Whether the secondary keys are for an entry too."""
    if not rule.secondary:
        return True
    hits = (_found(state, key, text) for key in rule.secondary)
    match rule.logic:
        case "and_all":
            return all(hits)
        case "not_any":
            return not any(hits)
        case "not_all":
            return not all(hits)
        case _:
            return any(hits)


def _roll(place: Place, uid: str) -> float:
    """Return a number from 0 to 100 that follows from the place alone, so that it can be told
    before what will be sent.
    """
    text = f"{place.seed}:{uid}:{place.node}:{place.batch}"
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


def _groups(state: _State, rules: Iterable[Rule]) -> None:
    """Let one entry of each group win: the first, as they are in the order of their priority."""
    won: set[str] = set()
    for rule in rules:
        firing = state.firings[rule.uid]
        if rule.group and firing.fires:
            if rule.group in won:
                state.out(rule, Cause.GROUP, firing.key)
            won.add(rule.group)


def _budget(
    state: _State, rules: Iterable[Rule], given: Rules, count: Callable[[str], int]
) -> None:
    """Let those fire that there is room for, the most direct ones and those of priority first."""
    firing = [rule for rule in rules if state.firings[rule.uid].fires]
    firing.sort(key=lambda rule: state.levels[rule.uid])
    left, rank = given.budget, 0
    for rule in firing:
        cost = count(rule.content + "\n") if left > 0 else 1
        if cost > left:
            state.out(rule, Cause.NO_SPACE, state.firings[rule.uid].key)
            left = 0 if given.stops else left
            continue
        left, rank = left - cost, rank + 1
        state.firings[rule.uid] = replace(state.firings[rule.uid], rank=rank)
