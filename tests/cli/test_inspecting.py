"""`storyloom context`: what it prints is what would be sent."""

import json
from pathlib import Path

from storyloom.story import marks
from storyloom.story.story import Story
from tests.cli.conftest import Run
from tests.servers.provider import Provider
from tests.servers.script import says


def test_the_embedded_model_gets_the_strand_and_no_process_is_started(run: Run, tide: str) -> None:
    ran = run("context", tide, "--node", "n4")
    assert ran.code == 0
    assert ran.out.startswith("n4 to local/smollm2\nabout ")
    assert ran.out.endswith(
        "-- prompt\nThe tide went out and did not come back. She walked after it. "
        "Far out she saw it.\n"
    )


def test_what_is_shown_as_json_is_what_grow_then_sends(
    run: Run, tide: str, server: Provider
) -> None:
    server.reset()
    server.answer(lambda _: says("So."))
    run("models", "add", "one", "openai/one", "--api-base", server.base, "--window", "4000")
    with Story(Path(tide)) as story:
        marks.set_text(story, 4, "why", "a bell \x1b rings")
    shown = json.loads(run("context", tide, "--node", "n4", "-m", "one", "--json").out)
    run("grow", tide, "--node", "n4", "-m", "one", "-n", "1", "--why", "a bell \u241b rings")
    assert server.requests[-1].body["messages"] == shown["request"]["messages"]
    roles: dict[str, str] = {}
    for block in shown["blocks"]:
        roles[block["role"]] = roles.get(block["role"], "") + block["text"]
    assert {each["role"]: each["content"] for each in shown["request"]["messages"]} == {
        role: text for role, text in roles.items() if text
    }


def test_a_node_that_is_not_there_is_refused(run: Run, tide: str) -> None:
    ran = run("context", tide, "--node", "n99")
    assert ran.code == 2
    assert "n99" in ran.err


def test_a_models_own_length_is_in_what_it_would_be_sent(
    run: Run, tide: str, server: Provider
) -> None:
    run("models", "add", "one", "openai/one", "--api-base", server.base, "--window", "4000")
    run("plan", "set", tide, "--words", "90", "-m", "one words=30")
    for asked in ((), ("-m", "one")):
        assert "in about 30 words" in run("context", tide, "--node", "n4", *asked).out
