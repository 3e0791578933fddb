"""What a person is told of a re-run before it begins: sentences for the screen and the shell."""

from collections import Counter
from collections.abc import Iterator

from storyloom.generate import caps
from storyloom.generate.plan import short
from storyloom.generate.rerun_preview import Preview
from storyloom.text import grouped

__all__ = ["costs", "foretold"]

_WAYS = {
    "siblings": "beside those of then",
    "parallel": "for a new story; what is written by hand is copied",
    "verify": "to be compared with those of then, and pruned",
}


def foretold(preview: Preview, *, cassette: bool = False) -> list[str]:
    """Return what a run would do, what it costs, what it leaves out and what chance decides, a
    sentence each. With a `cassette` nobody is asked.
    """
    return list(_sentences(preview, cassette=cassette))


def _sentences(preview: Preview, *, cassette: bool) -> Iterator[str]:
    wish = preview.wish
    whom = "each model again" if wish.mode == "verify" else short(wish.model)
    forks = _many(len({due.batch.op for due in preview.due}), "batch", "batches")
    branches = _many(preview.calls, "branch", "branches")
    if preview.done:
        yield f"{_many(preview.done, 'batch is', 'batches are')} there already."
    if not preview.due:
        yield "There is nothing to be asked for."
    elif cassette:
        yield (
            f"{preview.run}: {branches} of {forks}, {_WAYS[wish.mode]}, from the cassette: no "
            "model is asked, nothing is sent, and it costs nothing."
        )
    else:
        yield f"{preview.run} asks {whom} for {branches} of {forks}, {_WAYS[wish.mode]}."
        about = "About" if wish.mode == "parallel" else "Some"
        yield (
            f"{about} {grouped(preview.tokens)} tokens go out, at most {grouped(preview.room)} "
            f"come back; {costs(preview)}."
        )
    if preview.anew:
        whole = preview.anew == len(preview.due)
        which = "All requests are" if whole else _many(preview.anew, "request is", "requests are")
        yield (
            f"{which} put together anew from the strand as it is, as this is another kind of model"
            f"{'.' if whole else '; the others are sent to the letter.'}"
        )
    if preview.left:
        reasons = Counter(left.why for left in preview.left)
        said = ", ".join(f"{count} {why}" for why, count in reasons.most_common())
        yield f"Left out: {said}."
    if not cassette and preview.due:
        yield _chance(preview)


def costs(preview: Preview) -> str:
    """Return what a run may cost, as the end of a sentence."""
    if preview.dollars is None:
        return "nobody knows what that costs"
    if not preview.dollars:
        return "it costs nothing, as the model runs here"
    cap = preview.wish.cap
    under = f", of a cap of {caps.exactly(cap)}" if cap is not None else ""
    return f"it costs {caps.dollars(preview.dollars)} at most{under}"


def _chance(preview: Preview) -> str:
    deaf = sorted(
        short(name)
        for (name, gap), known in preview.models.items()
        if not gap and known.facts is not None and "seed" in known.facts.refuses
    )
    what = "What comes is chance: a run can be had again from the cassette alone"
    return f"{what}; {', '.join(deaf)} takes no seed." if deaf else f"{what}."


def _many(number: int, one: str, several: str) -> str:
    return f"{grouped(number)} {one if number == 1 else several}"
