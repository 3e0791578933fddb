"""The verbs of the command node."""

import argparse
import json
from pathlib import Path

import pytest

from storyloom.cli.main import grammar
from storyloom.generate.plan import set_plan
from storyloom.settings import PlanPart
from storyloom.story import growth
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from tests.cli.conftest import Run
from tests.cli.test_changing import text, tree


def options(*words: str) -> tuple[object, dict[str, object]]:
    """Return what a command calls and what each of its options is when nothing is said."""
    parser: argparse.ArgumentParser = grammar()[0]
    for word in words:
        (subparsers,) = (
            each for each in parser._actions if isinstance(each, argparse._SubParsersAction)
        )
        parser = subparsers.choices[word]
    told = {
        each.dest: (each.option_strings, each.default, each.type, each.choices, each.required)
        for each in parser._actions
    }
    return parser.get_default("run"), told


@pytest.mark.parametrize(
    "name", ["write", "edit", "split", "join", "prune", "keep", "restore", "note"]
)
def test_a_short_form_is_the_same_command(name: str) -> None:
    assert options(name) == options("node", name)


def test_verbs_change_the_tree_as_their_short_forms_do(run: Run, tide: str) -> None:
    assert run("node", "write", tide, "--node", "n4", "--text", "It was late.").out == "n5\n"
    assert run("node", "edit", tide, "--node", "n5", "--text", " It was early.").code == 0
    assert run("node", "split", tide, "--node", "n5", "--before", "early").out == "n6\n"
    assert run("node", "join", tide, "--node", "n5").out == "n5\n"
    assert text(tide, 5) == " It was early."
    run("node", "keep", tide, "--node", "n2")
    run("node", "restore", tide, "--below", "n1")
    run("node", "prune", tide, "--node", "n3")
    run("node", "note", tide, "--node", "n2", "--text", "eels: too cute?")
    assert run("note", tide, "--node", "n2").out == "eels: too cute?\n"
    assert tree(run, tide) == [
        "* n1 H  The tide went out and did not come back.  [1 pruned]",
        "  n2 H  She walked after it.",
        "  n4 H  Far out she saw it.",
        "  n5 H  It was early.",
    ]


def test_join_with_the_child_prints_the_node_that_holds_both(run: Run, tide: str) -> None:
    ran = run("join", tide, "--node", "n2", "--with", "child")
    assert (ran.out, ran.err) == ("n4\n", "n4 holds both texts.\n")
    assert text(tide, 4) == " She walked after it. Far out she saw it."
    assert "Nothing goes on from n4" in run("join", tide, "--node", "4", "--with", "child").err
    assert "no node n99" in run("join", tide, "--node", "99", "--with", "child").err


def test_move_hangs_a_node_elsewhere_or_puts_it_elsewhere_in_its_fork(run: Run, tide: str) -> None:
    run("node", "move", tide, "--node", "n4", "--to", "n3")
    assert run("node", "children", tide, "--node", "n3").out == "n4  Far out she saw it.\n"
    run("node", "move", tide, "--node", "n4", "--before", "n2")
    assert [line.split()[0] for line in children(run, tide)] == ["n4", "n2", "n3"]
    run("node", "move", tide, "--node", "n4", "--after", "n3")
    assert [line.split()[0] for line in children(run, tide)] == ["n2", "n3", "n4"]
    run("node", "move", tide, "--node", "n4", "--up", "2")
    assert [line.split()[0] for line in children(run, tide)] == ["n4", "n2", "n3"]
    run("node", "move", tide, "--node", "n4", "--down")
    assert [line.split()[0] for line in children(run, tide)] == ["n2", "n4", "n3"]
    ran = run("node", "move", tide, "--node", "n2", "--up")
    assert (ran.code, ran.err) == (0, "n2 is the first branch of its fork already.\n")
    assert run("node", "move", tide, "--node", "n1", "--to", "n3").code == 2
    assert run("node", "move", tide, "--node", "n2").code == 2
    assert run("node", "move", tide, "--node", "n2", "--up", "--to", "n3").code == 2
    assert run("node", "move", tide, "--node", "n2", "--up", "0").code == 2


def children(run: Run, story: str) -> list[str]:
    return run("node", "children", story, "--node", "n1").out.splitlines()


def test_copy_prints_the_id_of_the_copy(run: Run, tide: str) -> None:
    ran = run("node", "copy", tide, "--node", "n2", "--to", "n3")
    assert (ran.code, ran.out) == (0, "n5\n")
    assert ran.err == "n5 is the copy of n2 with 1 below it.\n"
    assert text(tide, 6) == " Far out she saw it."
    assert run("node", "copy", tide, "--node", "n2", "--to", "n99").code == 2


def test_children_are_those_of_a_node_or_of_the_story(run: Run, tide: str) -> None:
    assert run("node", "children", tide).out == "n1  The tide went out and did not come back.\n"
    assert children(run, tide) == [
        "n2  She walked after it.",
        "n3  He stayed. The bell rang twice.",
    ]
    run("prune", tide, "--node", "n3")
    assert children(run, tide) == ["n2  She walked after it."]
    pruned = run("node", "children", tide, "--node", "n1", "--pruned").out
    assert pruned == "n3  He stayed. The bell rang twice.\n"
    assert run("node", "children", tide, "--node", "n99").code == 2


