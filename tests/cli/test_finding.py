"""The commands nodes and find."""

from pathlib import Path

import pytest

from storyloom.cli import finding
from storyloom.story import shape
from storyloom.story.story import Story
from tests.cli.conftest import Run


def ids(run: Run, *arguments: str) -> list[str]:
    ran = run("nodes", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return [line.split(" ", 1)[0] for line in ran.out.splitlines()]


def test_nodes_are_listed_with_their_first_words(run: Run, tide: str) -> None:
    assert run("nodes", tide).out.splitlines() == [
        "n1  The tide went out and did not come back.",
        "n2  She walked after it.",
        "n4  Far out she saw it.",
        "n3  He stayed. The bell rang twice.",
    ]
    assert ids(run, tide, "--below", "n2") == ["n2", "n4"]


def test_leaves_and_forks_come_in_the_order_of_the_tree(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_PAGE", 2)
    with Story.create(folder / "a.loom", opening="Once.") as story:
        for parent in (1, 1, 2, 2, 3, 3):
            shape.write_child(story, parent, " More.")
    assert ids(run, "a", "--leaves") == ["n4", "n5", "n6", "n7"]
    assert ids(run, "a", "--forks") == ["n1", "n2", "n3"]
    assert ids(run, "a", "--leaves", "--below", "n3") == ["n6", "n7"]
    assert ids(run, "a", "--forks", "--below", "n7") == []


def test_pruned_tagged_and_bookmarked_nodes_are_listed(run: Run, tide: str) -> None:
    for node in ("2", "3", "4"):
        run("node", "tag", tide, "--node", node, "--add", "the se\u0301a")
    run("node", "bookmark", tide, "--node", "3")
    run("prune", tide, "--node", "2")
    assert ids(run, tide, "--pruned") == ["n2"]
    assert ids(run, tide, "--pruned", "--below", "3") == []
    assert ids(run, tide, "--tag", "the  s\u00e9a") == ["n2", "n3", "n4"]
    assert ids(run, tide, "--tag", "the séa", "--below", "2") == ["n2", "n4"]
    assert ids(run, tide, "--tag", "other") == []
    assert ids(run, tide, "--bookmarks") == ["n3"]
    assert run("nodes", tide, "--leaves", "--forks").code == 2
    assert run("nodes", tide, "--leaves", "--below", "99").code == 2


def test_words_are_found_wherever_they_were_said_in_the_order_of_the_tree(
    run: Run, tide: str
) -> None:
    run("about", tide, "--title", "The Bell")
    run("chapter", tide, "--node", "4", "--title", "Low bells")
    run("note", tide, "--node", "3", "--text", "Too many bells?")
    run("node", "tag", tide, "--node", "2", "--add", "bell")
    run("lore", "set", tide, "--title", "The bell", "--key", "ring")
    run("prune", tide, "--node", "3")
    assert run("find", tide, "BELL").out.splitlines() == [
        "story lore:1 The bell ring",
        "story title The Bell",
        "n2 tag bell",
        "n4 chapter Low bells",
        "n3 note [pruned] Too many bells?",
        "n3 text [pruned] He stayed. The bell rang twice.",
    ]
    assert run("find", tide, "bell", "stayed").out.splitlines() == [
        "n3 text [pruned] He stayed. The bell rang twice."
    ]
    assert run("find", tide, "--below", "n2", "bell").out == "n2 tag bell\nn4 chapter Low bells\n"


def test_nothing_found_is_exit_code_1_and_more_is_said(run: Run, tide: str) -> None:
    ran = run("find", tide, "zork")
    assert (ran.code, ran.out) == (1, "")
    assert run("find", tide, "...").code == 1
    ran = run("find", tide, "it", "-n", "1")
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert ran.err == "There are more; these are the first 1 that were written.\n"
    assert run("find", tide, "it", "-n", "0").code == 2
    assert run("find", tide).code == 2
    assert run("find", tide, "it", "--below", "99").code == 2


def test_what_is_shown_begins_shortly_before_the_words(run: Run, tide: str) -> None:
    run("write", tide, "--text", "much " * 100 + "then a bell rang" + " and so on" * 50)
    run("write", tide, "--text", "much" * 100 + " bell")
    *_, long, last = run("find", tide, "bell").out.splitlines()
    assert long.startswith("n5 text …much much much much then a bell rang and so on")
    assert last == "n6 text …bell"
    assert max(map(len, run("find", tide, "much").out.splitlines())) <= 100
