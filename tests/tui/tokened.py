"""A story with a passage whose tokens are known, for the tests of their screen."""

import re
from pathlib import Path

from storyloom.story import growth
from storyloom.story.drawn import DrawnToken
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story

__all__ = ["PASSAGE", "tokened"]

PASSAGE = (
    " The keeper wound the rope twice around her wrist and let the bell speak for both of them.\n\n"
    "“Low water,” he said, as if that were an answer, and the lamp went out behind him. Nobody in "
    "the drowned town counted the strokes any more; the ferry came when the ferry came."
)
_LIKELY = (-0.05, -0.4, -1.2, -0.1, -2.4, -0.02, -4.8, -0.9)
_OTHERS = ((" sea", -0.9), ("\n", -1.6), (" nobody", -2.2), (" ‘Ebb", -3.1), ("<|im_end|>", -5.0))


def tokened(path: Path) -> Path:
    """Make a story in which n2 has its tokens; each fourth has no alternatives."""
    with Story.create(path, title="Saltmarsh", opening="The tide had taken the road.") as story:
        (place,) = growth.request(story, 1, [Asked("local/smollm2", {"prompt": "p"})])
        tokens: list[DrawnToken] = []
        for number, found in enumerate(re.finditer(r"\n+| ?[\w’]+|[^\w\s]", PASSAGE)):
            others = () if number % 4 == 3 else _OTHERS
            tokens.append(DrawnToken(*found.span(), _LIKELY[number % len(_LIKELY)], others))
        growth.finish(story, place, PASSAGE, Result("stop"), tokens)
    return path
