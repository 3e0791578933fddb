"""A weave's history as a writing session of the CoAuthor data set, one event a line.

The lines have the 17 keys of version 1.0 in their order, and what the logger of CoAuthor writes
into them (Lee, Liang and Yang 2022, coauthor.stanford.edu; frontend/js/logging.js and config.js of
minalee-research/coauthor-interface; the data set itself). Offsets are UTF-16 units of a Quill
document, which ends in a line break of its own.

How a tree becomes one text is told in `linear`. `api` is what models wrote, `user` everything else:
typed, pasted, imported. So what `api` inserted and nobody deleted is as long as the part of the
models in the program's own account. `currentDoc` is the text of the first passage as it was first
written, where no model wrote it.

A batch is shown when all of it has come, or as much of it as has when the author goes on with one
of its branches. What comes after that is shown only where the batch is shown once more, as it is
when a branch is taken behind which something else was shown or written.

Nobody records where an author's eye or cursor is, so there are no events `suggestion-hover`, `-up`
and `-down` and none of the cursor alone. Where it is not known how likely a suggestion was, its
probability is null; a parameter that was not sent, or not yet, is "".
"""

import json
from collections.abc import Iterator
from typing import Any

from storyloom.exchange.happenings import (
    Asked,
    Began,
    Edited,
    Happening,
    LeftAlone,
    Offered,
    Taken,
)
from storyloom.exchange.linear import Progress, history
from storyloom.story.drafts import Draft, Request
from storyloom.story.story import Story

__all__ = ["lines"]

_PARAMETERS = {
    "currentMaxToken": "max_tokens",
    "currentTemperature": "temperature",
    "currentTopP": "top_p",
    "currentPresencePenalty": "presence_penalty",
    "currentFrequencyPenalty": "frequency_penalty",
}


def lines(story: Story, node: int, progress: Progress = lambda _, __: None) -> Iterator[str]:
    """Yield the lines of the strand that ends in `node`, each with its line end.

    They are made as they are asked for. Raises Refusal as `linear.history` does.
    """
    writer = _Writer()
    for happening in history(story, node, progress):
        yield from (json.dumps(event) + "\n" for event in writer.events(happening))


class _Writer:
    """Holds what each event says of the moment."""

    def __init__(self) -> None:
        self._number = 0
        self._index = 0
        self._hover: int | str = ""
        self._sent = _parameters(Request(0, {}))

    def events(self, of: Happening) -> Iterator[dict[str, Any]]:
        """Yield the events that something gives, at least one."""
        match of:
            case Began():
                yield self._event("system-initialize", "api", of, currentDoc=of.text + "\n")
            case Asked():
                self._sent = _parameters(of.request)
                yield self._event("suggestion-get", "user", of)
            case Offered():
                self._index = 0
                shown = [_suggestion(*each) for each in enumerate(of.drafts)]
                yield self._event("suggestion-open", "api", of, currentSuggestions=shown)
            case Taken():
                self._index = self._hover = of.which
                yield self._event("suggestion-select", "user", of)
                yield self._event("suggestion-close", "api", of)
            case LeftAlone():
                yield self._event("suggestion-close", "user", of)
            case Edited():
                inserts = any(name == "insert" for name, _ in of.ops)
                name = "text-insert" if inserts else "text-delete"
                ops = [{name: what} for name, what in of.ops]
                source = "api" if of.by_model else "user"
                yield self._event(name, source, of, textDelta={"ops": ops})

    def _event(self, name: str, source: str, of: Happening, **more: Any) -> dict[str, Any]:
        number = self._number
        self._number += 1
        return {
            "eventName": name,
            "eventSource": source,
            "eventTimestamp": of.time,
            "textDelta": "",
            "cursorRange": "",
            "currentDoc": "",
            "currentCursor": of.at,
            "currentSuggestions": [],
            "currentSuggestionIndex": self._index,
            "currentHoverIndex": self._hover,
            **self._sent,
            **more,
            "eventNum": number,
        }


def _suggestion(index: int, draft: Draft) -> dict[str, Any]:
    return {
        "index": index,
        "original": draft.text,
        "trimmed": draft.text.strip(),
        "probability": draft.probability,
    }


def _parameters(request: Request) -> dict[str, str]:
    """Return the parameters as CoAuthor has them, all of them strings."""
    sent = {theirs: _number(request.params.get(ours)) for theirs, ours in _PARAMETERS.items()}
    return {"currentN": _number(request.branches or None), **sent}


def _number(value: object) -> str:
    if not isinstance(value, int | float):
        return ""
    return str(int(value)) if value == int(value) else str(value)
