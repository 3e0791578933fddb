"""`show`, `export --at` and `replay` as a shell sees them."""

import json
from pathlib import Path

import pytest

from storyloom.story.story import Story
from tests.cli.conftest import Run
from tests.replay.sessions import ferry


@pytest.fixture
def crossing(folder: Path) -> str:
    """A story whose events have known times."""
    return ferry(folder).name


def last_event(run: Run, file: str) -> int:
    lines = run("log", file, "--all", "--json").out.splitlines()
    return max(json.loads(line)["seq"] for line in lines)


def test_a_story_is_shown_as_it_was(run: Run, crossing: str) -> None:
    ran = run("show", crossing, "--at", "3")
    assert ran.code == 0
    assert "grew 3 of gpt-3 at n1" in ran.err
    assert "Mara counted" in ran.out
    assert "rope" not in ran.out
    ran = run("show", crossing, "--at", "7", "--text")
    assert "The rope came loose" in ran.out
    assert "let it go" not in ran.out


@pytest.mark.parametrize("zone", ["+00:00", "Z"])
def test_a_time_is_a_moment_too(run: Run, crossing: str, zone: str) -> None:
    ran = run("show", crossing, "--at", f"2023-11-14T22:13:35{zone}", "--text")
    assert "She let it go." in ran.out
    assert "bells began" not in ran.out


@pytest.mark.parametrize(
    ("moment", "said"),
    [("soon", "no moment"), ("", "no moment"), ("0", "events 1 to"), ("9999", "events 1 to"),
     ("1999-01-01", "not begun yet"), ("9999-99-99", "no moment")],
)  # fmt: skip
def test_what_is_no_moment_is_refused(run: Run, crossing: str, moment: str, said: str) -> None:
    ran = run("show", crossing, "--at", moment)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


def test_a_moment_becomes_a_story_of_its_own(run: Run, crossing: str, folder: Path) -> None:
    ran = run("show", crossing, "--at", "7", "-o", "then")
    assert ran.out.strip() == "then.loom"
    assert run("check", "then.loom").code == 0
    assert "let it go" not in run("read", "then.loom").out
    assert run("show", crossing, "--at", "7", "-o", "then").code == 2
    assert sorted(path.name for path in folder.glob("*.loom")) == ["session.loom", "then.loom"]


def test_a_moment_becomes_a_branch_beside_what_it_has_become(run: Run, tide: str) -> None:
    before = last_event(run, tide)
    run("edit", tide, "--node", "n2", "--text", "She ran after it.")
    ran = run("show", tide, "--at", str(before), "--branch", "--node", "n4")
    made = ran.out.strip()
    assert "She walked after it." in run("read", tide, "--node", made).out
    assert "Far out she saw it." in run("read", tide, "--node", made).out
    assert "She ran after it." in run("read", tide, "--node", "n4").out
    assert run("check", tide).code == 0
    run("undo", tide)
    assert run("read", tide, "--node", made).code == 2


def test_what_is_still_there_is_not_brought_back(run: Run, tide: str) -> None:
    ran = run("show", tide, "--at", str(last_event(run, tide)), "--branch", "--node", "n4")
    assert ran.code == 2
    assert "still there" in ran.err


def test_a_book_is_exported_as_it_was(run: Run, crossing: str) -> None:
    ran = run("export", crossing, "--at", "7", "-o", "-")
    assert "The rope came loose" in ran.out
    assert "let it go" not in ran.out


def test_nothing_is_written_by_looking(run: Run, crossing: str, folder: Path) -> None:
    with Story(folder / crossing) as story:
        before = story.read.execute("SELECT * FROM op").fetchall()
    run("show", crossing, "--at", "5")
    with Story(folder / crossing) as story:
        assert story.read.execute("SELECT * FROM op").fetchall() == before


def test_a_replay_needs_a_screen(run: Run, crossing: str) -> None:
    ran = run("replay", crossing)
    assert ran.code == 2
    assert "storyloom show" in ran.err


@pytest.mark.parametrize(
    ("options", "why"),
    [(("--from", "soon"), "is no place of a replay"), (("--speed", "99"), "is no speed")],
)
def test_where_a_replay_cannot_begin_is_refused_before_the_screen(
    run: Run, crossing: str, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], why: str
) -> None:
    monkeypatch.setattr("storyloom.cli.replaying.has_screen", lambda: True)
    ran = run("replay", crossing, *options)
    assert ran.code == 2
    assert why in ran.err
