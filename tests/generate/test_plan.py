"""Which models a fork is grown with."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.generate.parts import part_of, parts_of, said
from storyloom.generate.plan import (
    Plan,
    in_force,
    of_model,
    plan_for,
    prose_words,
    sampled,
    set_plan,
    settings_for,
    take,
    typed,
    with_count,
    with_models,
)
from storyloom.models.weights import EMBEDDED
from storyloom.settings import SKETCH, PlanPart, Preset, Settings, vary_for
from storyloom.story import history, marks, placing, shape
from storyloom.story.story import Story
from storyloom.text import Refusal


def parts(*models: str, count: int = 1) -> tuple[PlanPart, ...]:
    return tuple(PlanPart(model, count) for model in models)


def test_the_nearest_plan_is_in_force_and_says_where_it_is_from(story: Story) -> None:
    here = shape.write_child(story, 1, " One.")
    below = shape.write_child(story, here, " Two.")
    beside = shape.write_child(story, 1, " Other.")
    nothing = plan_for(story, below, Settings(count=4))
    assert nothing.parts == (PlanPart(EMBEDDED, 4),)
    configured = Settings(plan=parts("from-config"))
    assert plan_for(story, below, configured).source == "the config file's"
    set_plan(story, 0, parts("from-story"))
    assert plan_for(story, below, configured).source == "the story's own"
    set_plan(story, here, parts("from-node"))
    assert plan_for(story, below, configured).parts == parts("from-node")
    assert plan_for(story, below, configured).source == f"set at n{here}"
    assert plan_for(story, beside, configured).parts == parts("from-story")
    set_plan(story, here, None)
    assert plan_for(story, below, configured).parts == parts("from-story")


def test_a_plan_on_a_node_alone_counts_below_it_alone(story: Story) -> None:
    here = shape.write_child(story, 1, " One.")
    set_plan(story, here, parts("from-node"))
    assert plan_for(story, 1, Settings(plan=parts("from-config"))).source == "the config file's"


def test_setting_a_plan_can_be_undone(story: Story) -> None:
    set_plan(story, 1, parts("one"))
    set_plan(story, 1, parts("two"))
    history.undo(story)
    assert plan_for(story, 1, Settings()).parts == parts("one")


def test_settings_of_the_story_go_before_the_config_files(story: Story) -> None:
    configured = Settings(words=80, temperature=1.2, context=9_000)
    assert settings_for(story, configured) == configured
    marks.set_setting(story, "words", 120)
    marks.set_setting(story, "temperature", 0)
    assert settings_for(story, configured) == Settings(words=120, temperature=0.0, context=9_000)
    marks.set_setting(story, "words", None)
    assert settings_for(story, configured).words == 80


def test_each_setting_is_inherited_by_itself_and_says_where_it_is_from(story: Story) -> None:
    here = shape.write_child(story, 1, " One.")
    below = shape.write_child(story, here, " Two.")
    beside = shape.write_child(story, 1, " Other.")
    configured = Settings(words=80, top_p=0.9)
    marks.set_setting(story, "words", 120)
    marks.set_setting(story, "temperature", 1.5, here)
    marks.set_setting(story, "trim", 0, here)
    marks.set_setting(story, "words", 40, below)
    assert [
        (each.name, each.value, each.source) for each in in_force(story, configured, below)
    ] == [
        ("words", 40, f"set at n{below}"),
        ("temperature", 1.5, f"set at n{here}"),
        ("top_p", 0.9, "the config file's"),
        ("seed", None, "as nothing else is set"),
        ("trim", False, f"set at n{here}"),
        ("alternatives", None, "as nothing else is set"),
        ("context", 16_000, "as nothing else is set"),
        ("vary", "", "as nothing else is set"),
    ]
    assert settings_for(story, configured, below) == Settings(
        words=40, temperature=1.5, top_p=0.9, trim=False
    )
    assert settings_for(story, configured, beside) == Settings(words=120, top_p=0.9)
    marks.set_setting(story, "temperature", None, here)
    assert settings_for(story, configured, below).temperature is None
    history.undo(story)
    assert settings_for(story, configured, below).temperature == 1.5


def test_a_setting_goes_where_its_node_goes(story: Story) -> None:
    here = shape.write_child(story, 1, " One.")
    other = shape.write_child(story, 1, " Other.")
    below = shape.write_child(story, other, " Two.")
    marks.set_setting(story, "words", 200, here)
    assert settings_for(story, Settings(), below).words == 60
    placing.move(story, other, here)
    assert settings_for(story, Settings(), below).words == 200


def test_what_a_node_cannot_set_is_refused(story: Story) -> None:
    for key, value, owner in (("cap", 5, 1), ("count", 3, 1), ("words", 50, 99), ("seed", -1, 1)):
        with pytest.raises(Refusal):
            marks.set_setting(story, key, value, owner)
    assert settings_for(story, Settings(), 1) == Settings()


def test_a_value_of_a_file_from_elsewhere_that_cannot_be_is_passed_over(story: Story) -> None:
    with story.act("settings.set") as act:
        act.node(1)
        for key, value in (("words", 7), ("temperature", "hot"), ("seed", 5)):
            act.change(1, f"setting:{key}", value)
    assert settings_for(story, Settings(), 1) == Settings(seed=5)


def test_a_preset_is_taken_in_one_step_and_leaves_what_it_does_not_name(story: Story) -> None:
    marks.set_setting(story, "words", 200, 1)
    marks.set_setting(story, "seed", 5, 1)
    preset = Preset("dry", parts("one", "two"), {"words": 40, "temperature": 0.0, "trim": False})
    take(story, 1, preset)
    assert plan_for(story, 1, Settings()).parts == parts("one", "two")
    assert settings_for(story, Settings(), 1) == Settings(
        words=40, temperature=0.0, trim=False, seed=5
    )
    assert history.undo(story) == "plan.set"
    assert plan_for(story, 1, Settings()).owner is None
    assert settings_for(story, Settings(), 1) == Settings(words=200, seed=5)
    set_plan(story, 1, parts("three"))
    take(story, 1, Preset("wild", values={"temperature": 1.6}))
    assert plan_for(story, 1, Settings()).parts == parts("three")
    with pytest.raises(Refusal, match="no node n99"):
        take(story, 99, preset)


HOT = PlanPart("two", 2, {"temperature": 1.4, "words": 30})


def test_what_a_model_has_of_its_own_goes_before_what_holds_for_all(story: Story) -> None:
    set_plan(story, 1, (PlanPart("one"), HOT))
    found = plan_for(story, 1, Settings())
    assert found.parts == (PlanPart("one"), HOT)
    marks.set_setting(story, "temperature", 0.5)
    marks.set_setting(story, "top_p", 0.9)
    one, two = (of_model(settings_for(story, Settings(), 1), part) for part in found.parts)
    assert (one.temperature, one.words, one.top_p) == (0.5, 60, 0.9)
    assert (two.temperature, two.words, two.top_p) == (1.4, 30, 0.9)
    assert of_model(Settings(), HOT, words=20).words == 20


def test_a_plan_is_stored_as_it_always_was_where_no_model_has_a_value(story: Story) -> None:
    set_plan(story, 1, (PlanPart("one"), HOT))
    stored = story.read.execute("SELECT value FROM attr WHERE key = 'plan'").fetchone()[0]
    assert json.loads(stored) == [["one", 1], ["two", 2, {"temperature": 1.4, "words": 30}]]


def test_a_value_of_a_models_own_from_elsewhere_that_cannot_be_is_passed_over(story: Story) -> None:
    wrong = {"temperature": "hot", "top_p": 0.5, "words": 7, "cap": 3}
    with story.act("plan.set") as act:
        act.node(1)
        act.change(1, "plan", json.dumps([["one", 2, wrong], ["two", 1, 5]]))
    assert plan_for(story, 1, Settings()).parts == (
        PlanPart("one", 2, {"top_p": 0.5}),
        PlanPart("two", 1),
    )


@pytest.mark.parametrize(
    ("stored", "parts"),
    [
        ('[["one", 2, {"words": 30}, "later"], [3, 1], ["two", 10], ["three"], 7, ["four", 1]]',
         (PlanPart("one", 2, {"words": 30}), PlanPart("four"))),
        ("no plan", ()),
        ('{"one": 2}', ()),
        ("[]", ()),
        (5, ()),
    ],
)  # fmt: skip
def test_a_plan_from_elsewhere_is_read_as_far_as_it_is_one(
    story: Story, stored: object, parts: tuple[PlanPart, ...]
) -> None:
    with story.act("plan.set") as act:
        act.node(1)
        act.change(1, "plan", stored)
    configured = Settings(plan=(PlanPart("from-config"),))
    assert plan_for(story, 1, configured).parts == (parts or configured.plan)


def test_other_counts_and_models_leave_what_a_model_has_of_its_own() -> None:
    plan = Plan((PlanPart("one"), HOT))
    assert {part.model: part.values for part in with_count(plan, 5)}["two"] == HOT.values
    assert with_models(plan, [("three", 1), ("two", 4)]) == (
        PlanPart("three"),
        PlanPart("two", 4, HOT.values),
    )
    twice = Plan((PlanPart("one", 1, {"words": 30}), PlanPart("one", 1, {"words": 40})))
    assert with_models(twice, [("one", 1), ("one", 1)]) == twice.parts


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("openai/a", PlanPart("openai/a", 3)),
        (" my  own model ", PlanPart("my  own model", 3)),
        ("openai/a x2", PlanPart("openai/a", 2)),
        ("openai/a temperature=0.9", PlanPart("openai/a", 3, {"temperature": 0.9})),
        ("my model x1 words=80 top_p=1", PlanPart("my model", 1, {"words": 80, "top_p": 1.0})),
        ("openai/a temperature=", PlanPart("openai/a", 3)),
        ("x2", PlanPart("x2", 3)),
    ],
)
def test_a_model_is_written_with_its_number_and_its_own_values(text: str, part: PlanPart) -> None:
    assert part_of(text, 3) == part
    again = f"{part.model} x{part.count} {said(part.values)}"
    assert part_of(again) == replace(part, model=" ".join(part.model.split()))


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ((" ",), "cannot be empty"),
        (("a x0",), "1 to 9 branches, not 0"),
        (("a x5", "b x5"), "1 to 9 branches at once, not 10"),
        (("a heat=1",), "no 'heat' of its own"),
        (("a temperature=hot",), "temperature has to be a number"),
        (("a words=5",), "words has to be from 20 to 600"),
    ],
)
def test_a_model_that_is_written_wrongly_is_refused(texts: tuple[str, ...], says: str) -> None:
    with pytest.raises(Refusal, match=says):
        parts_of(texts, 1)


def test_a_model_named_twice_is_one_unless_it_has_other_values() -> None:
    assert parts_of(["a", "b", "a x2"], 1) == (PlanPart("a", 3), PlanPart("b"))
    apart = parts_of(["a words=30", "a words=40"], 1)
    assert [part.values["words"] for part in apart] == [30, 40]


def test_what_a_branch_is_drawn_with_holds_only_what_is_set() -> None:
    assert sampled(Settings(), 160) == {"max_tokens": 160}
    some = Settings(temperature=0.0, top_p=0.5, seed=2**31 - 1)
    assert sampled(some, 9) == {
        "max_tokens": 9, "temperature": 0.0, "top_p": 0.5, "seed": 2**31 - 1,
    }  # fmt: skip
    assert sampled(some, 9, 2)["seed"] == 1


@pytest.mark.parametrize("wrong", [(), parts("one", count=10), parts("one", "two", count=5)])
def test_a_plan_asks_for_1_to_9_branches(story: Story, wrong: tuple[PlanPart, ...]) -> None:
    with pytest.raises(Refusal, match="1 to 9 branches"):
        set_plan(story, 1, wrong)


def test_a_plan_needs_a_node(story: Story) -> None:
    with pytest.raises(Refusal, match="no node n99"):
        set_plan(story, 99, parts("one"))


def test_a_label_is_safe_for_a_screen() -> None:
    plan = Plan((PlanPart("openai/gpt\x1b[31m", 2), PlanPart("local/smollm2", 1)))
    assert plan.label == "gpt\u241b[31m x2 + smollm2 x1"


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(-3, 20))
def test_any_count_is_shared_out(counts: list[int], total: int) -> None:
    plan = Plan(tuple(PlanPart(f"m{index}", count) for index, count in enumerate(counts)))
    shared = with_count(plan, total)
    wanted = max(1, min(9, total))
    assert sum(part.count for part in shared) == wanted
    assert all(part.count > 0 for part in shared)
    names = [part.model for part in shared]
    assert names == [part.model for part in plan.parts if part.model in names]
    assert len(shared) == min(len(counts), wanted)


def said_at(story: Story, node: int, name: str) -> tuple[str, str]:
    """How the value of a setting reads, and where it comes from."""
    (found,) = [each for each in in_force(story, Settings(), node) if each.name == name]
    return found.said, found.source


def test_lengths_have_names_and_are_typed_as_they_are_shown(story: Story) -> None:
    assert [typed("words", text) for text in ("sketch", "Beat", " scene ", "80", "")] == [
        SKETCH,
        60,
        300,
        80,
        None,
    ]
    marks.set_setting(story, "words", typed("words", "sketch"), 1)
    shown, _ = said_at(story, 1, "words")
    assert shown == "sketch, 2 lines"
    assert typed("words", shown) == SKETCH
    with pytest.raises(Refusal, match="or sketch, beat or scene"):
        typed("words", "novel")
    with pytest.raises(Refusal, match="has to be a number"):
        typed("temperature", "sketch")


def test_the_length_of_prose_below_sketches_is_the_nearest_that_is_none(story: Story) -> None:
    here = shape.write_child(story, 1, " One.")
    below = shape.write_child(story, here, " Two.")
    marks.set_setting(story, "words", SKETCH, below)
    assert prose_words(story, Settings(), below) == 60
    assert prose_words(story, Settings(words=90), below) == 90
    assert prose_words(story, Settings(words=SKETCH), below) == 60
    marks.set_setting(story, "words", 200)
    assert prose_words(story, Settings(words=90), below) == 200
    marks.set_setting(story, "words", SKETCH)
    assert prose_words(story, Settings(words=90), below) == 90
    marks.set_setting(story, "words", 150, 1)
    assert prose_words(story, Settings(), below) == 150
    marks.set_setting(story, "words", SKETCH, here)
    assert prose_words(story, Settings(), below) == 150


def test_what_branches_differ_in_is_inherited_until_it_is_turned_off(story: Story) -> None:
    here = shape.write_child(story, 1, " One.")
    below = shape.write_child(story, here, " Two.")
    marks.set_setting(story, "vary", typed("vary", "Tone: dry / tender"))
    assert said_at(story, below, "vary") == ("Tone: dry / tender", "the story's own")
    marks.set_setting(story, "vary", typed("vary", "none"), here)
    assert said_at(story, below, "vary") == ("none", f"set at n{here}")
    assert vary_for(settings_for(story, Settings(), below).vary, 0) == ""
    marks.set_setting(story, "vary", typed("vary", ""), here)
    assert settings_for(story, Settings(), below).vary == "Tone: dry / tender"
    with pytest.raises(Refusal, match="'none' is off"):
        typed("vary", "tone")


def test_branches_take_the_values_in_turn() -> None:
    vary = "tone: dry / tender / afraid"
    assert [vary_for(vary, index) for index in range(4)] == [
        "tone: dry",
        "tone: tender",
        "tone: afraid",
        "tone: dry",
    ]
    assert vary_for("", 1) == vary_for("None", 1) == ""


def test_a_preset_may_ask_for_sketches_that_differ(story: Story) -> None:
    take(story, 1, Preset("out", values={"words": SKETCH, "vary": "tone: dry / tender"}))
    found = settings_for(story, Settings(), 1)
    assert (found.words, found.vary) == (SKETCH, "tone: dry / tender")
    assert history.undo(story) == "plan.set"
    assert settings_for(story, Settings(), 1) == Settings()
