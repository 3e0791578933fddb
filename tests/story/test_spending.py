"""What a story's calls came to: by everything, with nothing counted twice or as 0 by mistake."""

import json
import math
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from storyloom.story import growth, history, marks, placing, purging, shape
from storyloom.story.asides import Aside, note
from storyloom.story.figures import began, money, ordered, row, unpriced
from storyloom.story.spending import Figures, Outcome, Spending, spending
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.spender import BEGAN, DAY, asked, costly

CLAUDE, MINI, TIDE, HERE = (
    "anthropic/claude-sonnet-4-5", "openai/gpt-4o-mini", "tide", "local/smollm2",
)  # fmt: skip


def here(model: str) -> bool:
    return model.startswith("local/")


def read(path: Path, free: Callable[[str], bool] = here) -> Spending:
    return spending(path, free)


def rounded(figures: Figures) -> Figures:
    return replace(figures, dollars=round(figures.dollars, 9))


@pytest.fixture
def dear(path: Path) -> Path:
    return costly(path)


def test_it_is_told_by_model(dear: Path) -> None:
    found = {model: rounded(figures) for model, figures in read(dear).by("model").items()}
    assert found[CLAUDE] == Figures(3, 2700, 240, 0, 0.6, 3, 0, 0)
    assert found[MINI] == Figures(7, 4900, 420, 1, 0.23, 6, 0, 0)
    assert found[TIDE] == Figures(3, 1800, 160, 1, 0.0, 0, 3, 0)
    assert [key for key, _ in ordered(read(dear), "model")] == [CLAUDE, MINI, TIDE, HERE]


def test_a_model_that_runs_here_is_free_however_its_branch_ended(dear: Path) -> None:
    found = read(dear).by("model")[HERE]
    assert (found.calls, found.unpriced, found.free, found.dollars) == (3, 0, 3, 0.0)
    assert money(found) == "free here"
    # Nobody said so of it here: then what it cost is not known, and not 0.
    strict = read(dear, lambda _: False).by("model")[HERE]
    assert (strict.unpriced, strict.free) == (1, 0)
    assert money(strict) == "$0.0000 + ?"


def test_it_is_told_by_session_the_last_first(dear: Path) -> None:
    found = read(dear)
    sessions = ordered(found, "session")
    assert [(key, figures.calls) for key, figures in sessions] == [(2, 8), (1, 8)]
    assert sessions[0][1].dollars == pytest.approx(0.2)
    assert [began(found, key) for key in (0, 1, 2, 3)] == [0, BEGAN, BEGAN + DAY, 0]


def test_it_is_told_by_chapter_as_the_story_has_them(dear: Path) -> None:
    found = read(dear)
    chapters = ordered(found, "chapter")
    assert [found.chapters[key] for key, _ in chapters] == ["The ferry", "Low bells"]
    assert [figures.dollars for _, figures in chapters] == [
        pytest.approx(0.7), pytest.approx(0.13),
    ]  # fmt: skip


def test_it_is_told_by_what_became_of_the_branches(dear: Path) -> None:
    found = read(dear).by("outcome")
    assert {key: figures.calls for key, figures in found.items()} == {
        Outcome.WOVEN: 2, Outcome.LEFT: 10, Outcome.PRUNED: 1, Outcome.EMPTY: 1, Outcome.ASIDE: 2,
    }  # fmt: skip
    assert found[Outcome.WOVEN].dollars == pytest.approx(0.31)
    # A call that failed without a word is not charged for, so nothing about it is unknown.
    assert money(found[Outcome.EMPTY]) == "–"
    with Story(dear) as story:
        history.undo(story)
        assert read(dear).by("outcome")[Outcome.LEFT].calls == 12


def test_the_sum_is_the_running_total(dear: Path) -> None:
    with Story(dear) as story:
        spent = growth.spent(story)
    total = read(dear).total
    assert total.dollars == pytest.approx(spent.dollars) == pytest.approx(0.83)
    # The embedded model's branch that was cut off is counted there as in files of earlier days.
    assert total.unpriced == spent.unpriced - 1 == 3


def test_a_row_is_made_up_of_parts_that_sum_up(dear: Path) -> None:
    found = read(dear)
    for model, figures in found.by("model").items():
        for view in ("session", "chapter", "outcome"):
            whole = sum(found.by(view, {"model": model}).values(), Figures())
            assert replace(whole, dollars=0.0) == replace(figures, dollars=0.0)
            assert whole.dollars == pytest.approx(figures.dollars)
    assert found.by("session", {"model": TIDE, "outcome": Outcome.ASIDE})[2].calls == 1


def test_nothing_is_counted_twice_that_was_copied_split_or_joined(story: Story) -> None:
    first, second = asked(story, 1, MINI, 0.5, 0.25, text="One two. Three four.")
    before = read(story.path).total
    placing.copy(story, first, second)
    shape.split(story, first, 8)
    (below,) = asked(story, second, MINI, 0.1)
    shape.prune(story, story.read.execute("SELECT max(id) FROM node").fetchone()[0] - 2)
    after = read(story.path).total
    assert (before.calls, before.dollars) == (2, pytest.approx(0.75))
    assert (after.calls, after.dollars) == (3, pytest.approx(0.85))
    assert below


