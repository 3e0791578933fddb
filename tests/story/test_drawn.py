"""Tokens are kept with the text they were drawn for, verified, copied, saved and purged with it."""

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.story import check, drawn, growth, history, purging, rebuild, recovery, shape
from storyloom.story.drawn import Drawn, DrawnToken, drawn_at, dumped, loaded
from storyloom.story.growth import Asked, Placeholder, Result
from storyloom.story.story import Story
from tests.story.wrecks import forged

TEXT = " It rose."
TOKENS = (
    DrawnToken(0, 3, -0.25, ((" She", -1.5), ("\n", -2.0))),
    DrawnToken(3, 8, -3.0),
    DrawnToken(8, 9, -0.001, (("!", -7.5),)),
)


def placed(story: Story, parent: int = 1, prompt: str = "p") -> Placeholder:
    (branch,) = growth.request(story, parent, [Asked("m/one", {"prompt": prompt})])
    return branch


def written(story: Story, parent: int = 1, text: str = TEXT) -> int:
    """A branch of a model's with its tokens."""
    branch = placed(story, parent)
    growth.finish(story, branch, text, Result("stop"), TOKENS)
    return branch.node


def faults(story: Story) -> list[str]:
    return check.check(story).faults


def test_a_branch_has_its_tokens_and_others_have_none(story: Story) -> None:
    node = written(story)
    found = drawn_at(story, node)
    assert found is not None
    assert found == Drawn(found.rev, TEXT, TOKENS, True)
    without = placed(story)
    growth.finish(story, without, TEXT, Result("stop"))
    assert drawn_at(story, without.node) is drawn_at(story, 1) is drawn_at(story, 99) is None
    assert faults(story) == []


def test_an_edit_leaves_them_with_the_text_they_are_of(story: Story) -> None:
    node = written(story)
    shape.edit(story, node, " It sank.")
    found = drawn_at(story, node)
    assert found is not None
    assert (found.text, found.present) == (TEXT, False)
    history.undo(story)
    assert (found := drawn_at(story, node)) is not None
    assert found.present
    half = shape.split(story, node, 3)
    assert drawn_at(story, half) is None
    assert (found := drawn_at(story, node)) is not None
    assert not found.present


def test_a_branch_that_was_taken_for_dead_gets_them_with_its_text(story: Story) -> None:
    branch = placed(story)
    growth.finish(story, branch, " It", Result("interrupted"), TOKENS[:1])
    assert (found := drawn_at(story, branch.node)) is not None
    assert len(found.tokens) == 1
    growth.finish(story, branch, TEXT, Result("stop"), TOKENS)
    found = drawn_at(story, branch.node)
    assert found is not None
    assert found == Drawn(found.rev, TEXT, TOKENS, True)
    assert faults(story) == []


NAMED = f"hash = x'{drawn.digest(dumped(TOKENS)).hex()}'"


EMPTIED = f"UPDATE request SET body = x'' WHERE {NAMED}"
DELETED = f"DELETE FROM request WHERE {NAMED}"
OTHER = f"UPDATE request SET body = x'789c030000000001' WHERE {NAMED}"


@pytest.mark.parametrize(
    ("statement", "what"),
    [(EMPTIED, "missing"), (DELETED, "missing"), (OTHER, "not what was stored")],
)
def test_a_check_finds_tokens_that_are_gone_or_others(
    path: Path, story: Story, statement: str, what: str
) -> None:
    written(story)
    story.close()
    assert check.check_file(path).faults == []
    forged(path, "request", statement)
    assert [fault for fault in check.check_file(path).faults if what in fault]


@pytest.mark.parametrize("statement", [DELETED, OTHER])
def test_a_story_is_saved_without_tokens_that_are_lost(
    path: Path, story: Story, statement: str
) -> None:
    node = written(story)
    story.close()
    forged(path, "request", statement)
    target = path.with_name("saved.loom")
    recovery.recover(path, target)
    with Story(target) as made:
        assert drawn_at(made, node) is None
        assert faults(made) == []


def test_they_are_in_a_rebuilt_a_copied_and_a_recovered_story(path: Path, story: Story) -> None:
    node = written(story)
    story.close()
    for make in (rebuild.rebuild, rebuild.back_up, recovery.recover):
        target = path.with_name(f"{make.__name__}.loom")
        make(path, target)
        with Story(target) as made:
            assert (found := drawn_at(made, node)) is not None
            assert (found.tokens, faults(made)) == (TOKENS, [])


def test_a_purge_takes_them_unless_another_text_has_the_same(story: Story) -> None:
    first, second = written(story), written(story)
    other = placed(story, prompt="other")
    secret = (DrawnToken(0, 3, -1.0, ((" Purgedword", -2.0),)),)
    growth.finish(story, other, TEXT, Result("stop"), secret)
    for node in (first, other.node):
        shape.prune(story, node)
        purging.purge(story, [node])
    purging.scrub(story)
    assert (found := drawn_at(story, second)) is not None
    assert found.tokens == TOKENS
    assert drawn_at(story, other.node) is None
    assert faults(story) == []
    bodies = story.read.execute("SELECT body FROM request WHERE length(body)").fetchall()
    assert not [body for (body,) in bodies if b"Purgedword" in zlib.decompress(body)]
    shape.prune(story, second)
    purging.purge(story, [second])
    assert drawn_at(story, second) is None
    assert written(story), "and they can be drawn again"
    assert faults(story) == []


@given(
    st.binary(max_size=40) | st.from_regex(rb"\A\[1,\[(\[[-0-9,]{0,12}(\"a\",-1)?\],?){0,3}\]\]\Z")
)
def test_bytes_of_any_kind_give_tokens_that_fit_the_text_or_none(body: bytes) -> None:
    end = 0
    for token in loaded(body, 10):
        assert end <= token.start < token.end <= 10
        assert token.logprob <= 0
        end = token.end


def test_what_is_dumped_is_loaded() -> None:
    assert loaded(dumped(TOKENS), len(TEXT)) == TOKENS
    assert loaded(dumped(TOKENS), len(TEXT) - 1) == (), "of another text"
    odd = (DrawnToken(0, 1, -1.0, (("\ud83d\x1b", -1.0),)),)
    assert loaded(dumped(odd), 1)[0].others == (("\ufffd␛", -1.0),)


@pytest.mark.parametrize(("size", "left"), [(1, 20), (25, 4), (120, 0)])
def test_what_would_be_too_large_loses_alternatives_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, size: int, left: int
) -> None:
    monkeypatch.setattr(drawn, "_LARGEST", 40_000)
    others = tuple((chr(97 + number) * size, -1.0) for number in range(20))
    many = tuple(DrawnToken(at, at + 1, -1.0, others) for at in range(110))
    found = loaded(dumped(many), 110)
    assert [len(token.others) for token in found] == [left] * 110
