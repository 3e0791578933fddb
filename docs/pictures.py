"""Draws the pictures of this folder: each screen of the program, on a story that ships with it.

    python docs/pictures.py [NAME ...]

Run it from the checkout with the program installed. It opens the program's own screens without a
terminal, in a home folder of its own, presses keys as an author would, and writes what is drawn as
SVG. No model is asked and nothing of the user's is read or written.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent
STORY = DOCS.parent / "saves" / "third-cook.loom"


@dataclass(frozen=True)
class Picture:
    """One picture: how large the terminal is, and the keys that lead to it."""

    keys: Sequence[str] = ()
    size: tuple[int, int] = (120, 40)
    theme: str = "dusk"
    library: bool = False
    """Whether it begins at the library, and not in the story."""
    lore: bool = False
    """Whether the story has lore."""


LORE = (
    {"title": "The captain", "keys": ["captain"], "content": "Salutes a portrait upside down."},
    {"title": "The hatch", "keys": ["hatch", "galley"], "content": "Painted shut; someone knocks."},
    {"title": "Mrs Abara", "keys": ["Abara"], "content": "Third cook of the ship above. A niece."},
    {"title": "The harbour", "keys": ["harbour", "pilot"], "content": "Nobody has seen it since."},
)

PICTURES = {
    "loom": Picture(("h", "h", "h", "h")),
    "loom-80x24": Picture(("h", "h", "h", "h"), (80, 24)),
    "tree-80x24": Picture(("h", "h", "h", "h", "v"), (80, 24)),
    "timeline-80x24": Picture(("v", "v"), (80, 24)),
    "compare": Picture(("h", "h", "h", "h", "c")),
    "reader": Picture(("r", "p"), theme="paper"),
    "replay": Picture(("R", "8")),
    "replay-80x24": Picture(("R", "8"), (80, 24)),
    "play": Picture(("P", "<"), (80, 24)),
    "context": Picture(("I",)),
    "editor": Picture(("h", "h", "h", "h", "h", "h", "h", "e"), (80, 24)),
    "lore": Picture(("h", "h", "h", "L"), lore=True),
    "lore-entry": Picture(("h", "h", "h", "L", "e"), (80, 24), lore=True),
    "cost": Picture(("$",), (80, 24)),
    "export": Picture((":", *"export", "enter")),
    "export-80x24": Picture((":", *"export", "enter"), (80, 24)),
    "split": Picture(("h", "h", "h", "h", "s"), (80, 24)),
    "weaves": Picture(("W",), (80, 24)),
    "models": Picture(("m",)),
    "generation": Picture(("G",), (80, 24)),
    "themes": Picture((":", *"theme", "enter")),
    "help": Picture(("?",)),
    "library": Picture((), library=True),
    "found": Picture(("/", *"salt", "enter"), library=True),
    "new-story": Picture(("n",), (80, 24), library=True),
    "fetch": Picture(("space",), (80, 24)),
}


async def draw(name: str, picture: Picture, home: Path) -> None:
    """Write one picture."""
    # Only now, as they look at the environment when they are loaded.
    from storyloom.models.client import Client
    from storyloom.settings import Settings
    from storyloom.tui.app import Loom

    saves = home / ".local" / "share" / "storyloom" / "saves"
    saves.mkdir(parents=True, exist_ok=True)
    story = Path(shutil.copy(STORY, saves / STORY.name))
    if picture.lore:
        from storyloom.story.lore import set_entry
        from storyloom.story.story import Story

        with Story(story) as opened:
            for entry in LORE:
                set_entry(opened, dict(entry))
    client = Client(command=(sys.executable, "-c", ""))
    app = Loom(None if picture.library else story, Settings(theme=picture.theme), client)
    async with app.run_test(size=picture.size) as pilot:
        await pilot.pause(0.5)
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause(0.05)
        # What is read in threads has to come first.
        await pilot.pause(1.5)
        target = DOCS / f"{name}.svg"
        target.write_text(app.export_screenshot(title="Storyloom"), encoding="utf-8")
        print(target)
        for screen in reversed(app.screen_stack):
            closing = getattr(screen, "closing", None)
            if closing is not None:
                await closing()
    story.unlink()


def main() -> None:
    """Draw the pictures that are named, by default all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", nargs="*", help=f"one of {', '.join(PICTURES)}")
    names = parser.parse_args().name or list(PICTURES)
    unknown = [name for name in names if name not in PICTURES]
    if unknown:
        parser.error(f"there is no picture {unknown[0]!r}; there are {', '.join(PICTURES)}")
    # Always the same folder, as some screens name one.
    folder = Path(tempfile.gettempdir()) / "storyloom"
    folder.mkdir()
    try:
        for variable in list(os.environ):
            if variable.startswith(("XDG_", "STORYLOOM_")) or variable == "NO_COLOR":
                del os.environ[variable]
        os.environ.update(HOME=str(folder), COLORTERM="truecolor", TZ="UTC")
        os.chdir(folder)
        kept = folder / ".local" / "share" / "storyloom"
        kept.mkdir(parents=True)
        (kept / "hints.json").write_text('{"hidden": true, "done": []}', encoding="utf-8")
        for name in names:
            asyncio.run(draw(name, PICTURES[name], folder))
    finally:
        os.chdir(DOCS)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
