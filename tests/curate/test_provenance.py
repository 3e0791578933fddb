"""Whose characters a weave has, and whose were ever put in, as recorded sessions tell it."""

import json
from pathlib import Path

import pytest

from storyloom.curate.provenance import provenance
from storyloom.exchange.importing import bring_in
from storyloom.exchange.sessions import MODEL, PROMPT
from storyloom.story import history, marks, shape, tips, weaves
from storyloom.story.origins import HUMAN, model_origin
from storyloom.story.story import Story
from tests.story.trees import grown

SESSIONS = Path(__file__).parents[3] / "shared" / "data" / "coauthor"
NAMES = sorted(path.stem for path in SESSIONS.glob("*.jsonl"))
WHOSE = {"prompt": PROMPT, "user": HUMAN, "api": model_origin(MODEL)}


@pytest.mark.skipif(not NAMES, reason="the recorded sessions are not here")
@pytest.mark.parametrize("name", NAMES)
def test_a_real_session_has_the_counts_of_its_oracle(tmp_path: Path, name: str) -> None:
    expected = json.loads((SESSIONS / "expected.json").read_text())[name]
    with Story(bring_in(SESSIONS / f"{name}.jsonl", tmp_path).path) as story:
        found = provenance(story, tips.weave_tip(story)).whole
    for who, count in expected["surviving_chars"].items():
        assert found.surviving.get(WHOSE[who], 0) == count
    for who, count in expected["inserted_chars"].items():
        assert found.inserted[WHOSE[who]] == count
    assert found.length == expected["final_len"]
    share = found.human_inserted
    assert share is not None
    assert round(100 * share) == expected["published"]["written_by_human"]


@pytest.fixture
def story(tmp_path: Path):
    with Story.create(tmp_path / "story.loom", title="Salt", opening="The sea was iron.") as made:
        yield made


def test_what_was_typed_and_cut_is_put_in_but_not_there(story: Story) -> None:
    shape.edit(story, 1, "The sea was iron and salt.")
    shape.edit(story, 1, "The sea was iron.")
    whole = provenance(story, 1).whole
    assert whole.surviving == {HUMAN: 17}
    assert whole.inserted == {HUMAN: 17 + len(" and salt")}


def test_moving_splitting_joining_and_undoing_put_nothing_in(story: Story) -> None:
    (node,) = grown(story, 1, " Nobody spoke.")
    weaves.set_weave(story, node)
    before = provenance(story, node).whole.inserted
    shape.split(story, node, 4)
    shape.join(story, node)
    history.undo(story)
    history.redo(story)
    tip = tips.weave_tip(story)
    assert provenance(story, tip).whole.inserted == before


def test_a_models_words_that_were_rewritten_were_put_in_by_it(story: Story) -> None:
    (node,) = grown(story, 1, " Nobody spoke.")
    shape.edit(story, node, " Nobody sang.")
    whole = provenance(story, node).whole
    # A full stop between changed words is the author's, as in every edit.
    assert whole.inserted == {HUMAN: 17 + len("sang."), "model:m/one": 14}
    assert whole.surviving == {HUMAN: 17 + len("sang."), "model:m/one": len(" Nobody ")}


def test_chapters_add_up_to_the_whole(story: Story) -> None:
    one = shape.write_child(story, 1, " First part. Second part.")
    two = shape.write_child(story, one, " Third.")
    marks.set_chapter(story, one, "One")
    marks.set_chapter(story, one, "Two", 12)
    found = provenance(story, two)
    assert [part.title for part in found.chapters] == ["", "One", "Two"]
    assert [part.length for part in found.chapters] == [17, 12, 20]
    assert (
        sum(part.inserted.get(HUMAN, 0) for part in found.chapters) == found.whole.inserted[HUMAN]
    )


def test_nothing_has_no_provenance(story: Story) -> None:
    found = provenance(story, 0)
    assert (found.whole.length, found.whole.human_inserted, found.chapters) == (0, None, [])
