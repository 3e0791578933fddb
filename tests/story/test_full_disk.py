"""A disk that is full: what was saved stays, what does not fit is told of, and room helps."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storyloom.story import check, growth, history, purging, reading, rebuild, shape
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.text import Refusal

SIZE = 12 * 1024 * 1024


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of twelve megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def filled(folder: Path, leave: int = 0) -> Path:
    """Fill the disk up to `leave` bytes, by a file that can be taken away again."""
    ballast = folder / "ballast"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    with open(ballast, "wb") as out:
        out.write(bytes(max(0, free - leave)))
    return ballast


def until_refused(step: Callable[[int], object]) -> tuple[int, str]:
    """Take a step again and again; return how often it went well, and why it then did not."""
    done = 0
    while True:
        try:
            step(done)
        except Refusal as refusal:
            return done, str(refusal)
        done += 1


def test_every_step_that_was_saved_is_there_and_one_that_was_not_is_refused(small: Path) -> None:
    path = small / "story.loom"
    with Story.create(path, opening="Begin.") as story:
        written, said = until_refused(
            lambda number: shape.write_child(story, 1, f"{number} " + "word " * 2_000)
        )
        assert "the disk is full" in said
        assert "nothing before it was lost" in said
        # Reading goes on, and each further step is refused alone.
        assert len(reading.children(story, 1)) == written > 20
        with pytest.raises(Refusal, match="the disk is full"):
            history.undo(story)
        assert len(reading.children(story, 1)) == written
    # What could not be folded into the file lies beside it, and is read from there.
    with Story(path) as story:
        assert len(reading.children(story, 1)) == written
        assert check.check(story).faults == []


def test_there_is_room_again_and_the_same_window_goes_on(small: Path) -> None:
    with Story.create(small / "story.loom", opening="Begin.") as story:
        shape.write_child(story, 1, "One.")
        ballast = filled(small)
        assert (
            "the disk is full"
            in until_refused(lambda _: shape.write_child(story, 1, "word " * 5_000))[1]
        )
        ballast.unlink()
        node = shape.write_child(story, 1, "There is room again.")
        assert reading.exists(story, node)
        assert check.check(story).faults == []


def test_what_streams_in_is_kept_as_far_as_there_was_room(small: Path) -> None:
    path = small / "story.loom"
    Story.create(path, opening="Begin.").close()
    story = Story(path)
    places = growth.request(story, 1, [Asked("m", {"prompt": "p"})] * 2)
    growth.flush(story, {places[0].rev: "What came first."})
    ballast = filled(small)
    text = "What came first." + " And more." * 100_000
    _, said = until_refused(
        lambda number: growth.flush(story, {places[0].rev: text[: 20_000 * (number + 1)]})
    )
    assert "the disk is full" in said
    with pytest.raises(Refusal, match="the disk is full"):
        growth.finish(story, places[0], text, Result("stop"))
    # It is still open, and can be closed with all of its text as soon as there is room.
    ballast.unlink()
    growth.finish(story, places[0], text[:100_000], Result("stop"))
    story.close()
    with Story(path) as story:
        assert growth.recover(story) == [places[1].node]
        assert reading.pieces(story, [places[0].node])[0].text == text[:100_000]
        assert check.check(story).faults == []


def test_copies_that_do_not_fit_leave_nothing_behind(small: Path) -> None:
    path = small / "story.loom"
    with Story.create(path, opening="Begin.") as story:
        for _ in range(150):
            shape.write_child(story, 1, "word " * 2_000)
    before = path.read_bytes()
    filled(small, leave=200_000)
    names = sorted(os.listdir(small))
    with pytest.raises(Refusal, match="disk is full"):
        rebuild.back_up(path, small / "copy.loom")
    with pytest.raises(Refusal, match="disk is full"):
        rebuild.rebuild(path, small / "rebuilt.loom")
    assert sorted(os.listdir(small)) == names
    assert path.read_bytes() == before


def test_a_purge_that_does_not_fit_takes_nothing_away(small: Path) -> None:
    path = small / "story.loom"
    with Story.create(path, opening="Begin.") as story:
        top = shape.write_child(story, 1, "Top.")
        for _ in range(100):
            shape.write_child(story, top, "word " * 2_000)
        shape.prune(story, top)
    with Story(path) as story:
        ballast = filled(small)
        with pytest.raises(Refusal, match="the disk is full"):
            purging.purge(story, [top])
        assert len(reading.children(story, top)) == 100
        ballast.unlink()
        assert check.check(story).faults == []


def test_a_story_on_a_full_disk_can_be_read(small: Path) -> None:
    path = small / "story.loom"
    Story.create(path, opening="Read me.").close()
    filled(small)
    with Story(path) as story:
        assert reading.strand_text(story, 1) == "Read me."
        with pytest.raises(Refusal, match="full"):
            shape.write_child(story, 1, "No.")
