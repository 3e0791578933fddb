"""Who wrote which characters of a text: runs, and what an edit does to them.

A text's runs partition it: each says an origin and a number of code points, and their sum is the
text's length. Origins are `human`, `paste`, `import:<source>` and `model:<provider/model>`. No
function here looks at a story or a screen.
"""

import difflib
import json
import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["HUMAN", "PASTE", "Run", "Runs", "attributed", "by_origin", "dumped", "joined",
           "loaded", "model_origin", "spliced", "split", "whole"]  # fmt: skip

HUMAN = "human"
PASTE = "paste"
PASTE_LENGTH = 20
"""Code points from which pasted text is `paste`; a shorter one counts as typed."""

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


class Run(NamedTuple):
    """A stretch of text of one origin."""

    origin: str
    length: int
    """Code points, at least 1."""
    gen: int | None = None
    """The generation a model's characters came from."""


Runs = tuple[Run, ...]


def model_origin(model: str) -> str:
    """Return the origin of text by that model."""
    return f"model:{model}"


def whole(text: str, origin: str, gen: int | None = None) -> Runs:
    """Return the runs of a text that has one origin throughout."""
    return (Run(origin, len(text), gen),) if text else ()


def joined(*parts: Iterable[Run]) -> Runs:
    """Return the runs of texts put one behind the other, equal neighbours merged."""
    out: list[Run] = []
    for part in parts:
        for run in part:
            if run.length <= 0:
                continue
            last = out[-1] if out else None
            if last is not None and (last.origin, last.gen) == (run.origin, run.gen):
                out[-1] = last._replace(length=last.length + run.length)
            else:
                out.append(run)
    return tuple(out)


def split(runs: Runs, at: int) -> tuple[Runs, Runs]:
    """Return the runs before and from code point `at`."""
    before: list[Run] = []
    after: list[Run] = []
    for run in runs:
        taken = max(0, min(run.length, at))
        before.append(run._replace(length=taken))
        after.append(run._replace(length=run.length - taken))
        at -= run.length
    return joined(before), joined(after)


def spliced(runs: Runs, at: int, deleted: int, inserted: Runs) -> Runs:
    """Return the runs after `deleted` code points at `at` gave way to text with those runs."""
    before, rest = split(runs, at)
    return joined(before, inserted, split(rest, deleted)[1])


def attributed(old: str, runs: Runs, new: str) -> Runs:
    """Return the runs of `new`, into which a person made `old` in an editor we did not watch.

    Words that a diff finds equal keep their origin and all else is human. An equal stretch with no
    word in it (a space, a comma) between changed ones is human too, so that a full rewrite is
    wholly human however many commas it shares with what it replaced.
    """
    if old == new:
        return runs
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    starts = [0]
    for token in a:
        starts.append(starts[-1] + len(token))
    parts: list[Runs] = []
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        if tag == "equal" and any(token[0].isalnum() or token[0] == "_" for token in a[a1:a2]):
            parts.append(split(split(runs, starts[a1])[1], starts[a2] - starts[a1])[0])
        elif tag != "delete":
            parts.append(whole("".join(b[b1:b2]), HUMAN))
    return joined(*parts)


def by_origin(runs: Runs) -> dict[str, int]:
    """Return how many code points each origin has, in order of first appearance."""
    out: dict[str, int] = {}
    for run in runs:
        out[run.origin] = out.get(run.origin, 0) + run.length
    return out


def dumped(runs: Runs) -> str:
    """Return the runs as the JSON text that the file holds: `[[origin, length, gen?], …]`."""
    return json.dumps(
        [list(run) if run.gen is not None else list(run[:2]) for run in runs],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def loaded(text: str) -> Runs:
    """Return the runs that `dumped` wrote."""
    return tuple(Run(*item) for item in json.loads(text))
