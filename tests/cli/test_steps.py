"""The command log."""

import json
import os
import re
import sqlite3
import time
from pathlib import Path

import pytest

from storyloom.cli import steps
from storyloom.story import growth
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from tests.cli.conftest import Run


def told(out: str) -> list[str]:
    """Return the lines of a log without their numbers and times."""
    lines = [re.fullmatch(r" *\d+  [-\d]{10} [:\d]{8}  (.*)", line) for line in out.splitlines()]
    assert None not in lines
    return [re.sub(r"\(\d+\)", "(N)", found[1]) for found in lines if found]


def test_the_log_lists_steps_the_newest_last(run: Run, tide: str) -> None:
    run("edit", tide, "--node", "2", "--text", " She ran after it.")
    run("undo", tide)
    run("redo", tide)
    with Story(Path(tide)) as story:
        (place,) = growth.request(story, 4, [Asked("openai/one", {"prompt": "x"})])
        growth.finish(story, place, " More.", Result("stop"))
    assert told(run("log", tide).out) == [
        "human  the story's beginning  n1 story",
        "human  a passage written  n2",
        "human  a passage written  n3",
        "human  a passage written  n4",
        "human  an edit  n2",
        "human  taken back: an edit (N)  n2",
        "human  made again: an edit (N)  n2",
        "human  a batch  n5",
        "model  a branch written  n5 story",
    ]
    edited, undone, redone = run("log", tide).out.splitlines()[4:7]
    assert f"({edited.split()[0]})" in undone
    assert f"({edited.split()[0]})" in redone


def test_as_many_steps_are_listed_as_are_asked_for(run: Run, tide: str) -> None:
    run("edit", tide, "--node", "2", "--text", " She ran after it.")
    for number in range(20):
        run("note", tide, "--node", "3", "--text", f"Note {number}.")
    assert told(run("log", tide).out) == ["human  a note  n3"] * 20
    assert told(run("log", tide, "-n", "21").out)[0] == "human  an edit  n2"
    assert len(told(run("log", tide, "--all").out)) == 25
    wanted = ["human  a passage written  n2", "human  an edit  n2"]
    assert told(run("log", tide, "--node", "2").out) == wanted
    assert told(run("log", tide, "--node", "2", "-n", "1").out) == wanted[1:]
    assert told(run("log", tide, "--node", "2", "--all").out) == wanted
    for wrong in (["-n", "0"], ["-n", "x"], ["--all", "-n", "3"], ["--node", "99"]):
        ran = run("log", tide, *wrong)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_a_node_that_is_gone_still_has_its_past(run: Run, tide: str) -> None:
    run("join", tide, "--node", "n4")
    assert told(run("log", tide, "--node", "n2").out)[-1] == "human  a join  n4 n2"


def test_of_many_nodes_the_first_are_named(run: Run, tide: str) -> None:
    for _ in range(12):
        run("write", tide, "--text", "More.")
    run("keep", tide, "--node", "n2")
    assert told(run("log", tide, "-n", "1").out) == [
        "human  a pruning  n3 n5 n6 n7 n8 n9 n10 n11 …"
    ]


def test_as_json_the_log_is_whole_and_its_chain_holds(run: Run, tide: str) -> None:
    run("edit", tide, "--node", "2", "--text", "Evil\u200b\u202e 門.")
    lines = run("log", tide, "--all", "--json").out.splitlines()
    found = [json.loads(line) for line in lines]
    assert [each["seq"] for each in found] == list(range(1, len(found) + 1))
    assert [each["prev"] for each in found] == ["", *(each["hash"] for each in found[:-1])]
    assert {"session.start", "story.create"} <= {each["type"] for each in found}
    (edit,) = [each for each in found if each["type"] == "node.text"]
    assert edit["texts"][0]["text"] == " Evil\u200b\u202e 門."
    assert not any(set(line) & {"\u200b", "\u202e"} for line in lines)
    newest = [json.loads(line)["seq"] for line in run("log", tide, "--json").out.splitlines()]
    assert newest == [each["seq"] for each in found[-20:]]


def test_times_are_those_of_the_clock_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    assert steps.local_time(1_700_000_000_000) == "2023-11-15 00:13:20"
    assert steps.local_time(1 << 200) == "?" + " " * 18
    monkeypatch.undo()
    time.tzset()


def test_a_log_that_nobody_should_have_made_is_still_listed(run: Run, tide: str) -> None:
    run("undo", tide)
    with sqlite3.connect(tide) as db:
        (sql,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'op_no_update'").fetchone()
        db.execute("DROP TRIGGER op_no_update")
        db.execute("UPDATE op SET reverts = id, ts = ?, actor = 'evil' || char(27)", (1 << 62,))
        db.execute(sql)
    db.close()
    ran = run("log", tide)
    assert ran.code == 0
    assert "evil␛" in ran.out
    assert "\x1b" not in ran.out
    assert os.listdir() == [tide]
