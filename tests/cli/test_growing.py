"""The commands grow and try, with a real worker and a real server."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.cli.cells import cells, tail_cells
from storyloom.models import weights
from storyloom.story import growth, reading
from storyloom.story.schema import STREAMING
from storyloom.story.story import Story
from tests.cli.conftest import Run
from tests.models.local_weights import real_weights
from tests.servers.provider import Provider
from tests.servers.script import Hold, Reply, Request, Text, refuses, says


@pytest.fixture
def served(run: Run, tide: str, server: Provider) -> str:
    """The story, with the models `one`, `two` and `bad` of the server configured."""
    server.reset()
    for name in ("one", "two", "bad"):
        run("models", "add", name, f"openai/{name}", "--api-base", server.base, "--window", "4000")

    def answer(request: Request) -> Reply:
        model = request.body["model"]
        return refuses(400, "\x1b[31mno such thing") if model == "bad" else says(f"By {model}.")

    server.answer(answer)
    return tide


def test_branches_are_printed_in_order_with_their_nodes(run: Run, served: str) -> None:
    ran = run("grow", served, "-m", "one", "-m", "two", "-n", "2")
    assert ran.code == 0
    assert ran.out == (
        "n5 one\nBy one.\n\nn6 one\nBy one.\n\nn7 two\nBy two.\n\nn8 two\nBy two.\n\n"
    )
    assert ran.err == "Growing 4 branches of n1: one x2 + two x2.\n"


def test_a_failing_model_is_said_once_and_the_others_text_kept(run: Run, served: str) -> None:
    ran = run("grow", served, "--node", "4", "-m", "bad", "-m", "one", "-n", "2")
    assert ran.code == 0
    assert ran.out == "n7 one\nBy one.\n\nn8 one\nBy one.\n\n"
    assert ran.err.count("bad: ") == 1
    assert "2 of 4 branches brought text." in ran.err
    assert "\x1b" not in ran.err
    tree = run("tree", served).out
    assert "bad" not in tree
    assert "    n4 H  Far out she saw it.\n    + n7 one  By one.\n" in tree


def test_a_branch_that_failed_is_asked_again_alone(run: Run, served: str, server: Provider) -> None:
    ran = run("grow", served, "--node", "4", "-m", "one", "-m", "bad")
    assert "Asked again, as it was: storyloom grow tide.loom --again n6\n" in ran.err
    server.reset()
    server.answer(lambda _: says("The bell", " rang."))
    ran = run("grow", served, "--again", "n6")
    assert (ran.code, ran.out) == (0, "n7 bad\nThe bell rang.\n\n")
    assert ran.err == "Asking bad again for n6.\n"
    assert [request.model for request in server.requests] == ["bad"]
    for options, why in (
        (("n1",), "No model was asked for n1"),
        (("n99",), "There is no node n99"),
        (("n6", "-n", "2"), "goes with no other option"),
    ):
        ran = run("grow", served, "--again", *options)
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert why in ran.err


@pytest.mark.usefixtures("served")
def test_each_model_that_is_tested_says_whether_it_writes(run: Run, server: Provider) -> None:
    ran = run("models", "test", "one", "bad")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0] == "one: writes (chat)"
    assert lines[1].startswith("  first words after ")
    assert "free here" in lines[1]
    assert lines[2].strip()
    assert lines[3].startswith("bad: ")
    assert len(server.requests) == 2
    assert run("models", "test", "one").code == 0
    ran = run("models", "test", " ")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert len(server.requests) == 3


def test_nothing_at_all_is_exit_code_1(run: Run, served: str) -> None:
    ran = run("grow", served, "-m", "bad")
    assert (ran.code, ran.out) == (1, "")
    assert "0 of 3 branches brought text." in ran.err


def test_the_plan_in_force_and_the_why_are_used(run: Run, served: str, server: Provider) -> None:
    run("plan", "set", served, "--node", "2", "-m", "one", "-m", "two")
    ran = run("grow", served, "--node", "4", "--why", "A bell rings.")
    assert ran.err == "Growing 2 branches of n4: one x1 + two x1.\n"
    assert "A bell rings." in server.requests[-1].prompt
    assert "Far out she saw it." in server.requests[-1].prompt
    ran = run("grow", served, "--node", "4", "-n", "3")
    assert ran.err == "Growing 3 branches of n4: one x2 + two x1.\n"


def test_a_gap_is_filled_and_a_branch_of_it_put_between(
    run: Run, served: str, server: Provider
) -> None:
    server.answer(lambda _: says(" They rowed. Far out she saw"))
    shown = run("context", served, "--before", "4", "-m", "one", "--json")
    ran = run("grow", served, "--before", "4", "-m", "one", "-n", "1")
    assert ran.code == 0
    assert ran.err == (
        "Growing 1 branch between n2 and n4: one x1.\n"
        "'storyloom node between FILE --node ID' puts one before n4.\n"
    )
    sent = server.requests[-1].body["messages"]
    assert sent == json.loads(shown.out)["request"]["messages"]
    assert "Far out she saw it." in sent[-1]["content"]
    shown = run("node", "show", served, "--node", "5")
    assert "written: between n2 and n4\n" in shown.out
    assert shown.out.endswith("\n\n They rowed.\n")
    assert json.loads(run("node", "show", served, "--node", "5", "--json").out)["between"] == [2, 4]
    ran = run("node", "between", served, "--node", "5")
    assert (ran.code, ran.err) == (0, "n4 follows n5 now.\n")
    with Story(Path(served)) as story:
        assert reading.strand_text(story, 4) == (
            "The tide went out and did not come back. She walked after it. They rowed. Far out she "
            "saw it."
        )
    ran = run("node", "between", served, "--node", "5")
    assert (ran.code, ran.err.strip()) == (2, "storyloom: n4 follows n5 already.")
    assert run("undo", served).code == 0
    assert run("node", "between", served, "--node", "5", "--before", "4").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--before", "1"], "where the story begins"),
        (["--before", "4", "--node", "1"], "n4 does not follow n1"),
        (["--before", "99"], "no node n99"),
        (["--before", "2"], "n2 is pruned"),
        (["-n", "0"], "1 to 9 branches"),
        (["-n", "10"], "1 to 9 branches"),
        (["-m", "one", "-m", "two", "-n", "5"], "not 10"),
        (["-m", " "], "cannot be empty"),
        (["--node", "99"], "no node n99"),
        (["--node", "4", "-m", "one"], "n2 is pruned"),
    ],
)
def test_what_cannot_grow_is_refused(
    run: Run, served: str, arguments: list[str], said: str
) -> None:
    run("prune", served, "--node", "2")
    ran = run("grow", served, *arguments)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_keeps_what_has_arrived(
    served: str, server: Provider, number: signal.Signals, code: int
) -> None:
    server.script(Reply((Text("It stayed"), Hold(asyncio.Event()))))
    process = subprocess.Popen(
        [sys.executable, "-m", "storyloom", "grow", served, "-m", "one", "-n", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with Story(Path(served)) as story:
        until(process, lambda: " It stayed" in texts(story))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == code
        assert out == "n5 one\nIt stayed\n\n"
        assert err.splitlines()[1:] == [
            f"storyloom: {'interrupted' if code == 130 else 'told to end'}; "
            "what had arrived is kept."
        ]
        assert growth.result_of(story, 5)["finish"] == "interrupted"


def test_what_a_killed_program_left_is_kept_and_said(
    run: Run, served: str, server: Provider
) -> None:
    server.script(Reply((Text("It stayed"), Hold(asyncio.Event()))))
    process = subprocess.Popen(
        [sys.executable, "-m", "storyloom", "grow", served, "-m", "one", "-n", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with Story(Path(served)) as story:
        until(process, lambda: " It stayed" in texts(story))
        assert "being written" in run("tree", served).out
    process.kill()
    process.wait()
    ran = run("tree", served)
    assert ran.err == "n5 was being written when a program ended; what had arrived is kept.\n"
    assert "n5 one  It stayed  [interrupted]" in ran.out
    assert run("tree", served).err == ""


def test_on_a_terminal_branches_are_drawn_while_they_are_written(
    served: str, server: Provider
) -> None:
    go = asyncio.Event()
    server.script(Reply((Text("It stayed"), Hold(go, pings=True), *says(" away.").steps)))
    program, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "storyloom", "grow", served, "-m", "one", "-n", "1"],
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(terminal)
    drawn = b""
    while b"  It stayed" not in drawn:
        drawn += os.read(program, 4096)
    go.set()
    assert process.stdout is not None
    assert process.stdout.read() == "n5 one\nIt stayed away.\n\n"
    assert process.wait(60) == 0
    process.stdout.close()
    os.close(program)
    # Nothing but moving up, to the line's begin, and erasing is sent to a terminal.
    assert set(re.findall(rb"\x1b\[\d*[^\d]", drawn)) <= {b"\x1b[1A", b"\x1b[2A", b"\x1b[J"}


@pytest.mark.embedded
def test_try_without_a_terminal_grows_three_branches_of_a_sample(run: Run) -> None:
    (paths.made(paths.models_dir()) / weights.FILE).symlink_to(real_weights())
    ran = run("try")
    assert ran.code == 0, ran.err
    assert re.findall(r"^(n\d+) local/smollm2$", ran.out, re.MULTILINE) == ["n2", "n3", "n4"]
    assert "storyloom grow sample" in ran.err
    with Story(paths.saves_dir() / "sample.loom") as story:
        assert len(reading.children(story, 1)) == 3
    assert "My mother left me the ferry" in run("read", "sample").out


def test_the_ends_of_wide_text_fit_their_cells() -> None:
    assert cells("門a") == 3
    assert tail_cells("abcdef", 4) == "…def"
    assert tail_cells("門門門", 5) == "…門門"
    assert tail_cells("abc", 3) == "abc"


def texts(story: Story) -> list[str]:
    rows = story.read.execute(
        f"SELECT text FROM node JOIN rev ON rev.id = node.rev WHERE flags & {STREAMING}"
    ).fetchall()
    return [row[0] for row in rows]


def until(
    process: "subprocess.Popen[str] | subprocess.Popen[bytes]", holds: Callable[[], bool]
) -> None:
    """Return once `holds()`; fail when the process ends before."""
    while not holds():
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"it ended with {process.returncode}")


def test_sketches_are_grown_and_one_of_them_written_out(
    run: Run, served: str, server: Provider, folder: Path
) -> None:
    ran = run("plan", "set", served, "--words", "sketch", "--vary", "tone: dry / tender")
    assert ran.code == 0
    shown = run("plan", "show", served).out
    assert "words         sketch, 2 lines   the story's own\n" in shown
    assert "vary          tone: dry / tender the story's own\n" in shown
    run("grow", served, "-m", "one", "-n", "2")
    assert "+ n5 one  By one.  [sketch, tone: dry]\n" in run("tree", served).out
    assert "+ n6 one  By one.  [sketch, tone: tender]\n" in run("tree", served).out
    facts = run("node", "show", served, "--node", "6").out
    assert "state: a sketch\nvaried by: tone: tender\n" in facts
    ran = run("grow", served, "--node", "5", "-m", "one")
    assert ran.err.startswith("Writing out the sketch n5, 3 branches: one x3.")
    assert "about 60 words" in server.requests[-1].prompt
    assert "Write out this sketch of what comes next: By one." in server.requests[-1].prompt
    assert "Write out this sketch" in run("context", served, "--node", "5", "-m", "one").out
    run("weave", served, "--node", "7")
    ran = run("export", served, "--format", "txt", "-o", "-")
    assert ran.out.count("By one.") == 1, ran.err
    run("node", "sketch", served, "--node", "5", "--remove")
    assert run("export", served, "--format", "txt", "-o", "-").out.count("By one.") == 2
    with Story(folder / served) as story:
        assert not reading.cards(story, [5])[0].sketch


def test_what_branches_cannot_differ_in_is_one_sentence(run: Run, tide: str) -> None:
    ran = run("plan", "set", tide, "--vary", "tone")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "has to be a name, a colon" in ran.err
    assert run("plan", "set", tide, "--words", "novel").code == 2
