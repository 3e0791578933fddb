"""What the log's operations are called, each in words that say what became of which node."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.generate.plan import set_plan, take
from storyloom.settings import PlanPart, Preset
from storyloom.story import growth, history, log, lore, marks, placing, purging, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.log import STEPS, Operation, Step
from storyloom.story.story import Story
from storyloom.story.tables import Change
from storyloom.story.told import told

HOSTILE = "\x1b]52;c;UFdORUQ=\x07 [/] [@click=app.bell]x[/] \u202eevil\u2066\nline \x00"


def newest(story: Story) -> Step:
    """The last thing that was done."""
    (operation,) = log.span(story, 1 << 40, -1)
    return log.step_of(story, operation)


def says(story: Story) -> str:
    """What is said of the last thing that was done."""
    return told(newest(story))


@pytest.fixture
def branch(story: Story) -> int:
    """A passage below the opening, n2, with one below it, n3, and another beside it, n4."""
    node = shape.write_child(story, 1, "The bell was gone.")
    shape.write_child(story, node, " Nobody said so.")
    shape.write_child(story, 1, "The bell was there.")
    return node


ACTS: dict[str, tuple[Callable[[Story], object], str, int]] = {
    "a passage": (lambda s: shape.write_child(s, 2, "She waited."), "wrote n5: She waited.", 5),
    "an edit": (lambda s: shape.edit(s, 2, "The bell."), "edited n2", 2),
    "a split": (lambda s: shape.split(s, 2, 8), "split n2; its beginning is n5", 5),
    "a join": (lambda s: shape.join(s, 3), "joined n3 with its parent", 3),
    "a move": (lambda s: placing.move(s, 3, 4), "moved n3 to n4", 3),
    "one between": (lambda s: placing.put_between(s, 4, 2), "put n4 between n1 and n2", 2),
    "a batch that leads to one": (
        lambda s: growth.request(s, 1, [Asked("x/y", {"prompt": ""})], towards=2),
        "grew 1 of y between n1 and n2", 5,
    ),
    "a shift": (lambda s: placing.shift(s, 2, 1), "moved n2 among its branches", 2),
    "a copy": (lambda s: placing.copy(s, 3, 4), "copied n3 to n4, as n5", 5),
    "a copy of a beginning": (
        lambda s: placing.copy(s, 2, 0), "copied n2 to the beginning, as n5", 5,
    ),
    "a pruning": (lambda s: shape.prune(s, 2), "pruned n2 +1", 2),
    "a pruning of one": (lambda s: shape.prune(s, 3), "pruned n3", 3),
    "all others": (lambda s: shape.keep_only(s, 4), "kept n4 alone, pruned 1 other +1", 4),
    "the weave": (lambda s: weaves.set_weave(s, 3), "wove to n3", 3),
    "another weave": (lambda s: weaves.set_weave(s, 3, "dark"), "wove 'dark' to n3", 3),
    "the weave's end": (lambda s: (weaves.set_weave(s, 3), weaves.end_weave(s, 2)),
                        "ended the weave at n2", 2),
    "a why": (lambda s: marks.set_text(s, 2, "why", "she must answer"),
              "why at n2: she must answer", 2),
    "a reason": (lambda s: marks.set_text(s, 2, "reason", "calm"), "reason at n2: calm", 2),
    "a note": (lambda s: marks.set_text(s, 2, "note", "bow line?"), "note at n2: bow line?", 2),
    "a label": (lambda s: marks.set_text(s, 2, "label", "bow"), "label at n2: bow", 2),
    "a title": (lambda s: marks.set_text(s, 0, "title", "The Bell"), "title: The Bell", 0),
    "a setting": (lambda s: marks.set_setting(s, "temperature", 0.5),
                  "set the story's own temperature to 0.5", 0),
    "a setting of a node": (lambda s: marks.set_setting(s, "words", 90, 2),
                            "set n2's own words to 90", 2),
    "a preset": (lambda s: take(s, 2, Preset("dry", values={"words": 40})),
                 "preset dry from n2 on", 2),
    "a tag": (lambda s: marks.tag(s, 2, "sea"), "tagged n2: sea", 2),
    "a bookmark": (lambda s: marks.bookmark(s, 2, "Here"), "bookmark at n2: Here", 2),
    "a nameless bookmark": (lambda s: marks.bookmark(s, 2), "bookmark at n2", 2),
    "a chapter": (lambda s: marks.set_chapter(s, 2, "Ebb"), "chapter at n2: Ebb", 2),
    "lore": (lambda s: lore.set_entry(s, {"title": "Salt", "keys": ["salt"]}), "lore: Salt", 0),
    "a plan": (lambda s: set_plan(s, 2, (PlanPart("openai/tide", 3), PlanPart("rope", 1))),
               "plan from n2 on: 3 of tide, 1 of rope", 2),
    "values of a model's own": (
        lambda s: set_plan(s, 2, (PlanPart("openai/mini", 2, {"words": 40}),)),
        "plan from n2 on: 2 of mini", 2,
    ),
    "the story's plan": (lambda s: set_plan(s, 0, (PlanPart("tide", 2),)),
                         "plan of the story: 2 of tide", 0),
}  # fmt: skip


@pytest.mark.usefixtures("branch")
@pytest.mark.parametrize("what", ACTS)
def test_what_was_done_is_said_with_its_node(story: Story, what: str) -> None:
    act, wanted, node = ACTS[what]
    act(story)
    assert says(story) == wanted
    assert newest(story).node == node


AWAY: dict[str, tuple[Callable[[Story, bool], object], str]] = {
    "a why": (lambda s, on: marks.set_text(s, 2, "why", "x" if on else ""),
              "took the why at n2 away"),
    "a title": (lambda s, on: marks.set_text(s, 0, "title", "x" if on else ""),
                "took the title away"),
    "a setting": (lambda s, on: marks.set_setting(s, "temperature", 0.5 if on else None),
                  "took the story's own temperature away"),
    "a tag": (lambda s, on: marks.tag(s, 2, "sea", on=on), "took the tag sea off n2"),
    "a bookmark": (lambda s, on: marks.bookmark(s, 2, "x" if on else None),
                   "took the bookmark at n2 away"),
    "a chapter": (lambda s, on: marks.set_chapter(s, 2, "x" if on else None),
                  "took the chapter mark away at n2"),
    "a plan": (lambda s, on: set_plan(s, 2, (PlanPart("tide", 2),) if on else None),
               "took the plan from n2 on away"),
    "lore": (lambda s, on: lore.set_entry(s, {"title": "Salt"}) if on
             else lore.remove_entry(s, "1"), "took lore: Salt away"),
    "a weave": (lambda s, on: weaves.set_weave(s, 3, "dark") if on
                else weaves.delete_weave(s, "dark"), "took the weave 'dark' away"),
}  # fmt: skip


@pytest.mark.usefixtures("branch")
@pytest.mark.parametrize("what", AWAY)
def test_what_was_taken_away_is_told_from_what_was_set(story: Story, what: str) -> None:
    act, wanted = AWAY[what]
    act(story, True)
    assert says(story) != wanted
    act(story, False)
    assert says(story) == wanted


def test_a_batch_and_its_branches_name_their_models(story: Story) -> None:
    asked = [Asked(f"openai/{name}", {"prompt": "x"}) for name in ("tide", "tide", "rope", "rope")]
    places = growth.request(story, 1, asked)
    assert says(story) == "grew 2 of tide, 2 of rope at n1"
    assert newest(story).node == places[0].node
    growth.finish(story, places[0], " The\nbell.", Result("stop"))
    assert says(story) == "tide wrote n2: The bell."
    growth.finish(story, places[1], " It br", Result("cut_off", "It broke off."))
    assert says(story) == "tide wrote n3 (cut off): It br"
    growth.finish(story, places[2], "", Result("error", "The key is missing."))
    assert says(story) == "rope failed at n4: The key is missing."
    growth.finish(story, places[3], "", Result("empty"))
    assert says(story) == "rope wrote nothing (empty)"
    growth.request(story, 1, asked[:1], run={"id": "r1", "of": 2, "which": [0]})
    assert says(story) == "grew 1 of tide at n1 (run r1)"


def test_undo_and_redo_say_what_they_took_back_and_made_again(story: Story, branch: int) -> None:
    shape.prune(story, branch)
    history.undo(story)
    assert says(story) == "took back: pruned n2 +1"
    assert newest(story).node == branch
    history.redo(story)
    assert says(story) == "made again: pruned n2 +1"
    shape.restore(story, [branch])
    assert says(story) == "brought n2 back +1"


def test_what_a_purge_has_taken_is_not_said_any_more(story: Story, branch: int) -> None:
    marks.set_text(story, branch, "note", "a secret")
    shape.prune(story, branch)
    purging.purge(story, [branch])
    assert says(story) == "purged n2 for good, 2 passages"
    said = [told(log.step_of(story, each)) for each in log.operations(story)]
    assert not any("secret" in each or "gone" in each for each in said)
    assert "note at n2" in said
    assert "wrote n2" in said


def test_a_long_text_is_cut_and_a_hostile_one_is_inert(story: Story, branch: int) -> None:
    for text in (HOSTILE, "word " * 10_000):
        marks.set_text(story, branch, "note", text)
        said = says(story)
        assert len(said) < 120
        assert said.isprintable()
        assert "\u202e" not in said


_JUNK = st.recursive(
    st.none() | st.integers() | st.text(max_size=8) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_KEYS = ["place", "rev", "add", "pruned", "result", "chapters", "plan", "why", "tag:x", "lore:1",
         "setting:words", "title"]  # fmt: skip
_NAMES = ["weave", "to", "at", "keep", "of", "count", "parent", "setting", "gen", "nodes", "end",
          "name", "import"]  # fmt: skip


@given(
    st.sampled_from([*STEPS, "what nobody does"]),
    st.dictionaries(st.sampled_from(_NAMES), _JUNK) | _JUNK,
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(_KEYS), _JUNK, _JUNK), max_size=3),
    st.text(max_size=20),
)
def test_a_log_that_nobody_should_have_made_is_told_all_the_same(
    kind: str, data: Any, changes: list[tuple[int, str, Any, Any]], text: str
) -> None:
    spelled = [
        Change(owner, key, *(json.dumps(each) if isinstance(each, (list, dict)) else each
                             for each in (old, new)))
        for owner, key, old, new in changes
    ]  # fmt: skip
    inner = Step(Operation(1, 0, "s", "human", kind, None, data, (), b""), tuple(spelled),
                 (("m/" + text, 1),), text)  # fmt: skip
    outer = Operation(2, 0, "s", "human", "undo", 1, {}, (), b"")
    for step in (inner, Step(outer, meant=inner)):
        said = told(step)
        assert said
        assert "\n" not in said
        assert step.node >= 0
