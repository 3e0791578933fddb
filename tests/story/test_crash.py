"""A program that is killed at any moment loses nothing that it has said was saved."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storyloom.story import check, growth, reading
from storyloom.story.story import Story

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")

_WRITER = """
import sys
from pathlib import Path
from storyloom.story import growth, history, shape
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story

story = Story(Path(sys.argv[1]))
growth.recover(story)
def say(*what):
    sys.stdout.write(" ".join(map(str, what)) + "\\n")
    sys.stdout.flush()
say("ready")
number = 0
while True:
    number += 1
    node = shape.write_child(story, 1, f"Passage {number}.")
    say("written", node, number)
    shape.edit(story, node, f"Passage {number}, edited.")
    say("edited", node, number)
    shape.split(story, node, 4)
    history.undo(story)
    places = growth.request(story, node, [Asked("m", {"prompt": "p"})] * 2)
    for count in range(1, 6):
        growth.flush(story, {place.rev: "piece " * count for place in places})
        for place in places:
            say("flushed", place.node, count)
    for place in places:
        growth.finish(story, place, "piece " * 6, Result("stop"))
        say("finished", place.node, 6)
"""


def killed_at_some_moment(path: Path, wait: float) -> list[list[str]]:
    """Run the writer, kill it, and return what it said it had done."""
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    time.sleep(wait)
    writer.send_signal(signal.SIGKILL)
    said = writer.stdout.read().splitlines(keepends=True)
    writer.stdout.close()
    writer.wait()
    # The last line may be cut off by the kill, and says nothing then.
    return [line.split() for line in said if line.endswith("\n")]


def test_every_acknowledged_step_survives_a_kill(path: Path) -> None:
    Story.create(path, opening="Begin.").close()
    moments = random.Random(7)
    interrupted = 0
    for _ in range(30):
        said = killed_at_some_moment(path, moments.uniform(0.0, 0.06))
        with Story(path) as story:
            recovered = growth.recover(story)
            assert check.check(story).faults == []
            assert story.read.execute("SELECT 1 FROM node WHERE flags & 4").fetchall() == []
            texts = {
                node: reading.pieces(story, [node])[0].text
                for node in {int(line[1]) for line in said} | set(recovered)
            }
            for what, node, number in said:
                text = texts[int(node)]
                if what == "written":
                    assert text.startswith(f"Passage {number}") or text == f"age {number}, edited."
                elif what == "edited":
                    assert text in (f"Passage {number}, edited.", f"age {number}, edited.")
                else:
                    assert text.count("piece ") >= int(number)
            for node in recovered:
                interrupted += 1
                assert growth.result_of(story, node)["finish"] == "interrupted"
                assert reading.exists(story, node) == bool(texts[node])
    assert interrupted
    assert os.listdir(path.parent) == [path.name]


_CREATOR = """
import sys
from pathlib import Path
from storyloom.story.story import Story
import sqlite_utils
print("ready", flush=True)
for number in range(10_000):
    Story.create(Path(sys.argv[1]) / f"{number}.loom", opening="Whole.").close()
"""


def test_a_story_that_is_there_is_whole(path: Path) -> None:
    moments = random.Random(3)
    for _ in range(5):
        creator = subprocess.Popen(
            [sys.executable, "-c", _CREATOR, str(path.parent)], stdout=subprocess.PIPE, text=True
        )
        assert creator.stdout is not None
        creator.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.05))
        creator.kill()
        creator.stdout.close()
        creator.wait()
        for made in path.parent.glob("*.loom"):
            with Story(made) as story:
                assert reading.strand_text(story, reading.root(story)) == "Whole."
                assert check.check(story).faults == []
            made.unlink()