def test_show_says_what_there_is_and_nothing_else(run: Run, tide: str) -> None:
    assert run("node", "show", tide, "--node", "n2").out == (
        "node: n2\ndepth: 2\nparent: n1\nchildren: n4\nauthor: human\ncharacters: 21 human\n"
        "below: 1 node\n\n She walked after it.\n"
    )
    run("node", "tag", tide, "--node", "n2", "--add", "sea", "--add", "the  bell")
    run("node", "bookmark", tide, "--node", "n2")
    run("chapter", tide, "--node", "n2", "--title", "Low bells")
    run("weave", tide, "--node", "n2")
    for kind in ("note", "why", "reason", "label"):
        run("note", tide, "--node", "n2", "--kind", kind, "--text", f"My {kind}.")
    run("prune", tide, "--node", "n4")
    shown = run("node", "show", tide, "--node", "n2").out.splitlines()
    assert shown[3:-2] == [
        "pruned children: n4",
        "author: human",
        "characters: 21 human",
        "state: on the weave",
        "chapters: 'Low bells'",
        "tags: sea, the bell",
        "bookmark: yes",
        "note: My note.",
        "why: My why.",
        "reason: My reason.",
        "label: My label.",
        "below: 0 nodes, and 1 pruned",
    ]
    run("prune", tide, "--node", "n2")
    assert "state: pruned, pruned with n2" in run("node", "show", tide, "--node", "n4").out
    assert run("node", "show", tide, "--node", "n99").code == 2


def test_show_as_json_has_every_fact_as_it_is(run: Run, tide: str, folder: Path) -> None:
    with Story(folder / tide) as story:
        set_plan(story, 0, (PlanPart("openai/one", 1),))
        (place,) = growth.request(story, 4, [Asked("openai/one", {"prompt": "x"})])
        growth.finish(story, place, " Éels\u200b, 門.", Result("cut_off", "", {"out": 3}))
    run("node", "bookmark", tide, "--node", "5", "--name", "where it\nturns")
    ran = run("node", "show", tide, "--node", "5", "--json")
    assert ran.out.isascii()
    assert json.loads(ran.out) == {
        "id": 5,
        "depth": 4,
        "parent": 4,
        "children": [],
        "pruned_children": [],
        "author": "model:openai/one",
        "model": "openai/one",
        "edited": False,
        "origins": {"model:openai/one": 10},
        "between": None,
        "result": {"finish": "cut_off", "out": 3},
        "sketch": False,
        "vary": None,
        "woven": False,
        "pruned": False,
        "hidden_by": None,
        "streaming": False,
        "chapters": [],
        "tags": [],
        "bookmark": "where it turns",
        "note": None,
        "why": None,
        "reason": None,
        "label": None,
        "below": {"shown": 0, "whole": 0},
        "tokens": 0,
        "text": " Éels\u200b, 門.",
    }
    run("edit", tide, "--node", "4", "--text", " 門.")
    assert '"text": " 門."' in run("node", "show", tide, "--node", "4", "--json").out


def test_every_earlier_text_is_shown(run: Run, tide: str) -> None:
    run("edit", tide, "--node", "2", "--text", " She ran after it.")
    run("edit", tide, "--node", "2", "--text", " She crept after it.")
    shown = run("node", "show", tide, "--node", "2", "--versions").out
    assert [line for line in shown.splitlines() if line.startswith(" ")] == [
        " She walked after it.",
        " She ran after it.",
        " She crept after it.",
    ]
    assert shown.count("-- text ") == 3
    assert "text 3 of 3: an edit, " in shown
    ran = run("node", "show", tide, "--node", "2", "--versions", "--json")
    found = json.loads(ran.out)["versions"]
    assert [each["type"] for each in found] == ["node.create", "node.text", "node.text"]
    assert [each["present"] for each in found] == [False, False, True]
    assert found[2]["text"] == " She crept after it."


def test_tags_are_given_listed_and_taken_away(run: Run, tide: str) -> None:
    run("node", "tag", tide, "--node", "2", "--add", "sea", "--add", "the bell")
    assert run("node", "tag", tide, "--node", "2").out == "sea\nthe bell\n"
    run("node", "tag", tide, "--node", "2", "--remove", "sea")
    assert run("node", "tag", tide, "--node", "2").out == "the bell\n"
    assert run("node", "tag", tide, "--node", "2", "--add", " ").code == 2
    assert run("node", "tag", tide, "--node", "99").code == 2


def test_a_bookmark_is_set_and_taken_away(run: Run, tide: str) -> None:
    run("node", "bookmark", tide, "--node", "3", "--name", "where it turns")
    listed = run("nodes", tide, "--bookmarks").out
    assert listed == "n3  [where it turns] He stayed. The bell rang twice.\n"
    run("node", "bookmark", tide, "--node", "3", "--remove")
    assert run("nodes", tide, "--bookmarks").out == ""
    assert run("node", "bookmark", tide, "--node", "99").code == 2
