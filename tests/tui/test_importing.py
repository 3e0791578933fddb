"""A file on its way into the library, and what is said of what came of it."""

from pathlib import Path

import pytest

from storyloom.exchange.importing import Imported
from storyloom.tui.importing import Import, Stopped, sentence


def test_the_sentence_says_what_came_and_what_did_not(tmp_path: Path) -> None:
    assert sentence(Imported(tmp_path, "story", 0), "Tide") == "Tide is here now; Enter opens it."
    made = Imported(tmp_path, "text", 1_204, ("No notes.", "No tags."))
    assert sentence(made, "Tide") == (
        "Tide is here now, 1,204 passages; Enter opens it. No notes. And 1 more."
    )


async def test_one_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# One\n\nText.\n")
    coming = Import(tmp_path / "a.md", tmp_path / "library")
    coming.stop()
    with pytest.raises(Stopped):
        await coming.run()
    assert not list(tmp_path.glob("library/*"))
    again = await Import(tmp_path / "a.md", tmp_path / "library").run()
    assert [each.name for each in (tmp_path / "library").iterdir()] == [again.path.name]
