"""The command `provenance` as a shell sees it."""

import json

from tests.cli.conftest import Run


def test_it_says_whose_the_weave_is(run: Run, tide: str) -> None:
    run("weave", tide, "--node", "n4")
    ran = run("provenance", tide)
    assert (ran.code, ran.err) == (0, "")
    assert "human" in ran.out
    assert "100.0%" in ran.out
    assert "came from the author's hands" in ran.out


def test_a_title_keeps_its_comma(run: Run, tide: str) -> None:
    run("about", tide, "--title", "Out, and far")
    run("chapter", tide, "--node", "n1", "--title", "One, two")
    run("chapter", tide, "--node", "n4", "--title", "Far")
    ran = run("provenance", tide, "--node", "n4")
    assert "Out, and far: " in ran.out
    assert "One, two: " in ran.out


def test_its_object_has_counts_that_add_up(run: Run, tide: str) -> None:
    run("edit", tide, "--node", "n1", "--text", "The tide went out.")
    run("chapter", tide, "--node", "n1", "--title", "Out")
    run("chapter", tide, "--node", "n4", "--title", "Far")
    found = json.loads(run("provenance", tide, "--node", "n4", "--json").out)
    assert found["length"] == sum(found["surviving"].values())
    assert [part["title"] for part in found["chapters"]] == ["Out", "Far"]
    assert sum(part["length"] for part in found["chapters"]) == found["length"]
    assert found["inserted"]["human"] > found["surviving"]["human"]
    assert found["human_inserted"] == 1.0


def test_a_weave_or_a_node_that_is_not_there_is_refused(run: Run, tide: str) -> None:
    for wrong in (("--weave", "dark"), ("--node", "n99")):
        ran = run("provenance", tide, *wrong)
        assert ran.code == 2
        assert ran.out == ""
