"""The commands new, about, tree and read, and check of one file."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from storyloom.settings import INHERITED
from storyloom.story import shape
from storyloom.story.story import Story
from tests.cli.conftest import Run

HOSTILE = "evil\x1b]0;title\x07\x9b31m\u202e\u200b"


def test_new_makes_a_private_file_and_refuses_to_replace_one(run: Run, folder: Path) -> None:
    ran = run("new", "tide", "--opening", "The tide went out.", "--title", "Tide")
    assert (ran.code, ran.out) == (0, "")
    assert stat.S_IMODE((folder / "tide.loom").stat().st_mode) == 0o600
    again = run("new", "tide.loom", "--opening", "Other.")
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert run("read", "tide").out == "The tide went out.\n"


def test_an_opening_may_come_from_a_file(run: Run, folder: Path) -> None:
    (folder / "first.txt").write_bytes("\ufeffThe tide\r\nwent out.\n".encode())
    assert run("new", "tide", "--opening-file", "first.txt").code == 0
    assert run("read", "tide").out == "The tide\nwent out.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--opening", " \n "], "opening is empty"),
        (["--opening-file", "none.txt"], "none.txt cannot be read"),
        (["--opening-file", "."], "not a file"),
        (["--opening-file", "binary"], "not text in UTF-8"),
        ([], "required"),
        (["--opening", "a", "--opening-file", "b"], "not allowed"),
    ],
)
def test_an_opening_that_is_none_is_refused(
    run: Run, folder: Path, arguments: list[str], said: str
) -> None:
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    ran = run("new", "tide", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert not (folder / "tide.loom").exists()


def test_the_tree_has_one_line_a_node_and_marks_the_weave(run: Run, tide: str) -> None:
    run("weave", tide, "--node", "4")
    run("chapter", tide, "--node", "2", "--title", "Low bells")
    assert run("tree", tide).out.splitlines() == [
        "* n1 H  The tide went out and did not come back.",
        "* + n2 H  She walked after it.  [chapter 'Low bells']",
        "*   n4 H  Far out she saw it.",
        "  + n3 H  He stayed. The bell rang twice.",
    ]
    assert run("tree", tide, "--node", "n2").out.count("\n") == 2
    assert run("tree", tide, "--node", "9").code == 2


def test_pruned_branches_are_counted_or_listed(run: Run, tide: str) -> None:
    run("prune", tide, "--node", "3")
    assert "[1 pruned]" in run("tree", tide).out
    assert "n3" not in run("tree", tide).out
    assert "x + n3 H  He stayed." in run("tree", tide, "--pruned").out


def test_the_full_tree_has_whole_texts(run: Run, tide: str) -> None:
    long = "word " * 200 + "end."
    run("write", tide, "--text", long)
    assert long not in run("tree", tide).out
    assert long in run("tree", tide, "--full").out


def test_a_long_chain_stays_readable(run: Run, folder: Path) -> None:
    with Story.create(folder / "deep.loom", opening="Once.") as story:
        node = 1
        for number in range(300):
            shape.write_child(story, node, f" Aside {number}.")
            node = shape.write_child(story, node, f" Step {number}.")
    lines = run("tree", "deep.loom").out.splitlines()
    assert len(lines) == 601
    assert max(map(len, lines)) <= 100
    assert all(" Step " in line or "Aside" in line or "Once" in line for line in lines)


def test_nothing_hostile_reaches_the_output(run: Run, folder: Path) -> None:
    run("new", "evil", "--opening", HOSTILE, "--title", HOSTILE, "--premise", HOSTILE)
    run("write", "evil", "--text", HOSTILE)
    run("chapter", "evil", "--node", "1", "--title", HOSTILE)
    run("note", "evil", "--node", "1", "--text", HOSTILE)
    run("plan", "set", "evil", "-m", HOSTILE)
    run("node", "tag", "evil", "--node", "1", "--add", HOSTILE)
    run("node", "bookmark", "evil", "--node", "1", "--name", HOSTILE)
    run("weave", "evil", "--name", HOSTILE, "--node", "1")
    run("lore", "set", "evil", "--title", HOSTILE, "--key", HOSTILE, "--content", HOSTILE)
    for arguments in (
        ("tree", "evil"),
        ("tree", "evil", "--full"),
        ("read", "evil"),
        ("about", "evil"),
        ("chapter", "evil"),
        ("note", "evil", "--node", "1"),
        ("plan", "show", "evil"),
        ("export", "evil", "-o", "-"),
        ("export", "evil"),
        ("check", "evil"),
        ("node", "show", "evil", "--node", "1", "--versions"),
        ("node", "show", "evil", "--node", "1", "--json"),
        ("node", "children", "evil"),
        ("node", "tag", "evil", "--node", "1"),
        ("node", "tag", "evil", "--node", "1", "--remove", HOSTILE),
        ("nodes", "evil", "--bookmarks"),
        ("find", "evil", "evil"),
        ("weave", "evil", "--list"),
        ("weave", "evil", "--name", HOSTILE, "--rename", f"{HOSTILE}2"),
        ("weave", "evil", "--name", HOSTILE, "--delete"),
        ("lore", "evil"),
        ("lore", "show", "evil", "1"),
        ("lore", "show", "evil", HOSTILE),
        ("log", "evil"),
        ("log", "evil", "--json", "--all"),
        ("backup", "evil", "-o", HOSTILE),
        ("tree", HOSTILE),
        (HOSTILE,),
    ):
        ran = run(*arguments)
        for stream in (ran.out, ran.err):
            assert not {c for c in stream if c != "\n" and (c < " " or "\x7f" <= c < "\xa0")}
    (folder / HOSTILE).unlink()
    assert all(name.isascii() for name in map(str, folder.iterdir()))


def test_read_prints_the_weave_or_a_strand(run: Run, tide: str) -> None:
    run("weave", tide, "--node", "4")
    run("chapter", tide, "--node", "2", "--title", "Low bells")
    weave = "The tide went out and did not come back.\n\n\nLow bells\n\nShe walked after it. Far "
    assert run("read", tide).out == weave + "out she saw it.\n"
    assert run("read", tide, "--node", "3").out.endswith("He stayed. The bell rang twice.\n")
    assert run("read", tide, "--node", "9").code == 2


def test_about_shows_and_sets(run: Run, tide: str) -> None:
    inherited = "".join(f"{key}: (from the config file)\n" for key in (*INHERITED, "cap"))
    assert run("about", tide).out == f"title: tide\npremise: (none)\nstyle: (none)\n{inherited}"
    run("about", tide, "--title", "The Tide", "--style", "Plain.")
    assert run("about", tide).out.startswith("title: The Tide\npremise: (none)\nstyle: Plain.\n")
    run("about", tide, "--style", "")
    assert "style: (none)" in run("about", tide).out


def test_about_shows_and_sets_the_storys_own_settings(run: Run, tide: str) -> None:
    ran = run("about", tide, "--words", "90", "--temperature", "0.5", "--trim", "no")
    assert ran.err.splitlines()[0] == "The setting words is the story's own now."
    shown = run("about", tide).out.splitlines()[3:8]
    assert shown[:2] == ["words: 90", "temperature: 0.5"]
    assert shown[4] == "trim: no"
    ran = run("about", tide, "--words", "", "--temperature", "1")
    assert "The setting words comes from the config file again." in ran.err
    shown = run("about", tide).out.splitlines()[3:5]
    assert shown == ["words: (from the config file)", "temperature: 1.0"]
    for wrong in (
        ["--words", "x"],
        ["--words", "60.5"],
        ["--words", "19"],
        ["--temperature", "hot"],
        ["--temperature", "nan"],
        ["--top-p", "0"],
        ["--seed", "-1"],
        ["--trim", "perhaps"],
        ["--context", "1"],
    ):
        ran = run("about", tide, "--title", "Not this", *wrong)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert run("about", tide).out.startswith("title: tide\n")


def test_check_says_what_is_wrong_and_changes_nothing(run: Run, tide: str, folder: Path) -> None:
    assert "all is well" in run("check", tide).out
    with sqlite3.connect(folder / tide) as db:
        db.execute("UPDATE node SET parent = 3 WHERE id = 4")
    db.close()
    before = (folder / tide).read_bytes()
    ran = run("check", tide)
    assert ran.code == 1
    assert "n4" in ran.out
    assert (folder / tide).read_bytes() == before


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write to anything"
)
def test_a_read_only_story_can_be_read_and_is_not_changed(
    run: Run, tide: str, folder: Path
) -> None:
    (folder / tide).chmod(0o400)
    assert run("read", tide).code == 0
    ran = run("prune", tide, "--node", "2")
    assert ran.code == 2
    assert "read-only" in ran.err
