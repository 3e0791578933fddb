"""A program that is killed at any moment loses nothing that it has said was saved."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story import check, growth, marks, reading
from storyloom.story.story import Story

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")

_NURSERY = """
import os, random, sys
from pathlib import Path
from storyloom.story import growth, history, marks, placing, purging, reading, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.text import Refusal

def say(*what):
    os.write(1, (" ".join(map(str, what)) + "\\n").encode())

def write(path, seed):
    chance = random.Random(seed)
    story = Story(path)
    growth.recover(story)
    say("ready", os.getpid())
    number = 0
    while True:
        number += 1
        nodes = reading.children(story, 1)
        parent = chance.choice([1, 1, *nodes])
        node = shape.write_child(story, parent, f"Passage {number}. ")
        say("text", node, f"Passage {number}.")
        step = chance.randrange(8)
        try:
            if step == 0:
                shape.edit(story, node, f"Passage {number}, edited.")
                say("text", node, f"Passage {number}, edited.")
            elif step == 1:
                first = shape.split(story, node, 4)
                say("text", first, "Pass")
                say("text", node, f"age {number}.")
                shape.join(story, node)
                say("text", node, f"Passage {number}.")
            elif step == 2:
                say("text", placing.copy(story, node, 1), f"Passage {number}.")
            elif step == 3 and nodes:
                placing.move(story, node, chance.choice(nodes))
                say("parent", node, reading.cards(story, [node])[0].parent)
            elif step == 4:
                marks.set_text(story, node, "note", f"note {number}")
                weaves.set_weave(story, node)
                say("note", node, f"note {number}")
            elif step == 5:
                shape.prune(story, node)
                say("pruned", node, 1)
                if chance.random() < 0.5:
                    purging.purge(story, [node])
                    say("purged", node, 1)
                else:
                    history.undo(story)
                    say("pruned", node, 0)
            else:
                places = growth.request(story, node, [Asked("m", {"prompt": "p"})] * 2)
                for count in range(1, 6):
                    growth.flush(story, {place.rev: "piece " * count for place in places})
                    for place in places:
                        say("streamed", place.node, count)
                for place in places:
                    growth.finish(story, place, "piece " * 6, Result("stop"))
                    say("streamed", place.node, 6)
        except Refusal:
            pass

for line in sys.stdin:
    path, seed = line.split()
    child = os.fork()
    if not child:
        write(Path(path), int(seed))
    os.waitpid(child, 0)
    say("dead")
"""


class Nursery:
    """A program that brings up writers, each of which is killed; what is imported is so once."""

    def __init__(self) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-c", _NURSERY],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def killed(self, path: Path, seed: int, after: int) -> list[list[str]]:
        """Let a writer say `after` things, kill it, and return all that it said it had done."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        lines = self._program.stdout
        self._program.stdin.write(f"{path} {seed}\n")
        said: list[str] = []
        ready = lines.readline().split()
        assert ready[0] == "ready"
        while len(said) < after:
            said.append(lines.readline())
        # A little later, at no particular moment of what it does next.
        for _ in range(seed % 7 * 2_000):
            pass
        os.kill(int(ready[1]), signal.SIGKILL)
        while (line := lines.readline()) != "dead\n":
            said.append(line)
        return [line.split(maxsplit=2) for line in said]

    def end(self) -> None:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.close()
        self._program.wait()
        self._program.stdout.close()


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.end()


def state_of(story: Story, what: str, node: int) -> str:
    """What the story has of a thing that a writer has said."""
    if what == "note":
        return marks.text_of(story, node, "note")
    if what == "parent":
        return str(reading.cards(story, [node])[0].parent)
    flags = story.read.execute("SELECT flags FROM node WHERE id = ?", (node,)).fetchone()[0]
    if what in ("pruned", "purged"):
        return str(int(bool(flags & {"pruned": 1, "purged": 8}[what])))
    (text,) = story.read.execute(
        "SELECT text FROM rev JOIN node ON node.rev = rev.id WHERE node.id = ?", (node,)
    ).fetchone()
    return text.strip()


def test_every_acknowledged_step_survives_two_hundred_kills(path: Path, nursery: Nursery) -> None:
    moments = random.Random(7)
    interrupted = steps = 0
    for number in range(200):
        if number % 10 == 0:
            path.unlink(missing_ok=True)
            Story.create(path, opening="Begin.").close()
        said = nursery.killed(path, number, moments.randrange(1, 60))
        steps += len(said)
        last = {(what, int(node)): value.strip() for what, node, value in said}
        with Story(path) as story:
            recovered = growth.recover(story)
            interrupted += len(recovered)
            assert check.check(story).faults == []
            assert story.read.execute("SELECT 1 FROM node WHERE flags & 4").fetchall() == []
            # The step that was made when the kill came may be there and not have been said.
            newest = story.read.execute(
                "SELECT DISTINCT owner FROM change WHERE op IN (SELECT id FROM op "
                "WHERE kind NOT GLOB 'session.*' AND kind <> 'gen.interrupted' "
                "ORDER BY id DESC LIMIT 1)"
            ).fetchall()
            unsaid = {row[0] for row in newest}
            gone = {
                node for (what, node), value in last.items() if (what, value) == ("purged", "1")
            }
            for (what, node), value in last.items():
                if what == "streamed":
                    assert state_of(story, "text", node).count("piece") >= int(value)
                elif node not in unsaid and (node not in gone or what == "purged"):
                    assert state_of(story, what, node) == value
            for node in recovered:
                assert growth.result_of(story, node)["finish"] == "interrupted"
                text = state_of(story, "text", node)
                assert reading.exists(story, node) == bool(text)
    assert interrupted > 20
    assert steps > 4_000
    assert os.listdir(path.parent) == [path.name]


_CREATOR = """
import sys
from pathlib import Path
from storyloom.story.story import Story
import sqlite_utils
for number in range(10_000):
    Story.create(Path(sys.argv[1]) / f"{number}.loom", opening="Whole.").close()
    print(number, flush=True)
"""


def test_a_story_that_is_there_is_whole(path: Path) -> None:
    moments = random.Random(3)
    for _ in range(5):
        creator = subprocess.Popen(
            [sys.executable, "-c", _CREATOR, str(path.parent)], stdout=subprocess.PIPE, text=True
        )
        assert creator.stdout is not None
        for _ in range(moments.randrange(1, 6)):
            creator.stdout.readline()
        # It goes on meanwhile, and is somewhere in making another one.
        for _ in range(moments.randrange(200_000)):
            pass
        creator.kill()
        creator.stdout.close()
        creator.wait()
        for made in path.parent.glob("*.loom"):
            with Story(made) as story:
                assert reading.strand_text(story, reading.root(story)) == "Whole."
                assert check.check(story).faults == []
            made.unlink()
