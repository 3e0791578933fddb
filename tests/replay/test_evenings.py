"""The stories that the replay's benchmark is run on are stories, and play."""

from pathlib import Path

from benchmarks import evenings
from storyloom.replay.scene import Theatre
from storyloom.story.check import check_file


def test_a_story_of_some_evenings_is_sound_and_has_all_that_an_author_does(tmp_path: Path) -> None:
    path = tmp_path / "evenings.loom"
    written = evenings.write(path, 1_500)
    report = check_file(path)
    assert (report.faults, report.ops, report.nodes) == ([], written.operations, written.nodes)
    theatre = Theatre(path)
    marks = theatre.prepare()
    recording = theatre.recording
    theatre.close()
    assert len(recording.sittings) >= written.evenings > 1
    assert {"gen.request", "gen.result", "node.text", "node.prune", "node.restore", "weave.set",
            "note.set", "undo"} <= set(recording.kinds)  # fmt: skip
    assert {mark.kind for mark in marks} == {"#", "c", "x"}
