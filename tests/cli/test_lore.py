"""The command lore."""

import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.tui.stories import HOSTILE


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


def test_fires_tells_what_fires_at_a_node_and_why(run: Run, bell: str) -> None:
    run("lore", "set", bell, "--title", "Ferry", "--content", "It is old.", "--key", "ferry")
    run("lore", "set", bell, "--title", "House style", "--content", "Plain.", "--constant")
    ran = run("lore", "fires", bell, "n3")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "at n3, 2 of 3 entries fire"
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "+ 1 The bell key bell", "- 2 Ferry no key", "+ 3 House style constant",
    ]  # fmt: skip
    # The weave ends in n1, where no bell is.
    assert run("lore", "fires", bell).out.startswith("at n1, 1 of 3 entries fire\n")


def test_fires_gives_json_for_programs(run: Run, bell: str) -> None:
    (found,) = json.loads(run("lore", "fires", bell, "n3", "--json").out)
    assert found == {
        "uid": "1", "title": "The bell", "fires": True, "reason": "key", "why": "key bell",
        "key": "bell",
    }  # fmt: skip
    run("lore", "set", bell, "--uid", "1", "--secondary-key", "fog")
    (found,) = json.loads(run("lore", "fires", bell, "n3", "--json").out)
    assert (found["fires"], found["reason"]) == (False, "secondary")


def test_fires_of_a_story_without_lore_and_at_no_node(run: Run, tide: str) -> None:
    assert json.loads(run("lore", "fires", tide, "--json").out) == []
    ran = run("lore", "fires", tide)
    assert (ran.code, ran.out) == (0, "")
    assert "There is no lore yet" in ran.err
    assert run("lore", "fires", tide, "n99").code == 2


def test_fires_shows_hostile_entries_on_one_line_each(run: Run, tide: str) -> None:
    entry = {"title": HOSTILE, "content": HOSTILE, "keys": [f"{HOSTILE}\n", "/(\x1b]52/"]}
    Path("entry.json").write_text(json.dumps(entry), "utf-8")
    assert run("lore", "set", tide, "--json", "entry.json").code == 0
    out = run("lore", "fires", tide).out
    assert len(out.splitlines()) == 2
    assert "bad regex" in out
    assert not set("\x1b\x07\u202e\x9b") & set(out)
