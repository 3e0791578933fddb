"""Makes `version-1.loom`, a story in the first version of the file, beside this script.

The file was made by Storyloom as of git commit 99e0747, the last one whose files had version 1.
The tests only read it. Another one would be made by

    git worktree add /tmp/old 99e0747
    PYTHONPATH=/tmp/old python tests/story/data/make_version_1.py
    git worktree remove /tmp/old
"""

import sys
from pathlib import Path

from storyloom.story import growth, history, marks, place, rows, schema, shape
from storyloom.story.growth import Asked, Placeholder, Result
from storyloom.story.origins import PASTE, Run
from storyloom.story.story import Story

CHAT = {"messages": [{"role": "system", "content": "Élodie writes of the sea."},
                     {"role": "user", "content": "Go on."}]}  # fmt: skip


def asked(story: Story, parent: int, count: int, why: str = "") -> list[Placeholder]:
    """Branches of two models that nothing has been written of yet."""
    models = [("m/one", {"temperature": 0.7}), ("m/two", {"max_tokens": 200, "stop": ["\n"]})]
    return growth.request(
        story,
        parent,
        [Asked(models[at % 2][0], CHAT, models[at % 2][1]) for at in range(count)],
        why=why,
        plan="m/one, m/two",
    )


def write(path: Path) -> None:
    """Write a story that has something of everything that version 1 knew."""
    with Story.create(
        path, title="Salt", premise="A ferry.", style="Dry.", opening="The sea was iron."
    ) as story:
        edited = shape.write_child(story, 1, " Nobody spoke, nobody moved.")
        shape.edit(story, edited, " Nobody spoke. Mara laughed.")
        shape.edit(story, edited, " Mara laughed.", (Run("human", 6), Run(PASTE, 8)))
        history.undo(story)
        split = shape.write_child(story, edited, " It rained for days. The ferry was late.")
        marks.set_chapter(story, split, "Rain", 1)
        marks.set_chapter(story, split, "The ferry", 21)
        marks.set_text(story, split, "note", "Cut this in two.")
        shape.split(story, split, 20)
        middle = shape.write_child(story, split, " The bell rang")
        joined = shape.write_child(story, middle, " and nobody came.")
        marks.set_text(story, middle, "note", "Of the bell.")
        shape.join(story, joined)
        branches = asked(story, joined, 3, "Somebody has to come.")
        growth.finish(
            story, branches[0], " Jon came.", Result("stop", facts={"cost": 0.0125, "in": 90})
        )
        growth.finish(story, branches[1], " Nobody.", Result("length", facts={"out": 4}))
        growth.finish(story, branches[2], "", Result("error", "The key is missing."))
        marks.set_text(story, branches[0].node, "reason", "He was promised.")
        marks.set_text(story, branches[0].node, "label", "Jon")
        marks.set_text(story, joined, "plan", "m/one x2")
        marks.set_weave(story, branches[0].node)
        shape.edit(story, branches[1].node, " Nobody at all.")
        aside = shape.write_sibling(story, joined, " Aside é界🜁.")
        long = shape.write_child(story, aside, " It went on and on." * 250)
        shape.prune(story, long)
        cut = shape.write_child(story, aside, " Cut.")
        shape.write_child(story, cut, " Below the cut.")
        shape.prune(story, cut)
        kept = shape.write_child(story, 1, " Another way.")
        for number in range(4):
            shape.write_child(story, kept, f" Way {number}.")
        shape.keep_only(story, shape.write_child(story, kept, " The only way."))
        marks.set_text(story, kept, "why", "To see.")
        undone = asked(story, kept, 1)
        growth.finish(story, undone[0], " Taken back.", Result("stop"))
        history.undo(story)
        strand = 1
        for number in range(40):
            strand = shape.write_child(story, strand, f" Step {number}.")
        rows.fold(story, kept, True)
        place.remember(story, node=joined, view="tree")
    with Story(path) as story:
        # A program that is no more was writing this one.
        (interrupted,) = asked(story, 1, 1)
        growth.flush(story, {interrupted.rev: " What had arrived"})
    with Story(path) as story:
        assert growth.recover(story) == [interrupted.node]
        shape.write_child(story, joined, " Taken back too.")
        history.undo(story)


if __name__ == "__main__":
    if schema.VERSION != 1:
        sys.exit("This writes files of version 1 only with the code of that time; see above.")
    target = Path(__file__).with_name("version-1.loom")
    target.unlink(missing_ok=True)
    write(target)
