"""The command weave, and what is read and exported of a weave."""

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def woven(run: Run, tide: str) -> str:
    """The story with its main weave to n4, and another, `sad end`, to n3."""
    run("weave", tide, "--node", "n4")
    ran = run("weave", tide, "--name", "sad end", "--node", "n3")
    assert ran.err == "The weave 'sad end' leads to n3 and ends there.\n"
    return tide


def test_weaves_are_led_and_listed_by_name(run: Run, woven: str) -> None:
    assert run("weave", woven).out == "n1\nn2\nn4\n"
    assert run("weave", woven, "--name", " sad  end ").out == "n1\nn3\n"
    assert [line.split(maxsplit=2) for line in run("weave", woven, "--list").out.splitlines()] == [
        ["n4", "3", "main"],
        ["n3", "2", "sad end"],
    ]
    assert "no weave 'other'" in run("weave", woven, "--name", "other").err
    assert run("weave", woven, "--name", " ", "--node", "1").code == 2


def test_a_weave_ends_where_it_is_said(run: Run, woven: str) -> None:
    assert run("weave", woven, "--end", "--node", "n2").err == "The weave ends with n2.\n"
    assert run("weave", woven).out == "n1\nn2\n"
    assert "does not go on from n4" in run("weave", woven, "--end", "--node", "n4").err
    assert run("weave", woven, "--end").code == 2
    assert run("weave", woven, "--end", "--node", "n99").code == 2
    assert run("weave", woven, "--end", "--node", "n2", "--name", "other").code == 2
    run("weave", woven, "--end", "--node", "n1", "--name", "sad end")
    assert run("weave", woven, "--name", "sad end").out == "n1\n"


def test_a_weave_is_renamed_and_taken_away(run: Run, woven: str) -> None:
    assert run("weave", woven, "--name", "sad end", "--rename", "main").code == 2
    assert run("weave", woven, "--rename", "first").code == 2
    run("weave", woven, "--name", "sad end", "--rename", "Sadder")
    assert run("weave", woven, "--name", "Sadder").out == "n1\nn3\n"
    assert run("weave", woven, "--name", "Sadder", "--delete", "--node", "n3").code == 2
    run("weave", woven, "--name", "Sadder", "--delete")
    assert run("weave", woven, "--name", "Sadder").code == 2
    assert run("weave", woven, "--name", "Sadder", "--delete").code == 2
    assert run("weave", woven, "--delete").err == "The weave is the opening alone now.\n"
    assert run("weave", woven).out == "n1\n"
    run("undo", woven, "-n", "3")
    assert run("weave", woven, "--name", "sad end").out == "n1\nn3\n"


def test_a_weave_is_read_exported_and_searched(run: Run, woven: str) -> None:
    sad = "The tide went out and did not come back. He stayed. The bell rang twice.\n"
    assert run("read", woven, "--weave", "sad end").out == sad
    assert run("export", woven, "--weave", "sad end", "--format", "txt", "-o", "-").out == sad
    assert "Far out" in run("read", woven, "--weave", "main").out
    assert "Far out" in run("export", woven, "-o", "-").out
    for command in ("read", "export"):
        ran = run(command, woven, "--weave", "other")
        assert (ran.code, ran.out) == (2, "")
        assert "no weave 'other'" in ran.err
        assert run(command, woven, "--weave", "main", "--node", "n1").code == 2
    assert run("find", woven, "bell", "--weave", "sad end").out.startswith("n3 text ")
    assert run("find", woven, "bell", "--weave").code == 1
    assert run("find", woven, "bell", "--weave", "other").code == 2
