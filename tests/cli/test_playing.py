"""`storyloom play`: choices from standard input, text on standard output."""

import io

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch):
    def answers(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return answers


def test_a_story_is_played_to_its_ends_and_back(run: Run, tide: str, answers) -> None:
    answers("1", "u", "2")
    ran = run("play", tide)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "The tide went out and did not come back."
    assert "1. She walked after it." in lines
    assert "2. He stayed." in lines
    assert "1v She walked after it." in lines
    assert "THE END (1 of 2 endings seen)" in lines
    assert "THE END (2 of 2 endings seen)" in lines
    # What has one branch alone reads on.
    assert any("Far out she saw it." in line for line in lines)


def test_it_goes_on_where_it_was_left(run: Run, tide: str, answers) -> None:
    answers("2", "q", "1")
    run("play", tide)
    answers()
    assert "He stayed. The bell rang twice." in run("play", tide).out
    answers()
    assert "The tide went out" in run("play", tide, "--restart").out


def test_a_slip_is_answered_and_the_book_stays_open(run: Run, tide: str, answers) -> None:
    answers("9", "u", "what", "", "2", "t")
    ran = run("play", tide)
    assert ran.code == 0
    assert "Choose 1 to 2." in ran.err
    assert "This is where it begins." in ran.err
    assert ran.err.count("a number chooses") == 2
    assert "> He stayed." in ran.out


def test_only_what_is_meant_for_it_is_played_when_asked_so(run: Run, tide: str, answers) -> None:
    answers()
    run("node", "tag", tide, "--node", "n3", "--add", "play")
    out = run("play", tide, "--playable").out
    assert "He stayed." in out
    assert "THE END (1 of 1 endings seen)" in out
