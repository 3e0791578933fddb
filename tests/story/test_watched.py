"""Long work that is watched, and given up."""

import sqlite3
from pathlib import Path

import pytest

from storyloom.story import check, rebuild, shape
from storyloom.story.story import Story
from storyloom.story.watched import Progress, Watch, interruptible
from storyloom.text import Refusal

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


class Stop(Exception):
    """Raised to end what is under way."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tide.loom"
    with Story.create(path, opening="Once.") as story:
        node = 1
        for number in range(40):
            node = shape.write_child(story, node, f" And {number}.")
    return path


def test_stages_count_as_much_as_they_cost() -> None:
    told: list[float] = []
    watch = Watch(told.append, {"first": 3.0, "second": 1.0})
    watch.begin("first")
    assert list(watch.rows(range(512), 512)) == list(range(512))
    watch.begin("second")
    assert told == [0.0, 0.0, 0.375, 0.75]
    watch.begin("one more")
    assert told[-1] == 1.0


def test_more_rows_than_expected_are_no_more_than_all() -> None:
    told: list[float] = []
    watch = Watch(told.append, {"only": 1.0})
    watch.begin("only")
    assert len(list(watch.rows(range(2_000), 3))) == 2_000
    assert max(told) == 1.0


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
def test_a_statement_that_takes_long_is_given_up(error: type[BaseException]) -> None:
    db = sqlite3.connect(":memory:")

    def tick() -> None:
        raise error

    with pytest.raises(error), interruptible(db, tick):
        db.execute(ENDLESS)
    assert db.execute("SELECT 1").fetchone() == (1,)
    db.close()


def test_another_fault_is_passed_on() -> None:
    db = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.OperationalError, match="no such table"), interruptible(db):
        db.execute("SELECT * FROM nowhere")
    db.close()


@pytest.mark.parametrize("what", ["check", "rebuild", "backup"])
def test_it_is_told_how_far_it_is_and_never_back(path: Path, tmp_path: Path, what: str) -> None:
    told: list[float] = []
    work(what, path, tmp_path / "new.loom", told.append)
    assert told == sorted(told)
    assert all(0.0 <= part <= 1.0 for part in told)
    if what != "backup":
        # So small a copy is through before it is asked.
        assert len(told) > 3


@pytest.mark.parametrize("what", ["check", "rebuild"])
@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
def test_what_stops_it_leaves_the_story_and_nothing_else(
    path: Path, tmp_path: Path, what: str, error: type[BaseException]
) -> None:
    before = path.read_bytes()

    def stop(part: float) -> None:
        if part > 0.5:
            raise error

    with pytest.raises(error):
        work(what, path, tmp_path / "new.loom", stop)
    assert [each.name for each in tmp_path.iterdir()] == ["tide.loom"]
    assert path.read_bytes() == before
    assert not check.check_file(path).faults


def test_a_copy_is_stopped_by_what_is_told(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storyloom.story.watched._STEPS", 1)

    def stop(part: float) -> None:
        assert 0.0 <= part <= 1.0
        raise Stop

    with pytest.raises(Stop):
        rebuild.back_up(path, tmp_path / "new.loom", stop)
    assert [each.name for each in tmp_path.iterdir()] == ["tide.loom"]


def work(what: str, path: Path, target: Path, progress: Progress) -> None:
    if what == "check":
        assert not check.check_file(path, progress).faults
    elif what == "rebuild":
        assert rebuild.rebuild(path, target, progress) == 41
    else:
        rebuild.back_up(path, target, progress)


def test_a_refusal_of_a_copy_is_one_still(path: Path) -> None:
    with pytest.raises(Refusal, match="is there already"):
        rebuild.back_up(path, path, lambda _: None)
