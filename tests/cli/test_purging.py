"""The verb purge: the number of nodes has to be said, and then their words are gone."""

import io
from pathlib import Path

import pytest

from storyloom.cli import purging
from tests.cli.conftest import Run
from tests.cli.test_changing import tree


@pytest.fixture
def pruned(run: Run, tide: str) -> str:
    """The story with n2, and n4 below it, pruned."""
    run("note", tide, "--node", "n4", "--text", "Far out indeed.")
    run("prune", tide, "--node", "n2")
    return tide


def typed(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Let a terminal be there at which that is typed."""
    monkeypatch.setattr(purging, "is_terminal", lambda _: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))


def test_without_a_terminal_the_right_number_is_needed(run: Run, pruned: str, folder: Path) -> None:
    ran = run("node", "purge", pruned, "--all")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "2 nodes are to be purged for good, with 41 characters; say --yes 2" in ran.err
    ran = run("node", "purge", pruned, "--all", "--yes", "3")
    assert ran.code == 2
    assert "2 nodes are to be purged for good, with 41 characters, not 3" in ran.err
    assert b"Far out" in (folder / pruned).read_bytes()
    ran = run("node", "purge", pruned, "--all", "--yes", "2")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("2 nodes are purged.\nThe search index is written anew")
    for file in folder.iterdir():
        assert b"Far out" not in file.read_bytes()
    assert "all is well" in run("check", pruned).out
    assert "1 operation cannot be verified word for word" in run("check", pruned).out
    assert run("node", "show", pruned, "--node", "n2").code == 2


def test_on_a_terminal_the_number_is_asked_for(
    run: Run, pruned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in ("", "\n", "y\n", "1\n", "22\n"):
        typed(monkeypatch, answer)
        ran = run("node", "purge", pruned, "--node", "n2")
        assert ran.code == 2
        assert "2 nodes are to be purged for good, with 41 characters.\n" in ran.err
        assert "Type the number of nodes to purge them for good: " in ran.err
        assert "nothing was purged" in ran.err
    typed(monkeypatch, " 2 \n")
    assert run("node", "purge", pruned, "--node", "n2").code == 0
    assert tree(run, pruned)[1:] == ["  n3 H  He stayed. The bell rang twice."]
    assert run("restore", pruned, "--node", "n2").code == 2


def test_what_is_purged_is_pruned_and_where_it_was_said(run: Run, pruned: str) -> None:
    assert "n3 is not pruned; prune it first" in run("node", "purge", pruned, "--node", "3").err
    assert "Nothing is pruned at or below n3" in run("node", "purge", pruned, "--below", "3").err
    assert "no node n99" in run("node", "purge", pruned, "--below", "99").err
    assert "no node n99" in run("node", "purge", pruned, "--node", "99").err
    assert run("node", "purge", pruned).code == 2
    assert run("node", "purge", pruned, "--all", "--below", "1").code == 2
    run("prune", pruned, "--node", "n3")
    assert run("node", "purge", pruned, "--below", "1", "--yes", "3").code == 0
    assert run("node", "purge", pruned, "--all").code == 2
