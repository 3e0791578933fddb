"""A whole story written by a script: every verb, one by one, and all of it taken back."""

import json

from tests.cli.conftest import Run


class Script:
    """Calls commands as a shell script does, and counts the steps that can be taken back."""

    def __init__(self, run: Run, story: str) -> None:
        self._run = run
        self._story = story
        self.steps = 0

    def ask(self, *words: str) -> str:
        """Return what a command prints that changes nothing."""
        ran = self._run(*self._with_file(words))
        assert ran.code == 0, ran.err
        return ran.out

    def step(self, *words: str) -> str:
        """Return the one word that a command prints, perhaps none, which is one step."""
        self.steps += 1
        out = self.ask(*words)
        assert out.count("\n") <= 1
        return out.strip()

    def node(self, verb: str, node: str, *words: str) -> str:
        """Take a step with one node."""
        return self.step("node", verb, "--node", node, *words)

    def state(self) -> list[str]:
        """Return all that can be seen of the story but its log."""
        return [
            self.ask(*words.split())
            for words in (
                "tree --full --pruned", "read", "weave --list", "chapter", "lore list", "about",
                "nodes --bookmarks", "node show --node n1 --json", "plan show",
            )
        ]  # fmt: skip

    def _with_file(self, words: tuple[str, ...]) -> list[str]:
        verbs = 2 if words[0] in ("node", "lore", "plan") else 1
        return [*words[:verbs], self._story, *words[verbs:]]


def test_a_story_is_written_by_a_script_and_wholly_taken_back(run: Run) -> None:
    run("new", "tide", "--opening", "The tide went out and did not come back.")
    script = Script(run, "tide.loom")
    purged = script.ask("node", "write", "--node", "n1", "--text", "Gone.").strip()
    script.ask("node", "prune", "--node", purged)
    script.ask("node", "purge", "--node", purged, "--yes", "1")
    start = script.state()

    sea = script.node("write", "n1", "--text", "She walked after it.")
    late = script.node("write", sea, "--beside", "--text", "He stayed. The bell rang twice.")
    bell = script.node("split", late, "--before", "The bell")
    far = script.node("write", sea, "--text", "Far out she saw it.")
    script.node("edit", far, "--text", " Far out she heard it.")
    copy = script.node("copy", sea, "--to", late)
    script.node("move", copy, "--before", sea)
    script.node("move", copy, "--down")
    script.node("move", copy, "--after", bell)
    script.node("move", far, "--to", copy)
    script.node("note", far, "--text", "eels: too cute?")
    script.node("tag", far, "--add", "sea")
    script.node("tag", far, "--remove", "sea")
    script.node("tag", sea, "--add", "sea")
    script.node("bookmark", copy, "--name", "where it turns")
    script.node("prune", far)
    script.node("restore", far)
    script.node("keep", copy)
    script.node("restore", sea)
    script.node("restore", bell)
    assert script.node("join", late) == late
    script.step("weave", "--node", copy)
    script.step("weave", "--name", "sad end", "--node", late)
    script.step("weave", "--name", "sad end", "--rename", "bell")
    script.step("weave", "--end", "--node", "n1")
    script.step("weave", "--node", copy)
    script.step("chapter", "--node", sea, "--title", "Low bells")
    script.step("plan", "set", "-m", "openai/one")
    script.step("about", "--words", "90")
    script.step("about", "--style", "Plain words.")
    uid = script.step("lore", "set", "--title", "The bell", "--key", "bell")
    script.step("lore", "set", "--uid", uid, "--constant")
    script.step("lore", "remove", uid)
    script.step("weave", "--name", "bell", "--delete")

    assert json.loads(script.ask("node", "show", "--node", far, "--json"))["note"]
    assert script.ask("nodes", "--tag", "sea").split()[0] == sea
    assert f"{far} text Far out she heard it.\n" in script.ask("find", "--below", copy, "heard")
    assert script.ask("node", "children", "--node", copy).count("\n") == 2
    assert "all is well" in script.ask("check")
    end = script.state()
    assert end != start

    script.ask("undo", "-n", str(script.steps))
    assert script.state() == start
    assert run("undo", "tide.loom").err == "storyloom: There is nothing to undo.\n"
    assert "all is well" in script.ask("check")
    script.ask("redo", "-n", str(script.steps))
    assert script.state() == end
    assert "all is well" in script.ask("check")
