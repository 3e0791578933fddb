"""The commands that change a story, and those that take it back."""

import json
import re
import sys
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.cli.main import main
from storyloom.story import origins, reading
from storyloom.story.story import Story
from tests.cli.conftest import Run

TREE = [
    "* n1 H  The tide went out and did not come back.",
    "  + n2 H  She walked after it.",
    "    n4 H  Far out she saw it.",
    "  + n3 H  He stayed. The bell rang twice.",
]


def tree(run: Run, story: str) -> list[str]:
    return run("tree", story).out.splitlines()


def text(story: str, node: int) -> str:
    with Story(Path(story)) as opened:
        return reading.pieces(opened, [node])[0].text


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let $EDITOR be a Python program; its file's path is in `path`."""
    script = folder / "an editor.py"
    script.write_text(f"import os, pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{program}\n")
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{script}'")


def test_the_tree_that_was_written(run: Run, tide: str) -> None:
    assert tree(run, tide) == TREE


def test_write_gives_the_new_nodes_id_and_joins_with_a_space(run: Run, tide: str) -> None:
    assert run("write", tide, "--text", "New.").out == "n5\n"
    assert text(tide, 5) == " New."
    run("write", tide, "--text", "\nNew line.")
    assert text(tide, 6) == "\nNew line."
    assert run("write", tide, "--node", "2", "--beside", "--text", "Beside.").out == "n7\n"
    assert tree(run, tide)[2:4] == ["    n4 H  Far out she saw it.", "  + n7 H  Beside."]
    assert run("write", tide, "--text", "  ").code == 2
    assert run("write", tide, "--node", "99", "--text", "x").code == 2


def test_edit_replaces_a_text_and_keeps_its_space(run: Run, tide: str, folder: Path) -> None:
    run("edit", tide, "--node", "n2", "--text", " She ran after it.")
    assert text(tide, 2) == " She ran after it."
    (folder / "new.txt").write_text("She crept after it.\n")
    run("edit", tide, "--node", "n2", "--text-file", "new.txt")
    assert text(tide, 2) == " She crept after it."
    assert "as it was" in run("edit", tide, "--node", "n2", "--text", " She crept after it.").err


def test_edit_in_the_editor(
    run: Run, tide: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    editor(
        folder,
        monkeypatch,
        "assert 'OPENAI_API_KEY' not in os.environ\n"
        "assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0\n"
        "path.write_text(path.read_text().replace('walked', 'ran'))",
    )
    ran = run("edit", tide, "--node", "2")
    assert (ran.code, ran.out) == (0, "")
    assert text(tide, 2) == " She ran after it."
    with Story(Path(tide)) as story:
        assert origins.by_origin(reading.pieces(story, [2])[0].runs) == {"human": 18}


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        ("", 0, "as it was"),
        ("sys.exit(3)", 2, "code 3; nothing was changed"),
        ("path.write_bytes(b'\\xff')", 2, "UTF-8"),
        ("path.unlink()", 2, ""),
    ],
)
def test_an_editor_that_changes_nothing_or_fails(
    run: Run, tide: str, folder: Path, monkeypatch: pytest.MonkeyPatch,
    program: str, code: int, said: str,
) -> None:  # fmt: skip
    editor(folder, monkeypatch, program)
    ran = run("edit", tide, "--node", "2")
    assert ran.code == code
    assert said in ran.err
    assert text(tide, 2) == " She walked after it."


