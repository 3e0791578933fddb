"""Tokens are listed, and a branch is made from an alternative to one of them."""

import json
from pathlib import Path

import pytest

from storyloom.story import shape
from storyloom.story.story import Story
from tests.cli.conftest import Run
from tests.tui.tokened import PASSAGE, tokened


@pytest.fixture
def salt(tmp_path: Path) -> str:
    """A story in which n2 has its tokens."""
    return str(tokened(tmp_path / "salt.loom"))


def test_tokens_are_listed_with_their_alternatives(run: Run, salt: str) -> None:
    lines = run("node", "tokens", salt, "--node", "2").out.splitlines()
    assert len(lines) == 62
    assert lines[4].split() == (
        "5 9.1 % ␣rope 1 ␣sea 40.7 % 2 ⏎ 20.2 % 3 ␣nobody 11.1 % 4 ␣‘Ebb 4.5 % "
        "5 <|im_end|> 0.7 %".split()
    )
    assert lines[3].split() == "4 90.5 % ␣the".split()
    found = json.loads(run("node", "tokens", salt, "--node", "2", "--json").out)
    assert (found["node"], found["present"], found["text"]) == (2, True, PASSAGE)
    assert "".join(each["text"] for each in found["tokens"]) == PASSAGE
    assert found["tokens"][0] == {
        "start": 0, "end": 4, "text": " The", "logprob": -0.05,
        "alternatives": [
            {"text": " sea", "logprob": -0.9}, {"text": "\n", "logprob": -1.6},
            {"text": " nobody", "logprob": -2.2}, {"text": " ‘Ebb", "logprob": -3.1},
            {"text": "<|im_end|>", "logprob": -5.0},
        ],
    }  # fmt: skip
    assert "tokens: 62, see" in run("node", "show", salt, "--node", "2").out
    assert json.loads(run("node", "show", salt, "--node", "1", "--json").out)["tokens"] == 0


def test_a_branch_is_made_from_an_alternative_and_taken_back(run: Run, salt: str) -> None:
    ran = run("node", "branch", salt, "--node", "2", "--at", "3", "--alternative", "3")
    assert (ran.code, ran.out) == (0, "n3\n")
    found = json.loads(run("node", "show", salt, "--node", "3", "--json").out)
    assert (found["text"], found["parent"]) == (" The keeper nobody", 1)
    assert found["origins"] == {"model:local/smollm2": len(found["text"])}
    assert "a branch from another token  n3" in run("log", salt, "-n", "1").out
    assert run("undo", salt).code == 0
    assert run("node", "show", salt, "--node", "3").code == 2


def test_what_is_not_there_is_refused_with_a_sentence(run: Run, salt: str) -> None:
    branch = ("node", "branch", salt, "--node")
    for words, says in (
        (("node", "tokens", salt, "--node", "1"), "No tokens are kept with n1"),
        (("node", "tokens", salt, "--node", "9"), "There is no node n9"),
        ((*branch, "1", "--at", "1"), "No tokens are kept with n1"),
        ((*branch, "2", "--at", "63"), "n2 has 62 tokens"),
        ((*branch, "2", "--at", "1", "--alternative", "6"), "has 5 alternatives"),
        ((*branch, "2", "--at", "4"), "has no alternatives"),
        ((*branch, "2", "--at", "0"), "1 or more"),
        ((*branch, "2", "--at", "1", "--alternative", "5"), "would have ended"),
    ):
        ran = run(*words)
        assert ran.code == 2
        assert says in ran.err
    with Story(Path(salt)) as story:
        shape.edit(story, 2, "Other.")
    assert "was changed since" in run("node", "tokens", salt, "--node", "2").err
    assert "was changed after" in run(*branch, "2", "--at", "1").err
