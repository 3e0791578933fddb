"""The author's own editor, $VISUAL or $EDITOR: its command, its environment, its file.

How it is run is for the caller, as a screen has to go on streaming meanwhile.
"""

import os
import shlex

from storyloom.text import Refusal, clean, one_line

__all__ = ["MARK", "command", "content_for", "passage_in", "without_keys"]

MARK = "<!-- storyloom: the passage begins below this line -->"
_SECRET = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def command() -> list[str]:
    """Return the editor and its arguments. Raises Refusal when none is set."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(named)
    except ValueError as error:
        raise Refusal(f"$EDITOR cannot be understood: {error}.") from error
    if not words:
        raise Refusal("There is no editor; set EDITOR.")
    return words


def without_keys() -> dict[str, str]:
    """Return the environment without keys: an editor runs plug-ins that have no use for them."""
    return {name: value for name, value in os.environ.items() if not name.upper().endswith(_SECRET)}


def content_for(text: str, before: str) -> str:
    """Return a file for the editor: three lines of comment, of which one tells what stands
    before the passage, then the passage and the line end that every editor wants.
    """
    # Two hyphens would end the comment.
    lead = one_line(before[-400:]).replace("--", "—")[-60:].partition(" ")[2]
    head = f"<!-- after: …{lead} -->\n<!-- leave with an error to change nothing -->\n{MARK}\n"
    return f"{head}{text}\n"


def passage_in(raw: bytes) -> str:
    """Return the passage from what an editor wrote, without the comments and the last line end.

    Raises Refusal when it is not UTF-8.
    """
    try:
        content = clean(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refusal("What the editor wrote is not UTF-8; nothing was changed.") from error
    _, mark, passage = content.partition(MARK + "\n")
    text = passage if mark else content
    return text.removesuffix("\n")
