"""A branch goes on with another token from its very place, and whose words it has stays known."""

import pytest

from storyloom.generate.branching import branch, ends, tokens_of
from storyloom.generate.joining import continuation
from storyloom.story import growth, history, log, purging, reading, shape
from storyloom.story.check import check
from storyloom.story.drawn import Drawn, DrawnToken
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.story.told import told
from storyloom.text import Refusal

OTHERS = ((" sank", -1.0), ("\n", -1.5), ("<|im_end|>", -2.0), (" fell", -2.5), ("ing", -3.0))


def drawn(story: Story, *tokens: str, lead: str = "", **body: object) -> tuple[int, Drawn]:
    """A branch of those tokens, all with the same alternatives."""
    text = lead + "".join(tokens)
    (place,) = growth.request(story, 1, [Asked("m/one", body or {"prompt": "p"})])
    placed: list[DrawnToken] = []
    end = len(lead)
    for token in tokens:
        placed.append(DrawnToken(end, end + len(token), -0.5, OTHERS))
        end += len(token)
    growth.finish(story, place, text, Result("stop", facts={"cost": 0.01}), placed)
    return place.node, tokens_of(story, place.node)


def text_of(story: Story, node: int) -> str:
    return reading.pieces(story, [node])[0].text


def test_it_has_the_beginning_and_the_alternative_and_stands_beside(story: Story) -> None:
    node, tokens = drawn(story, " It", " rose", ".")
    last = shape.write_child(story, 1, " Later.")
    made = branch(story, node, tokens, 1, 0)
    assert text_of(story, made) == " It sank"
    assert reading.children(story, 1) == [node, made, last]
    assert text_of(story, node) == " It rose."
    assert check(story).faults == []
    (step,) = log.span(story, reading.last_op(story), 1)
    assert told(log.step_of(story, step)) == f"took another token of n{node}, as n{made}: It sank"
    assert history.undo(story) == "node.branch"
    assert reading.children(story, 1) == [node, last]
    assert history.redo(story) == "node.branch"
    assert text_of(story, made) == " It sank"


def test_its_own_tokens_are_known_and_lead_back(story: Story) -> None:
    node, tokens = drawn(story, " It", " rose", ".")
    made = branch(story, node, tokens, 1, 0)
    found = tokens_of(story, made)
    assert found.tokens[0] == tokens.tokens[0]
    swapped = ((" rose", -0.5), *OTHERS[1:])
    assert found.tokens[1:] == (DrawnToken(3, 8, -1.0, swapped),)
    back = branch(story, made, found, 1, 0)
    assert text_of(story, back) == " It rose"
    first = branch(story, node, tokens, 0, 3)
    assert tokens_of(story, first).tokens[0][:3] == (0, 5, -2.5)
    for each in (made, back):
        shape.prune(story, each)
        purging.purge(story, [each])
    assert tokens_of(story, node) == tokens
    assert check(story).faults == []


def test_all_of_it_is_the_models_but_for_what_a_hand_wrote_before(story: Story) -> None:
    node, tokens = drawn(story, " It", " rose", ".")
    made = branch(story, node, tokens, 1, 0)
    (run,) = reading.pieces(story, [made])[0].runs
    assert (run.origin, run.length) == ("model:m/one", len(" It sank"))
    assert run.gen == reading.pieces(story, [node])[0].gen
    (card,) = reading.cards(story, [made])
    assert (card.model, card.edited) == ("m/one", False)
    assert growth.spent(story).dollars == pytest.approx(0.01)


@pytest.mark.parametrize(("before", "tokens", "lead", "other", "body", "text"), [
    ("The end.", (" It", " rose"), "", 0, {"prompt": "p"}, " sank"),
    ("The end. ", ("It", " rose"), "", 0, {"prompt": "p"}, "sank"),
    ("The end.", ("It", " rose"), " ", 0, {"messages": []}, " sank"),
    ("Go", ("es", " on"), "", 4, {"prompt": "p"}, "ing"),
    ("Go", ("es", " on"), " ", 4, {"messages": []}, " ing"),
    ("The end.", ("It", " rose"), "\n\n", 4, {"prompt": "p"}, "\n\ning"),
])  # fmt: skip
def test_at_its_beginning_the_seam_is_made_as_for_any_answer(
    story: Story,
    before: str,
    tokens: tuple[str, ...],
    lead: str,
    other: int,
    body: dict[str, object],
    text: str,
) -> None:
    shape.edit(story, 1, before)
    node, found = drawn(story, *tokens, lead=lead, **body)
    assert text_of(story, branch(story, node, found, 0, other)) == text
    assert continuation(before, text, "text", ended=True) == text
    assert check(story).faults == []


@pytest.mark.parametrize(("token", "other", "says"), [
    (3, 0, "has 3 tokens"), (-1, 0, "has 3 tokens"), (1, 5, "has 5 alternatives"),
    (0, 1, "only space"), (1, 2, "would have ended"),
])  # fmt: skip
def test_what_is_none_is_refused_and_changes_nothing(
    story: Story, token: int, other: int, says: str
) -> None:
    node, tokens = drawn(story, " It", " rose", ".")
    last = reading.last_op(story)
    with pytest.raises(Refusal, match=says):
        branch(story, node, tokens, token, other)
    assert reading.last_op(story) == last


def test_a_text_that_was_changed_or_cut_gives_no_branch(story: Story) -> None:
    node, tokens = drawn(story, " It", " rose", ".")
    shape.edit(story, node, " It sat.")
    with pytest.raises(Refusal, match="another text by now"):
        branch(story, node, tokens, 1, 0)
    found = tokens_of(story, node)
    assert not found.present
    with pytest.raises(Refusal, match="changed after the model wrote it"):
        branch(story, node, found, 1, 0)
    history.undo(story)
    shape.prune(story, node)
    with pytest.raises(Refusal, match="is pruned"):
        branch(story, node, tokens, 1, 0)
    with pytest.raises(Refusal, match="No tokens are kept with n1"):
        tokens_of(story, 1)


def test_a_branch_that_was_taken_back_is_purged_with_what_it_came_from(story: Story) -> None:
    node, tokens = drawn(story, " Purgedword", " rose", ".")
    branch(story, node, tokens, 1, 0)
    history.undo(story)
    shape.prune(story, node)
    purging.purge(story, [node])
    texts = story.read.execute("SELECT text FROM rev").fetchall()
    assert not [text for (text,) in texts if "Purgedword" in text]
    assert check(story).faults == []


def test_what_ends_an_answer_is_known() -> None:
    for each in ("<|im_end|>", "<|endoftext|>", "</s>", "<eos>", " <|eot_id|>"):
        assert ends(each)
    for each in (" the", "<", "<|", "|>", "<b>", ""):
        assert not ends(each)
