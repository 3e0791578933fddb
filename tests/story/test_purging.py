"""A purge takes words out of the file for good, leaves that they were there, and blocks nothing."""

import random
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from storyloom.story import (
    check,
    file,
    growth,
    history,
    log,
    marks,
    placing,
    purging,
    reading,
    rebuild,
    search,
    shape,
    tips,
    weaves,
)
from storyloom.story.growth import Asked, Result
from storyloom.story.purging import Purged
from storyloom.story.schema import GONE, PRUNED, PURGED
from storyloom.story.story import Story
from tests.story.trees import Plain, grown, planted, refused, step


def held(path: Path) -> list[bytes]:
    """All that a story's files hold, what is compressed in them too."""
    out = [each.read_bytes() for each in path.parent.iterdir() if each.is_file()]
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for (body,) in connection.execute("SELECT body FROM request WHERE length(body)"):
        out.append(zlib.decompress(body))
    connection.close()
    return out


def found_in(path: Path, words: list[str]) -> list[str]:
    """Those of some words that a story's files still hold, in either case."""
    everything = [each.lower() for each in held(path)]
    return [word for word in words if any(word.lower().encode() in each for each in everything)]


def erased(story: Story, *nodes: int) -> None:
    """Purge nodes, and scrub as the commands do."""
    for node in nodes:
        if not reading.cards(story, [node])[0].pruned:
            shape.prune(story, node)
    purging.purge(story, list(nodes))
    purging.scrub(story)


@pytest.fixture
def cut(story: Story) -> int:
    """A pruned branch with two more nodes below it."""
    top = shape.write_child(story, 1, "Top.")
    shape.write_child(story, top, "Below.")
    grown(story, top, "Grown.")
    shape.prune(story, top)
    return top


def test_what_a_purge_would_take_is_what_it_takes(story: Story, cut: int) -> None:
    last = reading.last_op(story)
    expected = purging.would_purge(story, [cut])
    assert expected == (3, len("Top.Below.Grown."))
    assert reading.last_op(story) == last
    assert purging.purge(story, [cut]) == expected
    assert reading.last_op(story) == last + 1


def test_a_branch_named_twice_or_inside_another_counts_once(story: Story, cut: int) -> None:
    inner = reading.children(story, cut)[0]
    shape.prune(story, inner)
    assert purging.would_purge(story, [inner, cut, cut]).nodes == 3
    assert purging.purge(story, [inner, cut, cut]).nodes == 3
    assert reading.pruned_children(story, 1) == []
    assert check.check(story).faults == []


def test_the_topmost_pruned_nodes_are_told(story: Story, cut: int) -> None:
    inner = reading.children(story, cut)[0]
    other = shape.write_child(story, 1, "Other.")
    cut_again = shape.write_child(story, other, "Cut again.")
    for node in (inner, cut_again):
        shape.prune(story, node)
    assert sorted(purging.pruned_roots(story)) == [cut, cut_again]
    assert purging.pruned_roots(story, other) == [cut_again]
    purging.purge(story, [cut])
    assert purging.pruned_roots(story) == [cut_again]


def test_only_what_is_pruned_is_purged(story: Story, cut: int) -> None:
    below = reading.children(story, cut)[0]
    for asked in (purging.would_purge, purging.purge):
        with refused(story, "n1 is not pruned; prune it first"):
            asked(story, [1])
        with refused(story, f"n{below} is not pruned"):
            asked(story, [cut, below])
        with refused(story, "no node n99"):
            asked(story, [99])
    purging.purge(story, [cut])
    with refused(story, f"no node n{cut}"):
        purging.purge(story, [cut])


@pytest.mark.parametrize("asked", [purging.would_purge, purging.purge])
def test_what_is_being_written_is_not_purged(
    story: Story, asked: Callable[[Story, list[int]], Purged]
) -> None:
    top = shape.write_child(story, 1, "Top.")
    (branch,) = growth.request(story, top, [Asked("m", {"prompt": "p"})])
    shape.prune(story, top)
    with refused(story, f"n{branch.node} is still being written"):
        asked(story, [top])
    growth.finish(story, branch, "Arrived.", Result("stop"))
    assert purging.purge(story, [top]) == (2, len("Top.Arrived."))
    assert check.check(story).faults == []