def test_without_an_editor_there_is_a_hint(
    run: Run, tide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run("edit", tide, "--node", "2")
    assert ran.code == 2
    assert "EDITOR" in ran.err
    monkeypatch.setenv("EDITOR", "/no/such/editor")
    assert "cannot be started" in run("edit", tide, "--node", "2").err


def test_split_and_join_are_each_others_inverse(run: Run, tide: str) -> None:
    assert run("split", tide, "--node", "3", "--before", "The bell").out == "n5\n"
    assert [text(tide, node) for node in (5, 3)] == [" He stayed. ", "The bell rang twice."]
    run("join", tide, "--node", "3")
    assert text(tide, 3) == " He stayed. The bell rang twice."
    assert run("split", tide, "--node", "3", "--at", "4").code == 0
    assert text(tide, 3) == "stayed. The bell rang twice."
    assert run("split", tide, "--node", "3", "--at", "0").code == 2
    assert run("split", tide, "--node", "3", "--before", "nowhere").code == 2
    assert "fork" in run("join", tide, "--node", "2").err


def test_prune_keep_and_restore(run: Run, tide: str) -> None:
    run("prune", tide, "--node", "n2")
    assert tree(run, tide) == [f"{TREE[0]}  [1 pruned]", TREE[3].replace("  + ", "  ")]
    run("restore", tide, "--node", "2")
    assert tree(run, tide) == TREE
    assert "1 beside it is pruned" in run("keep", tide, "--node", "2").err
    assert run("restore", tide, "--below", "1").code == 0
    assert tree(run, tide) == TREE
    assert run("restore", tide, "--below", "1").code == 2
    assert run("prune", tide, "--node", "1").code == 2


def test_undo_and_redo_go_across_commands(run: Run, tide: str) -> None:
    run("prune", tide, "--node", "2")
    run("split", tide, "--node", "3", "--at", "4")
    run("weave", tide, "--node", "3")
    after = tree(run, tide)
    ran = run("undo", tide, "-n", "3")
    assert ran.err.splitlines() == [
        "Undone: where a weave leads.",
        "Undone: a split.",
        "Undone: a pruning.",
    ]
    assert tree(run, tide) == TREE
    assert run("redo", tide, "-n", "9").err.splitlines()[-1] == "There is nothing more to redo."
    assert tree(run, tide) == after
    assert run("redo", tide).code == 2
    assert run("undo", tide, "-n", "100").code == 0
    assert run("undo", tide).code == 2
    assert tree(run, tide) == TREE[:1]


def test_the_weave_is_led_and_listed(run: Run, tide: str) -> None:
    run("weave", tide, "--node", "4")
    assert run("weave", tide).out == "n1\nn2\nn4\n"
    assert "goes on from it to n4" in run("weave", tide, "--node", "2").err
    run("prune", tide, "--node", "3")
    assert run("weave", tide, "--node", "3").code == 2


def test_chapters_are_marked_listed_and_taken_away(run: Run, tide: str) -> None:
    run("weave", tide, "--node", "4")
    run("chapter", tide, "--node", "2", "--title", "Low bells")
    run("chapter", tide, "--node", "4", "--at", "5", "--title", "")
    assert run("chapter", tide).out == "n2  1. Low bells\nn4  2.\n"
    run("chapter", tide, "--node", "2", "--remove")
    assert run("chapter", tide).out == "n4  1.\n"
    assert run("chapter", tide, "--node", "2").code == 2
    assert run("chapter", tide, "--title", "x").code == 2
    assert run("chapter", tide, "--node", "2", "--at", "900", "--title", "x").code == 2


def test_notes(run: Run, tide: str) -> None:
    run("note", tide, "--node", "2", "--text", "eels: too cute?")
    run("note", tide, "--node", "2", "--kind", "label", "--text", "Take the boat")
    assert run("note", tide, "--node", "2").out == "eels: too cute?\n"
    assert run("note", tide, "--node", "2", "--kind", "label").out == "Take the boat\n"
    run("note", tide, "--node", "2", "--text", "")
    assert run("note", tide, "--node", "2").out == ""
    assert run("note", tide, "--node", "99").code == 2


def test_plans_are_set_shown_and_inherited(run: Run, tide: str) -> None:
    assert run("plan", "show", tide).out.splitlines()[0] == "3  local/smollm2"
    run("plan", "set", tide, "-m", "openai/a", "-m", "openai/b", "-m", "openai/a", "-n", "2")
    run("plan", "set", tide, "--node", "2", "-m", "openai/c")
    assert run("plan", "show", tide).out.splitlines()[:2] == ["4  openai/a", "2  openai/b"]
    shown = run("plan", "show", tide, "--node", "4")
    assert (shown.out.splitlines()[0], shown.err) == ("1  openai/c", "From: set at n2.\n")
    run("plan", "clear", tide, "--node", "2")
    assert run("plan", "show", tide, "--node", "4").err == "From: the story's own.\n"
    assert run("plan", "set", tide, "-m", "openai/a", "-n", "10").code == 2
    assert run("plan", "set", tide, "-m", " ").code == 2
    assert run("plan", "set", tide, "-m", "openai/a", "-n", "0").code == 2


def test_settings_are_set_at_a_node_shown_with_where_they_come_from_and_cleared(
    run: Run, tide: str
) -> None:
    run("about", tide, "--words", "90")
    assert run("plan", "set", tide, "--node", "2", "--temperature", "1.1", "--trim", "no").code == 0
    shown = run("plan", "show", tide, "--node", "4").out.splitlines()[1:]
    assert [re.split(r" {2,}", line) for line in shown] == [
        ["words", "90", "the story's own"],
        ["temperature", "1.1", "set at n2"],
        ["top_p", "the model's own", "as nothing else is set"],
        ["seed", "the model's own", "as nothing else is set"],
        ["trim", "no", "set at n2"],
        ["alternatives", "5, embedded only", "as nothing else is set"],
        ["context", "16000", "as nothing else is set"],
        ["vary", "none", "as nothing else is set"],
    ]
    found = json.loads(run("plan", "show", tide, "--node", "4", "--json").out)
    assert found["models"] == [{"model": "local/smollm2", "count": 3, "own": {}}]
    assert found["settings"]["temperature"] == {"value": 1.1, "source": "set at n2"}
    assert found["settings"]["trim"] == {"value": False, "source": "set at n2"}
    assert "temperature   the model's own" in run("plan", "show", tide, "--node", "1").out
    run("plan", "set", tide, "--node", "2", "--temperature", "")
    assert "temperature   the model's own" in run("plan", "show", tide, "--node", "4").out
    run("plan", "set", tide, "--node", "2", "-m", "openai/a", "--words", "200")
    run("plan", "clear", tide, "--node", "2")
    ran = run("plan", "show", tide, "--node", "4")
    assert "set at" not in ran.out + ran.err
    assert "words         90" in ran.out
    for wrong in ([], ["--node", "2"], ["--words", "5"], ["--node", "99", "--words", "50"]):
        ran = run("plan", "set", tide, *wrong)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert run("plan", "show", tide, "--node", "99").code == 2


def test_a_model_of_a_plan_has_values_of_its_own(run: Run, tide: str) -> None:
    both = ("-m", "openai/a x2 temperature=0.9", "-m", "openai/b words=80 top_p=0.5")
    assert run("plan", "set", tide, "--temperature", "1.1", *both).code == 0
    shown = run("plan", "show", tide, "--node", "4").out.splitlines()
    assert shown[:2] == ["2  openai/a  temperature=0.9", "1  openai/b  top_p=0.5 words=80"]
    assert json.loads(run("plan", "show", tide, "--json").out)["models"] == [
        {"model": "openai/a", "count": 2, "own": {"temperature": 0.9}},
        {"model": "openai/b", "count": 1, "own": {"top_p": 0.5, "words": 80}},
    ]
    ran = run("plan", "set", tide, "-m", "openai/a heat=2")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "no 'heat' of its own; it may have temperature, top_p, words" in ran.err


def test_a_preset_of_the_config_file_is_taken(run: Run, tide: str) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text(
        '[[preset]]\nname = "fork"\nmodels = { "openai/a" = 2, "openai/b" = 1 }\nwords = 40\n'
    )
    ran = run("plan", "set", tide, "--node", "2", "--preset", "fork")
    assert (ran.code, ran.err) == (0, "The preset fork holds for n2.\n")
    shown = run("plan", "show", tide, "--node", "4").out.splitlines()
    assert shown[:2] == ["2  openai/a", "1  openai/b"]
    assert re.split(r" {2,}", shown[2]) == ["words", "40", "set at n2"]
    assert "a plan (fork)  n2" in run("log", tide).out
    ran = run("plan", "set", tide, "--preset", "x")
    assert (ran.code, ran.err) == (2, "storyloom: There is no preset 'x'; there are fork.\n")


def test_what_is_in_force_is_saved_as_a_preset_and_taken_elsewhere(run: Run, tide: str) -> None:
    both = ("-m", "openai/a x2 temperature=0.9", "-m", "openai/b")
    run("plan", "set", tide, "--node", "2", "--words", "40", "--trim", "no", *both)
    ran = run("plan", "save", "fork", tide, "--node", "4", "--seed", "7")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"The preset fork is in {paths.config_file()}.\n"
    assert run("plan", "set", tide, "--node", "3", "--preset", "fork").code == 0
    here, there = (
        [
            re.split(r" {2,}", line)[:2]
            for line in run("plan", "show", tide, "--node", node).out.splitlines()
        ]
        for node in ("4", "3")
    )
    assert there == [["seed", "7"] if line[0] == "seed" else line for line in here]
    ran = run("plan", "save", "fork", tide)
    assert (ran.code, ran.err) == (
        2, "storyloom: There is a preset fork already; --force replaces it.\n",
    )  # fmt: skip
    assert run("plan", "save", "fork", "--force", "-m", "openai/c", "--words", "80").code == 0
    text = paths.config_file().read_text()
    assert text == '[[preset]]\nname = "fork"\nmodels = { "openai/c" = 1 }\nwords = 80\n'


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("x",), "Nothing is given to save"),
        ((" ", "--words", "80"), "name has 1 to 40 characters"),
        (("x", "--node", "2"), "name its FILE too"),
        (("x", "--words", "8"), "words has to be from 20 to 600"),
        (("x", "none.loom"), "none.loom"),
    ],
)
def test_what_is_no_preset_is_not_saved(run: Run, arguments: tuple[str, ...], says: str) -> None:
    ran = run("plan", "save", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert says in ran.err
    assert not paths.config_file().exists()


def test_export_is_named_after_the_title_and_never_replaces(run: Run, tide: str) -> None:
    run("about", tide, "--title", "The *Tide*")
    ran = run("export", tide)
    assert (ran.code, ran.out) == (0, "the-tide.md\n")
    written = Path("the-tide.md").read_text(encoding="utf-8")
    assert written == (
        '---\ntitle: "The \\\\*Tide\\\\*"\n---\n\nThe tide went out and did not come back.\n'
    )
    assert run("export", tide).code == 2
    assert run("export", tide, "--node", "2", "--force").code == 0
    assert "She walked" in Path("the-tide.md").read_text(encoding="utf-8")
    assert run("export", tide, "-o", "-").out == written
    assert run("export", tide, "-o", "tide.txt").out == "tide.txt\n"
    assert Path("tide.txt").read_text() == "The tide went out and did not come back.\n"
    assert run("export", tide, "-o", "none/tide.md").code == 2
    assert run("export", tide, "--node", "99").code == 2


def test_plan_with_a_file_alone_shows_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tide.loom"
    assert main(["new", str(path), "--opening", "The tide went out."]) == 0
    capsys.readouterr()
    assert main(["plan", "show", str(path)]) == 0
    shown = capsys.readouterr()
    assert main(["plan", str(path)]) == 0
    assert capsys.readouterr() == shown
