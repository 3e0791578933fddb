"""The log as an author and as another program read it; its chain can be computed by anyone."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import storyloom
from storyloom.story import (
    check,
    growth,
    history,
    log,
    lore,
    marks,
    placing,
    purging,
    reading,
    shape,
    weaves,
)
from storyloom.story.growth import Asked, Result
from storyloom.story.log import Operation
from storyloom.story.origins import PASTE, Run
from storyloom.story.story import Story
from tests.story.trees import grown

MADE = Path(__file__).parent / "data" / "version-1.loom"


@pytest.fixture
def busy(story: Story) -> Story:
    """A story in which something of every kind was done."""
    node = shape.write_child(story, 1, 'One. Two é界🜁 "quoted" \\ and\ttab.\n')
    shape.edit(story, node, "One. Two, pasted.", (Run("human", 9), Run(PASTE, 8)))
    shape.split(story, node, 4)
    child = shape.write_child(story, node, "Three.")
    shape.join(story, child)
    places = growth.request(
        story,
        child,
        [Asked("m/one", {"prompt": "p"}, {"temperature": 0.7, "stop": ["\n", "é"]}),
         Asked("m/two", {"prompt": "q"}, {})],
        why="Why é?",
    )  # fmt: skip
    growth.finish(story, places[0], "Grown.", Result("stop", facts={"cost": 0.1, "in": 3}))
    growth.finish(story, places[1], "", Result("error", "The key is missing."))
    for key in ("why", "reason", "note", "label", "plan"):
        marks.set_text(story, child, key, f"The {key}.")
    marks.tag(story, child, "sea")
    marks.bookmark(story, child, "Here")
    marks.set_chapter(story, child, "One", 2)
    marks.set_setting(story, "temperature", 0.3)
    marks.set_text(story, 0, "premise", "A ferry.")
    lore.set_entry(story, {"title": "Salt", "order": 3, "probability": 12.5})
    weaves.set_weave(story, child, "dark")
    weaves.rename_weave(story, "dark", "light")
    weaves.delete_weave(story, "light")
    placing.copy(story, child, 1)
    placing.shift(story, reading.children(story, 1)[0], 1)
    for _ in range(3):
        history.undo(story)
    history.redo(story)
    cut = shape.write_child(story, 1, "Cut.")
    shape.prune(story, cut)
    shape.restore(story, [cut])
    return story


def recomputed(line: str) -> str:
    """An operation's hash from its line of JSON alone, by the rule that `act.chained` states."""

    def spelled(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    said = json.loads(line)
    head = [said["seq"], said["t"], said["session"], said["actor"], said["type"], said["reverts"],
            spelled(said["data"])]  # fmt: skip
    texts = [
        [each["rev"], each["node"], hashlib.sha256(each["text"].encode()).hexdigest(),
         spelled(each["runs"])]
        for each in said["texts"]
    ]  # fmt: skip
    generations = [
        # Parameters stand in the file as Python spells them, with spaces and escapes.
        [each["gen"], each["index"], each["model"], json.dumps(each["params"], sort_keys=True),
         each["request"]]
        for each in said["generations"]
    ]  # fmt: skip
    what = spelled([head, said["changes"], texts, generations])
    return hashlib.sha256(bytes.fromhex(said["prev"]) + what.encode()).hexdigest()


def chained(story: Story) -> int:
    """Recompute the whole chain from the log's lines, and return how many there are."""
    previous = ""
    count = 0
    for operation in log.operations(story):
        line = log.as_json(story, operation)
        assert "\n" not in line
        said = json.loads(line)
        assert said["v"] == 1
        assert said["prev"] == previous
        assert said["hash"] == operation.hash.hex() == recomputed(line)
        previous = said["hash"]
        count += 1
    return count


def test_the_chain_can_be_computed_from_the_lines_alone(busy: Story) -> None:
    assert check.check(busy).faults == []
    assert chained(busy) == reading.last_op(busy)


def test_the_chain_of_an_old_story_can_be_computed_too(path: Path) -> None:
    shutil.copyfile(MADE, path)
    with Story(path) as story:
        shape.write_child(story, 1, "More.")
        assert chained(story) == reading.last_op(story) > 80


def test_a_line_tells_all_that_was_done(busy: Story) -> None:
    (asked,) = [each for each in log.operations(busy) if each.kind == "gen.request"]
    said = json.loads(log.as_json(busy, asked))
    assert said["data"]["why"] == "Why é?"
    assert [(each["model"], each["params"]) for each in said["generations"]] == [
        ("m/one", {"temperature": 0.7, "stop": ["\n", "é"]}),
        ("m/two", {}),
    ]
    assert [key for _, key, _, _ in said["changes"]] == ["add", "add"]
    (edit,) = [each for each in log.operations(busy) if each.kind == "node.text"]
    said = json.loads(log.as_json(busy, edit))
    (text,) = said["texts"]
    assert (text["text"], text["runs"]) == ("One. Two, pasted.", [["human", 9], ["paste", 8]])
    assert said["changes"] == [[2, "rev", 2, text["rev"]]]
    (ended,) = [each for each in log.operations(busy) if each.kind == "gen.error"]
    assert (ended.actor, edit.actor) == ("model", "human")
    assert edit.session == busy.session


def test_operations_come_in_their_order_from_either_end(busy: Story) -> None:
    forward = list(log.operations(busy))
    last = reading.last_op(busy)
    assert [each.op for each in forward] == list(range(1, last + 1))
    assert list(log.operations(busy, newest=True)) == forward[::-1]
    assert list(log.operations(busy, after=last - 3)) == forward[-3:]
    assert list(log.operations(busy, after=last - 3, newest=True)) == forward[:-4:-1]
    assert list(log.operations(busy, after=last)) == []


def test_the_operations_of_one_node_are_those_that_changed_it(busy: Story) -> None:
    everything = list(log.operations(busy))
    owners = [row[0] for row in busy.read.execute("SELECT DISTINCT owner FROM change").fetchall()]
    for owner in (*owners, 99):
        expected = [each for each in everything if owner in each.nodes]
        assert list(log.operations(busy, node=owner)) == expected
        assert list(log.operations(busy, node=owner, newest=True)) == expected[::-1]
    kinds = [each.kind for each in log.operations(busy, node=0)]
    assert kinds[0] == "story.create"
    assert {"lore.set", "settings.set", "gen.result"} <= set(kinds)


def test_an_operation_of_very_many_nodes_names_the_first_of_them(story: Story) -> None:
    with story.act("node.create") as act:
        for number in range(60):
            act.add(1, f"b{number + 1:03}1", "x")
    (made,) = list(log.operations(story, after=reading.last_op(story) - 1))
    assert made.nodes == tuple(range(2, 22))
    assert [each.op for each in log.operations(story, node=61)] == [made.op]
    assert len(json.loads(log.as_json(story, made))["changes"]) == 60


def test_what_is_taken_back_and_made_again_is_named(story: Story) -> None:
    shape.write_child(story, 1, "One.")
    history.undo(story)
    history.redo(story)
    made, undone, redone = list(log.operations(story))[-3:]
    assert [each.kind for each in (made, undone, redone)] == ["node.create", "undo", "redo"]
    assert (made.reverts, undone.reverts, redone.reverts) == (None, made.op, undone.op)


def test_every_kind_of_operation_has_words_for_it(busy: Story) -> None:
    assert {each.kind for each in log.operations(busy)} <= set(log.STEPS)
    sources = Path(storyloom.__file__).parent.rglob("*.py")
    kinds: set[str] = set()
    for source in sources:
        kinds |= set(re.findall(r'\bact\(\s*"([a-z.]+)"', source.read_text()))
        kinds |= set(re.findall(r'kind = "(gen\.[a-z]+)"', source.read_text()))
    assert len(kinds) > 20
    assert kinds <= set(log.STEPS)


def texts(story: Story, node: int) -> list[tuple[str, str, bool]]:
    return [(each.kind, each.text, each.present) for each in log.versions(story, node)]


def test_the_versions_of_a_text_are_told_and_which_is_present(story: Story) -> None:
    node = shape.write_child(story, 1, "One.")
    shape.edit(story, node, "Two.")
    shape.edit(story, node, "Three.")
    expected = [("node.create", "One."), ("node.text", "Two."), ("node.text", "Three.")]
    assert texts(story, node) == [(*each, each[1] == "Three.") for each in expected]
    history.undo(story)
    assert texts(story, node) == [(*each, each[1] == "Two.") for each in expected]
    versions = log.versions(story, node)
    assert [each.op for each in versions] == sorted(each.op for each in versions)
    by_op = {each.op: each for each in log.operations(story)}
    assert all(each.time == by_op[each.op].time for each in versions)
    shape.split(story, node, 2)
    assert texts(story, node)[-1] == ("node.split", "o.", True)


def test_what_is_not_finished_or_not_there_has_no_versions(story: Story) -> None:
    (branch,) = growth.request(story, 1, [Asked("m", {"prompt": "p"})])
    growth.flush(story, {branch.rev: "So far"})
    assert log.versions(story, branch.node) == []
    growth.finish(story, branch, "Grown.", Result("stop"))
    assert texts(story, branch.node) == [("gen.result", "Grown.", True)]
    gone = shape.write_child(story, 1, "Gone.")
    history.undo(story)
    assert log.versions(story, gone) == log.versions(story, 99) == log.versions(story, 0) == []


def test_a_purged_operation_is_still_a_line(story: Story) -> None:
    (node,) = grown(story, 1, "Grown.", why="Why.")
    marks.set_text(story, node, "note", "A note.")
    shape.prune(story, node)
    purging.purge(story, [node])
    lines = [log.as_json(story, each) for each in log.operations(story)]
    assert not any(word in line for word in ("Grown", "A note") for line in lines)
    for line in lines:
        assert json.loads(line)["v"] == 1
    # Without the words, what was said of them cannot be computed any more.
    wrong = sum(recomputed(line) != json.loads(line)["hash"] for line in lines)
    assert wrong >= check.check(story).erased > 0


def test_a_line_can_be_written_to_any_file(story: Story) -> None:
    growth.request(story, 1, [Asked("m", {"prompt": "p"}, {"stop": ["\ud800"]})])
    for operation in log.operations(story):
        log.as_json(story, operation).encode()


def test_an_operation_is_a_value(busy: Story) -> None:
    first = next(log.operations(busy))
    assert isinstance(first, Operation)
    assert first == next(log.operations(busy))


def test_a_span_is_read_from_a_number_on_and_back_without_what_begins_a_run(busy: Story) -> None:
    everything = [each for each in log.operations(busy) if not each.kind.startswith("session.")]
    last = everything[-1].op
    assert log.span(busy, 1, last) == everything == log.span(busy, last + 1, -last)
    middle = everything[len(everything) // 2]
    at = everything.index(middle)
    assert log.span(busy, middle.op, 3) == everything[at : at + 3]
    assert log.span(busy, middle.op, -3) == everything[at - 3 : at]
    assert log.span(busy, last + 1, 3) == log.span(busy, 1, -3) == []
    assert any(each.kind == "session.start" for each in log.operations(busy))


def test_what_an_undo_took_back_and_a_redo_made_again_is_found(story: Story) -> None:
    shape.write_child(story, 1, "One.")
    history.undo(story)
    history.redo(story)
    made, undone, redone = list(log.operations(story))[-3:]
    assert {log.meant(story, each).op for each in (made, undone, redone)} == {made.op}