def test_a_purge_leaves_that_it_was(story: Story, cut: int) -> None:
    nodes = [cut, *Plain(story).all_below(cut)]
    purging.purge(story, [cut])
    last = next(log.operations(story, newest=True))
    assert (last.kind, last.data) == ("node.purge", {"nodes": [cut], "count": 3})
    assert set(last.nodes) == set(nodes)
    plain = Plain(story)
    for node in nodes:
        assert plain.flags[node] & (PURGED | GONE) == PURGED | GONE
        assert [version.text for version in log.versions(story, node)] == []
        assert list(log.operations(story, node=node))
    assert check.check(story).faults == []
    assert reading.below(story, [0, 1]) == {0: (1, 1), 1: (0, 0)}


WORDS = ("note", "why", "reason", "label")
NUMBERS = ("one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
           "fifteen sixteen").split()  # fmt: skip


def test_no_word_of_what_is_purged_stays_in_the_file(story: Story) -> None:
    stays = shape.write_child(story, 1, "Stayword.")
    top = shape.write_child(story, 1, "Oneword.")
    shape.edit(story, top, "Twoword.")
    history.undo(story)
    shape.edit(story, top, "Threeword and fourword.")
    shape.split(story, top, len("Threeword"))
    first = reading.pieces(story, [top])[0].node
    parent = shape.write_child(story, top, "Fiveword. ")
    child = shape.write_child(story, parent, "Sixword.")
    shape.join(story, child)
    shape.edit(story, child, "Sevenword. " * 2_000)
    for key in WORDS:
        marks.set_text(story, first, key, f"Old{key}word")
        marks.set_text(story, first, key, f"New{key}word")
    marks.tag(story, child, "eightword")
    marks.tag(story, child, "nineword")
    marks.tag(story, child, "nineword", on=False)
    marks.bookmark(story, child, "tenword")
    marks.set_chapter(story, child, "Elevenword", 2)
    marks.set_chapter(story, child, None, 2)
    (model,) = grown(story, child, "Twelveword.", why="thirteenword", prompt="fourteenword")
    shape.edit(story, model, "Fifteenword.")
    shape.write_child(story, model, "Sixteenword.")
    history.undo(story)
    copied = placing.copy(story, model, child)
    weaves.set_weave(story, model)
    top = reading.path(story, model)[1]
    words = [f"{number}word" for number in NUMBERS]
    words += [f"{age}{key}word" for age in ("old", "new") for key in WORDS]
    assert found_in(story.path, words) == words
    assert copied in Plain(story).all_below(top)
    erased(story, top)
    assert found_in(story.path, words) == []
    assert found_in(story.path, ["stayword"]) == ["stayword"]
    report = check.check(story)
    assert report.faults == []
    assert report.erased > 0
    assert tips.weave_tip(story) == 1
    assert reading.children(story, 1) == [stays]
    for word in words:
        assert search.search(story, word).hits == ()
    assert [hit.node for hit in search.search(story, "stayword").hits] == [stays]
    story.close()
    assert found_in(story.path, words) == []


def test_the_first_half_of_a_split_leaves_no_words_in_the_second(story: Story) -> None:
    node = shape.write_child(story, 1, "Firstword and secondword.")
    first = shape.split(story, node, len("Firstword"))
    placing.move(story, node, 1)
    erased(story, first)
    assert found_in(story.path, ["firstword"]) == []
    assert reading.strand_text(story, node) == "The sea was iron. and secondword."
    assert check.check(story).faults == []


def test_the_second_half_of_a_split_leaves_no_words_in_the_first(story: Story) -> None:
    node = shape.write_child(story, 1, "Firstword and secondword.")
    shape.split(story, node, len("Firstword"))
    erased(story, node)
    assert found_in(story.path, ["secondword"]) == []
    assert found_in(story.path, ["firstword"]) == ["firstword"]
    assert check.check(story).faults == []


def test_a_join_taken_back_leaves_no_words_of_the_parent_in_the_child(story: Story) -> None:
    parent = shape.write_child(story, 1, "Parentword. ")
    child = shape.write_child(story, parent, "Childword.")
    shape.join(story, child)
    history.undo(story)
    placing.move(story, child, 1)
    erased(story, parent)
    assert found_in(story.path, ["parentword"]) == []
    assert reading.strand_text(story, child) == "The sea was iron.Childword."
    assert check.check(story).faults == []


