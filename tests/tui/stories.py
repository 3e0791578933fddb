"""Stories for the screens' tests, made by the functions that authors' keys call."""

import functools
import tempfile
import time
from pathlib import Path

from storyloom import paths
from storyloom.story import growth, marks, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story

__all__ = ["HOSTILE", "grown", "saltmarsh"]

HOSTILE = (
    "\x1b]52;c;UFdORUQ=\x07\x1b[31mred\x9b5m [/] [@click=app.bell]x[/] [$primary] \\[b] "
    "\u202eevil\u2066 a\u200bb \U000e0041 \x00\x07\x7f é\u0301\u0301"
)

_OPENING = (
    "The tide had gone out farther than it should, and left the bell tower standing in its own "
    "mud like a tooth. Tobin's boy was already on the ferry when she came down, sitting where "
    "passengers sit, with no coin in his hand.\n\n"
    '"You keep it," he said. "The word. Uncle says you keep it in your mouth."\n\n'
)
_ROPE = (
    'Mara looked at the rope, at the water, at the rope again. "No," she said, and paid out line '
    "until there was none left to pay.\n\n* * *\n\n"
    "Somewhere under them the tower counted to nine and stopped, the way a man stops when he sees "
    "you are still in the room.\n\n"
)
_BELLS = (
    "Bells at slack water mean somebody is counting. Mara had told the parish that, and the "
    "parish had written it down and lost the book.\n\n"
    "She went anyway. The marsh let go of her boots one at a time, as a debtor lets go of coins, "
    "and when she reached the landing the boat was facing the wrong way."
)
_OTHERS = (
    '"I keep eels," she said, "and a list of people who owe me for the crossing."',
    "The boy had her brother's habit of waiting.",
)


def grown(story: Story, parent: int, model: str, *texts: str) -> list[int]:
    """Add a batch of one model's below a node, as if it had been asked and had answered."""
    body = {"messages": [{"role": "user", "content": "Continue."}]}
    branches = growth.request(story, parent, [Asked(model, body) for _ in texts])
    for branch, text in zip(branches, texts, strict=True):
        growth.finish(story, branch, text, Result("stop"))
    return [branch.node for branch in branches]


_CLOCK = time.time_ns


def saltmarsh(path: Path) -> Path:
    """Make a small story with two chapters, two models, an edit and a weave to its end.

    It is written once in a process and copied, but where a test is about when stories were made.
    """
    if time.time_ns is not _CLOCK or path.parent == paths.saves_dir():
        return _write_saltmarsh(path)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(_saltmarsh())
    return path


@functools.cache
def _saltmarsh() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return _write_saltmarsh(Path(folder) / "saltmarsh.loom").read_bytes()


def _write_saltmarsh(path: Path) -> Path:
    with Story.create(
        path,
        title="Saltmarsh",
        premise="A ferry keeper in a drowned town refuses to say one word.",
        style="Close third person, past tense.",
        opening=_OPENING,
    ) as story:
        rope, *_ = grown(story, 1, "openai/gpt-4o-mini", _ROPE, *_OTHERS)
        bells, _ = grown(story, rope, "anthropic/claude-sonnet-4-5", _BELLS, _OTHERS[0])
        shape.edit(story, bells, _BELLS.replace("lost the book", "mislaid the book at once"))
        marks.set_chapter(story, 1, "The ferry")
        marks.set_chapter(story, bells, "Low bells")
        weaves.set_weave(story, bells)
    return path
