"""The command rerun, with a real worker and a real server."""

import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from storyloom.cli import rerunning
from storyloom.story import growth, regrown, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.cli.conftest import Run
from tests.servers.provider import Provider
from tests.servers.script import Reply, Request, refuses, says


def told(asked: Request) -> Reply:
    """Answer with words that only what was sent decides."""
    digest = hashlib.sha256(json.dumps(asked.body, sort_keys=True).encode()).hexdigest()
    return says(f" {asked.model} says {digest[:12]}.")


@pytest.fixture
def grown(run: Run, tide: str, server: Provider) -> str:
    """A story with two batches of a model `one`, recorded as a batch records them."""
    server.reset()
    server.answer(told)
    for name in ("one", "two"):
        run("models", "add", name, f"openai/{name}", "--api-base", server.base, "--window", "4000")
    with Story(Path(tide)) as story:
        for parent, count, why in ((1, 2, ""), (5, 1, "A bell.")):
            body = {"messages": [{"role": "user", "content": f"Go on from n{parent}. {why}"}]}
            asked = [Asked("one", body, {"max_tokens": 90}) for _ in range(count)]
            for place in growth.request(story, parent, asked, why=why):
                growth.finish(story, place, f" {why or 'One'} says so.", Result("stop"))
    return tide


def test_siblings_hang_beside_those_of_then_and_the_cassette_asks_nobody(
    run: Run, grown: str, server: Provider
) -> None:
    server.script(says("\x1b[31mred\x07 [b]bold"))
    ran = run("rerun", grown, "-m", "two")
    assert ran.code == 0
    assert "r1 asks two for 3 branches of 2 batches, beside those of then." in ran.err
    assert "it costs nothing" in ran.err
    # What a model writes is no command to a terminal.
    assert "\x1b" not in ran.out + ran.err
    assert "red" in ran.out
    assert {request.model for request in server.requests} == {"two"}
    assert len(server.requests) == 3
    lines = ran.out.splitlines()
    assert [line.split()[:3] for line in lines if "->" in line] == [
        ["n5", "->", "n8"], ["n6", "->", "n9"], ["n7", "->", "n10"],
    ]  # fmt: skip
    assert "r1: 2 of 2 batches done.\n" in ran.err
    server.reset()
    ran = run("rerun", grown, "-m", "two", "--cassette")
    assert (ran.code, server.requests, server.asides) == (0, [], [])
    assert "no model is asked" in ran.err
    report = [json.loads(line) for line in run("rerun", grown, "--report", "r2", "--json").out
              .splitlines()]  # fmt: skip
    before = [json.loads(line) for line in run("rerun", grown, "--report", "r1", "--json").out
              .splitlines()]  # fmt: skip
    assert [line["now"] for line in report] == [line["now"] for line in before]
    assert run("check", grown).code == 0


def test_verify_says_what_is_equal_and_leaves_the_tree(
    run: Run, grown: str, server: Provider
) -> None:
    text = run("tree", grown).out
    bell = "A bell."
    server.answer(lambda asked: says("Else." if bell in str(asked.body) else "One says so."))
    ran = run("rerun", grown, "--mode", "verify")
    assert ran.code == 0
    hows = [line.split()[3] for line in ran.out.splitlines() if "->" in line]
    assert hows == ["equal", "equal", "0.00"]
    after = run("tree", grown).out
    assert after.replace("  [2 pruned]", "").replace("  [1 pruned]", "") == text