def test_the_why_of_a_batch_goes_though_its_branches_were_moved_away(story: Story) -> None:
    top = shape.write_child(story, 1, "Top.")
    (moved,) = grown(story, top, "Grown.", why="whyword")
    placing.move(story, moved, 1)
    erased(story, top)
    assert found_in(story.path, ["whyword"]) == []
    assert check.check(story).faults == []


def test_what_was_trimmed_off_a_branch_goes_and_why_it_failed(story: Story) -> None:
    top = shape.write_child(story, 1, "Top.")
    trimmed, failed = growth.request(story, top, [Asked("m", {"prompt": "Once"})] * 2)
    growth.finish(story, trimmed, "Grown.", Result("length", facts={"cut": "Trimmedword", "ms": 7}))
    growth.finish(story, failed, "Begun.", Result("error", "It says: faultword."))
    assert found_in(story.path, ["trimmedword", "faultword"]) == ["trimmedword", "faultword"]
    erased(story, top)
    assert found_in(story.path, ["trimmedword", "faultword"]) == []
    assert check.check(story).faults == []


def test_words_freed_before_a_purge_do_not_lie_about_after_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = file.open_writer

    def without_overwriting(where: Path, *, wal: bool) -> sqlite3.Connection:
        # As most SQLites are built; Debian's overwrites what it frees.
        connection = real(where, wal=wal)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr("storyloom.story.file.open_writer", without_overwriting)
    with Story.create(path, opening="Begin.") as story:
        top = shape.write_child(story, 1, "Top.")
        (branch,) = growth.request(story, top, [Asked("m", {"prompt": "promptword"})])
        for number in range(1, 40):
            growth.flush(story, {branch.rev: f"Streamword {number}. " * 20 * number})
        growth.finish(story, branch, "Streamword, at last.", Result("stop"))
        for number in range(60):
            shape.edit(story, top, f"Topword {number}. " * (1 + 7 * (number % 5)))
            marks.set_text(story, top, "note", f"Noteword {number}. " * 20)
        erased(story, top)
        words = ["topword", "noteword", "streamword", "promptword"]
        assert found_in(path, words) == []
        assert check.check(story).faults == []


def test_a_request_that_others_share_stays_and_one_sent_again_is_stored_again(
    story: Story,
) -> None:
    top = shape.write_child(story, 1, "Top.")
    (ours,) = grown(story, top, "Ours.", prompt="sharedword")
    (theirs,) = grown(story, 1, "Theirs.", prompt="sharedword")
    (alone,) = grown(story, top, "Alone.", prompt="loneword")
    gens = [reading.pieces(story, [node])[0].gen or 0 for node in (ours, theirs, alone)]
    erased(story, top)
    assert growth.request_of(story, gens[1]) == {"prompt": "sharedword"}
    assert growth.request_of(story, gens[2]) == {}
    (again,) = grown(story, 1, "Again.", prompt="loneword")
    sent = growth.request_of(story, reading.pieces(story, [again])[0].gen or 0)
    assert sent == {"prompt": "loneword"}
    assert check.check(story).faults == []
    erased(story, again, theirs)
    assert found_in(story.path, ["sharedword", "loneword"]) == []
    assert check.check(story).faults == []


def test_undo_passes_over_what_touched_the_purged(story: Story) -> None:
    before = shape.write_child(story, 1, "Before.")
    top = shape.write_child(story, 1, "Top.")
    shape.edit(story, top, "Top, again.")
    weaves.set_weave(story, top)
    after = shape.write_child(story, 1, "After.")
    erased(story, top)
    assert history.undo(story) == "node.create"
    assert reading.children(story, 1) == [before]
    assert history.undo(story) == "node.create"
    assert history.undo(story) is None
    assert [history.redo(story), history.redo(story)] == ["node.create", "node.create"]
    assert reading.children(story, 1) == [before, after]
    assert check.check(story).faults == []


def undone_to_the_end(story: Story) -> int:
    """Take back all that can be; a step that is refused fails the test."""
    steps = 0
    while history.undo(story) is not None:
        steps += 1
        assert steps < 1_000
    return steps


