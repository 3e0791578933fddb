"""The command lore."""

import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def bell(run: Run, tide: str) -> str:
    """The story with one entry of the lore, of uid 1."""
    ran = run("lore", "set", tide, "--title", "The bell", "--content", "It has no clapper.",
              "--key", "bell", "--key", "ring")  # fmt: skip
    assert (ran.code, ran.out) == (0, "1\n")
    return tide


def entry(run: Run, story: str, uid: str) -> dict[str, object]:
    return json.loads(run("lore", "show", story, uid).out)


def test_entries_are_listed_with_their_keys(run: Run, bell: str) -> None:
    run("lore", "set", bell, "--content", "All of it is true.", "--constant", "--no-enabled")
    assert run("lore", "list", bell).out == (
        "  1  The bell  (bell, ring)\n  2  All of it is true.  [constant, off]\n"
    )
    assert run("lore", bell).out == run("lore", "list", bell).out


def test_no_lore_is_a_sentence(run: Run, tide: str) -> None:
    ran = run("lore", tide)
    assert (ran.code, ran.out, ran.err.count("\n")) == (0, "", 1)
    assert "There is no lore yet" in ran.err


def test_what_is_not_said_of_an_entry_stays(run: Run, bell: str) -> None:
    ran = run("lore", "set", bell, "--uid", "1", "--order", "5", "--probability", "12.5",
              "--secondary-key", "sea", "--valid-from", "n2", "--group", "sounds",
              "--whole-words", "--no-case-sensitive", "--logic", "and_all")  # fmt: skip
    assert ran.out == "1\n"
    assert entry(run, bell, "1") == {
        "title": "The bell",
        "content": "It has no clapper.",
        "keys": ["bell", "ring"],
        "order": 5,
        "probability": 12.5,
        "secondary_keys": ["sea"],
        "valid_from": 2,
        "group": "sounds",
        "whole_words": True,
        "case_sensitive": False,
        "logic": "and_all",
    }
    run("lore", "set", bell, "--uid", "1", "--key", "")
    assert entry(run, bell, "1")["keys"] == []


def test_a_whole_entry_goes_out_and_in_as_json(
    run: Run, bell: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "in.json").write_text('{"title": "門", "scan": {"unit": "words", "n": 9}, "x": [1]}')
    assert run("lore", "set", bell, "--json", "in.json").out == "2\n"
    shown = run("lore", "show", bell, "2").out
    assert shown.startswith('{\n  "title": "門",\n')
    assert json.loads(shown) == json.loads((folder / "in.json").read_text())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"title": "Sea"}')))
    assert run("lore", "set", bell, "--uid", "1", "--json", "-").out == "1\n"
    assert entry(run, bell, "1") == {"title": "Sea"}


def test_an_entry_is_removed_and_comes_back_with_undo(run: Run, bell: str) -> None:
    assert run("lore", "remove", bell, "1").code == 0
    assert run("lore", bell).out == ""
    run("undo", bell)
    assert run("lore", bell).out.startswith("  1  The bell")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "tide.loom"], "needs a title or a content"),
        (["set", "tide.loom", "--uid", "9", "--title", "x"], "no lore entry '9'"),
        (["set", "tide.loom", "--title", "x", "--logic", "maybe"], "and_any"),
        (["set", "tide.loom", "--title", "x", "--probability", "200"], "from 0 to 100"),
        (["set", "tide.loom", "--title", "x", "--probability", "y"], "is not a number"),
        (["set", "tide.loom", "--title", "x", "--order", "1.5"], "a whole number"),
        (["set", "tide.loom", "--title", "x", "--valid-from", "n99"], "no node n99"),
        (["set", "tide.loom", "--title", "x", "--json", "in.json"], "leave its single fields out"),
        (["set", "tide.loom", "--json", "none.json"], "none.json cannot be read"),
        (["set", "tide.loom", "--json", "in.json"], "one JSON object"),
        (["set", "tide.loom", "--json", "not.json"], "not.json is not right as JSON"),
        (["set", "tide.loom", "--json", "deep.json"], "not right as JSON"),
        (["set", "tide.loom", "--json", "huge.json"], "has to be a node's number"),
        (["set", "tide.loom", "--title", "x", "--api-key", "sk-secret"], "A key is never"),
        (["show", "tide.loom", "9"], "no lore entry '9'"),
        (["show", "tide.loom"], "required: UID"),
        (["remove", "tide.loom", "9"], "no lore entry '9'"),
        (["list"], "required: FILE"),
        (["nothing.loom"], "no file nothing.loom"),
        ([], "list|show|set|remove"),
    ],
)
def test_what_is_not_right_is_refused(
    run: Run, bell: str, folder: Path, arguments: list[str], said: str
) -> None:
    (folder / "in.json").write_text("[1]")
    (folder / "not.json").write_text("{")
    (folder / "deep.json").write_text('{"a":' * 5000 + "1" + "}" * 5000)
    (folder / "huge.json").write_text('{"title": "x", "valid_from": 99999999999999999999}')
    ran = run("lore", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err
    assert "sk-secret" not in ran.err
    assert run("lore", bell).out == "  1  The bell  (bell, ring)\n"