def test_parallel_grows_a_story_of_its_own_and_goes_on_where_it_stopped(
    run: Run, grown: str, server: Provider
) -> None:
    bell = "A bell."
    server.answer(lambda asked: refuses(401) if bell in str(asked.body) else told(asked))
    ran = run("rerun", grown, "-m", "two", "--mode", "parallel", "-o", "other")
    assert ran.code == 1
    assert "1 of 2" in ran.err or "2 of 2" in ran.err
    assert "'storyloom rerun FILE --resume r1 -o other.loom' asks" in ran.err
    server.answer(told)
    server.reset()
    ran = run("rerun", grown, "--resume", "r1", "-o", "other.loom")
    assert (ran.code, len(server.requests)) == (0, 1)
    assert "n5 -> n" in run("rerun", grown, "--report", "r1", "-o", "other.loom").out
    assert run("about", "other.loom").out.count("(two)") == 1
    again = run("rerun", grown, "-m", "two", "--mode", "parallel", "-o", "other")
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "there already" in again.err
    assert run("check", "other.loom").code == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "Name the model"),
        (("--mode", "verify", "-m", "one"), "takes no -m"),
        (("--mode", "parallel", "-m", "two"), "which -o names"),
        (("-m", "two", "-o", "x"), "which -o names"),
        (("--resume", "r7"), "There is no re-run 'r7'"),
        (("--report", "r7"), "There is no re-run 'r7'"),
        (("--resume", "r1", "-m", "two"), "--resume goes on as the run was begun"),
        (("-m", "two", "--node", "n99"), "There is no node n99"),
        (("-m", "two", "--cap", "much"), "A cap is an amount"),
        (("-m", "two", "--cassette"), "is not on the cassette"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence_and_nothing_is_sent(
    run: Run, grown: str, server: Provider, options: tuple[str, ...], why: str
) -> None:
    with Story(Path(grown)) as story:
        before = story.read.execute("SELECT count(*) FROM op").fetchone()
    ran = run("rerun", grown, *options)
    assert (ran.code, ran.out, server.requests) == (2, "", [])
    assert why in ran.err
    assert "Traceback" not in ran.err
    with Story(Path(grown)) as story:
        assert story.read.execute("SELECT count(*) FROM op").fetchone() == before


def test_one_that_has_asked_for_nothing_is_not_said_to_go_on(
    run: Run, grown: str, server: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    ran = run("rerun", grown, "-m", "openai/gpt-4o-mini", "--cap", "0.0000001", "-y")
    assert (ran.code, "0 of 2 batches" in ran.err, "--resume" in ran.err) == (1, True, False)
    server.answer(lambda _: refuses(401))
    ran = run("rerun", grown, "-m", "two")
    assert "'storyloom rerun FILE --resume r1' asks for what is missing." in ran.err
    server.answer(told)
    assert "was stopped before its end" not in run("rerun", grown, "--resume", "r1").err


def test_a_new_story_that_has_all_its_batches_still_gets_what_is_by_hand_and_its_weave(
    run: Run, grown: str, server: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Story(Path(grown)) as story:
        weaves.set_weave(story, shape.write_child(story, 7, "By hand."))
    take = regrown.take

    def taken(story: Story, source: Story, node: int, parent: int) -> int:
        if node == 8:
            raise Refusal("The disk is full.")
        return take(story, source, node, parent)

    with monkeypatch.context() as full:
        full.setattr(regrown, "take", taken)
        ran = run("rerun", grown, "-m", "two", "--mode", "parallel", "-o", "other")
    assert ran.code == 2
    assert "2 of 2 batches done" in ran.err
    server.reset()
    ran = run("rerun", grown, "--resume", "r1", "-o", "other")
    assert (ran.code, server.requests) == (0, [])
    assert "By hand." in run("read", "other.loom").out


def test_a_story_that_cannot_be_written_to_is_grown_again_as_a_new_one(
    run: Run, grown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = os.access
    monkeypatch.setattr(
        "storyloom.story.story.os.access",
        lambda path, mode: (mode != os.W_OK or Path(path).name != grown) and access(path, mode),
    )
    assert run("rerun", grown, "-m", "two").code == 2
    assert run("rerun", grown, "-m", "two", "--mode", "parallel", "-o", "other").code == 0


def test_a_run_of_siblings_is_not_gone_on_with_as_a_new_story(
    run: Run, grown: str, server: Provider
) -> None:
    run("rerun", grown, "-m", "two", "--mode", "parallel", "-o", "other")
    with Story(Path("other.loom")) as story:
        said = {"id": "r2", "of": 1, "which": [0], "mode": "siblings", "model": "two"}
        asked = [Asked("two", {"prompt": "Go on."}, {})]
        growth.finish(story, growth.request(story, 1, asked, run=said)[0], " On.", Result("stop"))
    server.reset()
    ran = run("rerun", grown, "--resume", "r2", "-o", "other")
    assert (ran.code, server.requests) == (2, [])
    assert "grew no new story: leave -o out" in ran.err


@pytest.mark.parametrize(("typed", "code"), [("y\n", 1), ("n\n", 2)])
def test_a_person_is_asked_before_money_is_spent(
    run: Run, grown: str, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as keyboard:
        keyboard.write(typed)
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(rerunning, "is_terminal", lambda _: True)
        ran = run("rerun", grown, "-m", "openai/gpt-4o-mini")
    assert ran.code == code
    assert "Begin? y/n" in ran.err
    assert ("Nothing was sent" in ran.err) == (code == 2)


def test_what_is_asked_of_a_person_ends_when_the_program_is_told_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def told_to_end() -> None:
        asking = asyncio.create_task(rerunning._typed())
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w"):
        monkeypatch.setattr(sys, "stdin", stdin)
        asyncio.run(told_to_end())