def test_undo_passes_over_a_move_out_of_what_is_purged(story: Story) -> None:
    top = shape.write_child(story, 1, "Top.")
    below = shape.write_child(story, top, "Below.")
    placing.move(story, below, 1)
    erased(story, top)
    undone_to_the_end(story)
    assert check.check(story).faults == []


def test_undo_passes_over_a_split_of_which_one_half_is_purged(story: Story) -> None:
    node = shape.write_child(story, 1, "First. Second.")
    shape.edit(story, node, "First. Second, again.")
    first = shape.split(story, node, 7)
    placing.move(story, node, 1)
    erased(story, first)
    undone_to_the_end(story)
    assert check.check(story).faults == []


def test_undo_passes_over_what_was_made_below_the_purged(story: Story) -> None:
    top = shape.write_child(story, 1, "Top.")
    other = shape.write_child(story, 1, "Other.")
    below = shape.write_child(story, top, "Below.")
    shape.edit(story, below, "Below, again.")
    placing.move(story, below, other)
    shape.edit(story, below, "Below, at last.")
    history.undo(story)
    erased(story, top)
    undone_to_the_end(story)
    while history.redo(story) is not None:
        pass
    assert check.check(story).faults == []


@pytest.mark.parametrize("seed", range(6))
def test_undo_never_gets_stuck_after_any_purge(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Story.create(path, opening="The sea was iron. It was cold.") as story:
        for _ in range(60):
            step(story, chance)
        plain = Plain(story)
        pruned = [node for node in plain.alive() if plain.flags[node] & PRUNED]
        if pruned:
            purging.purge(story, pruned)
        assert check.check(story).faults == []
        undone_to_the_end(story)
        while history.redo(story) is not None:
            pass
        assert check.check(story).faults == []
        assert rebuild.rebuild(path, path.with_name("again.loom")) == len(Plain(story).flags)


def test_a_purged_story_can_be_rebuilt(story: Story, cut: int) -> None:
    joined = shape.write_child(story, shape.write_child(story, 1, "Parent. "), "Child.")
    shape.join(story, joined)
    marks.tag(story, joined, "sea")
    erased(story, cut, joined)
    target = story.path.with_name("again.loom")
    assert rebuild.rebuild(story.path, target) == len(Plain(story).flags)
    with Story(target) as again:
        report = check.check(again)
        assert report.faults == []
        assert report.erased == check.check(story).erased > 0
        assert reading.below(again, [0]) == reading.below(story, [0])


def test_a_purge_of_thousands_is_counted_and_leaves_a_sound_story(path: Path) -> None:
    with planted(path, [1, *range(2, 1_500)], "deepword") as story:
        plain = Plain(story)
        shape.prune(story, 600)
        count = plain.below(600)[1] + 1
        assert purging.would_purge(story, [600]) == (count, count * len("deepword"))
        erased(story, 600)
        assert reading.below(story, [0, 1]) == {0: (599, 599), 1: (598, 598)}
        assert check.check(story).faults == []


def test_halves_that_were_put_together_again_by_undo_leave_no_words(story: Story) -> None:
    node = shape.write_child(story, 1, "Firstword and secondword.")
    shape.split(story, node, len("Firstword"))
    history.undo(story)
    erased(story, node)
    assert found_in(story.path, ["firstword", "secondword"]) == []
    assert check.check(story).faults == []


def test_a_copy_that_was_taken_back_leaves_no_words(story: Story) -> None:
    node = shape.write_child(story, 1, "Copiedword.")
    marks.set_text(story, node, "note", "Noteword.")
    placing.copy(story, node, 1)
    history.undo(story)
    erased(story, node)
    assert found_in(story.path, ["copiedword", "noteword"]) == []
    assert check.check(story).faults == []


def test_a_step_is_passed_over_that_would_leave_no_beginning(tmp_path: Path) -> None:
    with Story.create(tmp_path / "story.loom", opening="One.") as story:
        second = shape.write_sibling(story, 1, "Two.")
        shape.keep_only(story, second)
        purging.purge(story, [1])
        assert history.undo(story) is None
        assert reading.children(story, 0) == [second]
        assert history.undoable(story) is None
