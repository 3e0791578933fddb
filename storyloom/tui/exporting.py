"""The weave written to a Markdown file from any screen, in a thread."""

import asyncio
import os
from pathlib import Path

from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["default_name", "export"]


def default_name(title: str) -> str:
    """Return the file that an export of a story with that title is offered to be written to."""
    from storyloom.exchange.files import slug

    return f"{slug(title)}.md"


async def export(path: Path, name: str, node: int | None = None) -> str:
    """Write the weave of a story file, or the strand to `node`, and return a sentence that says so.

    Raises Refusal when there is a file of that name, or it cannot be written.
    """
    target = Path(os.path.expanduser(name))
    if os.path.lexists(target) and not target.is_dir():
        raise Refusal(f"{one_line(name)} is there already; choose another name.")
    return await asyncio.to_thread(_write, path, target, node)


def _write(path: Path, target: Path, node: int | None) -> str:
    from storyloom.exchange.book import book_of
    from storyloom.exchange.files import write_new
    from storyloom.exchange.writers.markdown import markdown

    with Story(path) as story:
        book = book_of(story, node)
    write_new(target, markdown(book))
    return f"{one_line(book.title)} is in {one_line(str(target.absolute()))}."
