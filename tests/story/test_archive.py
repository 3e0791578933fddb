"""Stories put away and taken out again, none of them lost."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from storyloom.story import archive, reading, shape, shelf
from storyloom.story.archive import archived, put_away, take_out
from storyloom.story.check import check_file
from storyloom.story.story import Story
from storyloom.text import Refusal


def there(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_a_story_goes_into_the_archive_and_comes_back(path: Path) -> None:
    Story.create(path, opening="Once.").close()
    folder = path.parent
    away = put_away(path)
    assert away == folder / "archive" / "story.loom"
    assert there(folder) == ["archive/story.loom"]
    assert (archived(folder), shelf.shelf(folder)) == (1, [])
    assert not check_file(away).faults
    assert take_out(away) == path
    assert there(folder) == ["story.loom"]
    with pytest.raises(Refusal, match="is not in an archive"):
        take_out(path)
    put_away(path)
    with pytest.raises(Refusal, match="in the archive already"):
        put_away(away)


def test_a_name_that_is_taken_is_never_overwritten(path: Path) -> None:
    Story.create(path, opening="First.").close()
    first = put_away(path)
    Story.create(path, opening="Second.").close()
    (path.parent / "archive" / "story-2.loom-wal").write_text("of another story")
    second = put_away(path)
    assert second.name == "story-3.loom"
    with Story(first) as story:
        assert reading.pieces(story, [1])[0].text == "First."


def test_a_story_that_another_program_has_open_stays(path: Path) -> None:
    with Story.create(path, opening="Once.") as story:
        shape.write_child(story, 1, "More.")
        with pytest.raises(Refusal, match=r"has story\.loom open"):
            put_away(path)
        shape.write_child(story, 1, "And more.")
        assert path.exists()
    away = put_away(path)
    with Story(away) as story:
        assert reading.children(story, 1) == [2, 3]


def test_a_story_that_is_only_read_elsewhere_stays(path: Path) -> None:
    Story.create(path, opening="Once.").close()
    with Story(path), pytest.raises(Refusal, match="open; close it there"):
        put_away(path)
    assert put_away(path).exists()


def test_what_a_killed_program_left_beside_a_story_is_brought_into_it(path: Path) -> None:
    Story.create(path, opening="Once.").close()
    code = (
        "import os, sys; from pathlib import Path\n"
        "from storyloom.story import shape; from storyloom.story.story import Story\n"
        "story = Story(Path(sys.argv[1])); shape.write_child(story, 1, 'Late.'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False)
    assert path.with_name("story.loom-wal").exists()
    away = put_away(path)
    assert there(path.parent) == ["archive/story.loom"]
    with Story(away) as story:
        assert reading.pieces(story, [2])[0].text == "Late."


def test_what_is_no_story_can_be_put_away_and_what_is_not_there_cannot(path: Path) -> None:
    path.write_bytes(b"no story" * 100)
    away = put_away(path)
    assert away.read_bytes() == b"no story" * 100
    with pytest.raises(Refusal, match="There is no file"):
        put_away(path)
    (path.parent / "archive" / "odd.loom").mkdir()
    with pytest.raises(Refusal, match="is a folder"):
        take_out(path.parent / "archive" / "odd.loom")


def test_without_links_it_is_renamed_and_to_another_file_system_copied(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    Story.create(path, opening="Once.").close()
    monkeypatch.setattr(os, "link", refused)
    away = put_away(path)
    assert there(path.parent) == ["archive/story.loom"]
    whole = away.read_bytes()
    renamed = os.rename
    monkeypatch.setattr(
        os, "rename", lambda old, new: refused() if old == away else renamed(old, new)
    )
    assert take_out(away).read_bytes() == whole
    assert there(path.parent) == ["story.loom"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_cannot_be_written_to_keeps_its_stories(path: Path) -> None:
    Story.create(path, opening="Once.").close()
    path.parent.chmod(0o500)
    try:
        with pytest.raises(Refusal, match=r"cannot be (made|moved)"):
            put_away(path)
    finally:
        path.parent.chmod(0o700)
    assert path.exists()


def test_a_file_in_the_archives_place_is_a_sentence(path: Path) -> None:
    Story.create(path, opening="Once.").close()
    (path.parent / archive.FOLDER).write_text("in the way")
    with pytest.raises(Refusal, match="has to be a folder"):
        put_away(path)
    assert archived(path.parent) == 0
    assert sqlite3.connect(path).execute("SELECT count(*) FROM node").fetchone() == (1,)
