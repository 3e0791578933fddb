"""Recorded sessions that nobody wrote, for tests: the lines of CoAuthor's files."""

import json
from pathlib import Path
from typing import Any

from storyloom.exchange.importing import bring_in

__all__ = ["BEGIN", "brought_in", "change", "ferry", "line", "offered"]

BEGIN_AT = 1_700_000_000_000
"""2023-11-14, 22:13:20 UTC."""


def line(name: str, time: int, source: str = "user", **more: Any) -> str:
    """An event, so many milliseconds after the beginning."""
    return json.dumps({"eventName": name, "eventSource": source,
                       "eventTimestamp": BEGIN_AT + time,
                       "textDelta": "", "currentDoc": "", **more})  # fmt: skip


def change(time: int, *ops: dict[str, Any], source: str = "user", name: str = "text-insert") -> str:
    """A change of the text."""
    return line(name, time, source, textDelta={"ops": list(ops)})


def offered(time: int, *texts: str, cursor: int = 0) -> str:
    """Suggestions."""
    return line("suggestion-open", time, "api", currentCursor=cursor, currentSuggestions=[
        {"index": n, "original": text, "trimmed": text.strip(), "probability": 0.5}
        for n, text in enumerate(texts)])  # fmt: skip


BEGIN = line("system-initialize", 0, "api", currentDoc="The sea.\n")


def brought_in(folder: Path, *lines: str) -> Path:
    """The story that a session gives."""
    path = folder / "session.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    return bring_in(path, folder).path


def ferry(folder: Path) -> Path:
    """A story of two forks with a choice at each, and what its author typed between them."""
    first = "Mara counted the bells and wrote the number down in a book of her own."
    offers = (" Nobody came.", " The rope came loose, and the ferry with it.", " It was six.")
    taken, at = offers[1], len(first)
    typed = " She let it go."
    return brought_in(
        folder,
        line("system-initialize", 0, "api", currentDoc=first + "\n"),
        line("suggestion-get", 2_000),
        offered(4_000, *offers, cursor=at),
        change(9_000, {"retain": at}, {"insert": taken}, source="api"),
        *(change(12_000 + 100 * n, {"retain": at + len(taken) + n}, {"insert": letter})
          for n, letter in enumerate(typed)),
        line("suggestion-get", 20_000),
        offered(24_000, " Then it rained.", " Then the bells began.", cursor=10_000),
        change(90_000, {"retain": 10_000}, {"insert": " Then the bells began."}, source="api"),
    )  # fmt: skip