def test_what_was_joined_taken_back_or_purged_still_counts(story: Story) -> None:
    (first,) = asked(story, 1, MINI, 0.5)
    (second,) = asked(story, first, MINI, 0.25)
    shape.join(story, second)
    gone, stays = asked(story, 1, TIDE, 0.125, None)
    shape.prune(story, gone)
    purging.purge(story, [gone])
    asked(story, 1, MINI, 0.0625)
    assert history.undo(story) == "gen.request"
    found = read(story.path)
    assert found.total.dollars == pytest.approx(0.9375) == pytest.approx(growth.spent(story)[0])
    assert {key: figures.dollars for key, figures in found.by("outcome").items()} == {
        Outcome.LEFT: 0.75, Outcome.PRUNED: 0.1875,
    }  # fmt: skip
    assert found.total.unpriced == 1
    assert stays


@pytest.mark.parametrize("finish", ["error", "stopped", "interrupted", "refused"])
def test_a_branch_that_ended_badly_is_of_unknown_price_only_with_text(
    story: Story, finish: str
) -> None:
    asked(story, 1, TIDE, None, finish=finish, text="Half a")
    asked(story, 1, TIDE, None, finish=finish, text="")
    (row_,) = read(story.path).by("model").values()
    assert (row_.calls, row_.unpriced) == (2, 1)
    assert growth.spent(story).unpriced == 1


def test_a_branch_that_is_being_written_is_a_call_and_no_more(story: Story) -> None:
    growth.request(story, 1, [growth.Asked(TIDE, {"prompt": "p"})])
    ((outcome, figures),) = read(story.path).by("outcome").items()
    assert (outcome, figures) == (Outcome.WAITING, Figures(1))
    assert row(figures, figures) == ("1", "0", "0", "–", "")


def test_a_story_in_which_no_model_was_asked_has_no_rows(story: Story) -> None:
    found = read(story.path)
    assert (found.cells, found.total) == ((), Figures())


@pytest.mark.parametrize(
    "value",
    [
        "nonsense", "[]", "{}", '{"cost":"free","in":[1],"out":{}}', '{"cost":1e999,"in":1e999}',
        '{"cost":null,"finish":7}', '{"in":9223372036854775807,"cost":-1e999}', '{"cost":true}',
    ],
)  # fmt: skip
def test_a_file_from_elsewhere_may_say_anything_of_a_call(story: Story, value: str) -> None:
    nodes = asked(story, 1, MINI, 0.5, 0.25)
    with story.act("tag.set") as act:
        act.change(nodes[0], "result", value)
    total = read(story.path).total
    assert math.isfinite(total.dollars)
    assert total.dollars >= 0.25
    assert money(total).startswith("$")


def test_what_is_no_story_is_refused_in_a_sentence(path: Path) -> None:
    path.write_bytes(b"no story" * 100)
    with pytest.raises(Refusal):
        read(path)
    path.unlink()
    Story.create(path, opening="Once.").close()
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO op VALUES(99,0,'s','model','gen.aside',NULL,'{\"calls\":[1]}',x'')")
    db.close()
    with pytest.raises(Refusal, match="cannot be read"):
        read(path)


def test_an_aside_is_journaled_and_undo_passes_over_it(story: Story) -> None:
    marks.set_text(story, 1, "note", "A step.")
    note(story, 1, [Aside(MINI, 10, 2, 0.5), Aside("\x1b[31m", None, None, None)])
    assert growth.spent(story) == (0.5, 1)
    found = read(story.path)
    assert found.by("outcome")[Outcome.ASIDE].calls == 2
    assert history.undo(story) == "note.set"
    assert growth.spent(story) == (0.5, 1)
    data = story.read.execute("SELECT data FROM op WHERE kind = 'gen.aside'").fetchone()[0]
    assert json.loads(data)["at"] == 1
    assert "\x1b" not in data


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (Figures(), "–"),
        (Figures(2, dollars=0.5, priced=2), "$0.5000"),
        (Figures(3, dollars=1234.5, priced=2, unpriced=1), "$1 234.5000 + ?"),
        (Figures(2, unpriced=2), "?"),
        (Figures(2, priced=2, free=2), "free here"),
        (Figures(3, priced=2, free=2, unpriced=1), "$0.0000 + ?"),
        (Figures(1, priced=1), "$0.0000"),
    ],
)
def test_money_is_said_without_a_0_for_what_nobody_knows(figures: Figures, said: str) -> None:
    assert money(figures) == said


def test_shares_are_of_the_whole_and_tokens_say_when_some_are_missing() -> None:
    total = Figures(4, 100, 10, 0, 2.0, 4)
    assert row(Figures(1, 12345, 0, 1, 0.001, 1), total) == ("1", "12 345+", "?", "$0.0010", "<1%")
    assert row(Figures(1, 5, 5, 0, 1.0, 1), total)[-1] == "50%"
    assert row(Figures(1, unpriced=1), total)[-1] == ""
    assert unpriced(Figures(unpriced=1)).startswith("1 branch is")
    assert unpriced(Figures(unpriced=2000)).startswith("2 000 branches are")
    assert unpriced(Figures()) == ""
