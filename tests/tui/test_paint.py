"""Letters before the lines of a book: who wrote them, and whether others did so too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from storyloom.story.origins import Run
from storyloom.story.reading import Piece
from storyloom.story.story import Story
from storyloom.tui.legend import Legend
from storyloom.tui.pages import Pages
from storyloom.tui.paint import Paint
from storyloom.tui.widgets.lines import Line

ONE, TWO = "model:lab/one", "model:lab/two"


@pytest.fixture(scope="module")
def legend(tmp_path_factory: pytest.TempPathFactory) -> Legend:
    """A legend without models."""
    with Story.create(tmp_path_factory.mktemp("paint") / "s.loom", opening="x") as story:
        return Legend(story)


def painted(legend: Legend, *passages: tuple[tuple[str, str], ...]) -> tuple[Paint, list[str]]:
    """Paint for passages of stretches by some origins, and the labels of their lines."""
    pieces = [
        Piece(node, "".join(text for text, _ in stretches),
              tuple(Run(origin, len(text)) for text, origin in stretches), (), None, 0)
        for node, stretches in enumerate(passages, 1)
    ]  # fmt: skip
    pages = Pages("T", pieces)
    pages.width = 66
    paint = Paint(pages, legend)
    rows = [row for row in pages.page(pages.first(), 1_000) if row.kind == "text"]
    return paint, [paint.label(row)[0] for row in rows]


def said(line: Line) -> str:
    """A line as text."""
    return "".join(text for text, _ in line)


def test_a_line_that_a_hand_has_changed_is_told_from_one_of_two_writers(legend: Legend) -> None:
    paint, labels = painted(
        legend,
        (("Typed by hand.\n", "human"),),
        (("By a model, ", ONE), ("changed.\n", "human"), ("By a model alone.\n", ONE)),
        (("Pasted and long enough.\n", "paste"), ("Its own line.\n", "human")),
        (("Two models have written ", TWO),),
        (("on one line\n", ONE),),
        (("taken over", "import:x"),),
    )
    assert labels == ["H", "m1~", "m1", "P", "H", "m2+", "I"]
    margin = [said(line).strip() for line in paint.margin(-1, labels, 22, 38)]
    assert "~   edited by hand" in margin
    assert "+   others too" in margin
    assert "~ edited" in said(paint.key(labels, 78))
    assert "~" not in said(paint.key(["H", "m1"], 78))


def test_space_that_a_hand_left_in_a_models_line_is_no_edit(legend: Legend) -> None:
    _, labels = painted(legend, (("All the", ONE), (" ", "human"), ("model's own.", ONE)))
    assert labels == ["m1"]
    _, labels = painted(legend, (("One wrote it", ONE), (" ", "human")), (("and two.", TWO),))
    assert labels == ["m1+"]


def test_a_line_with_a_human_passage_behind_a_models_is_not_edited(legend: Legend) -> None:
    _, labels = painted(legend, (("A model's words", ONE),), ((" and the author's.", "human"),))
    assert labels == ["H+"]


@given(st.integers(1, 40), st.integers(18, 44), st.integers(10, 46), st.integers(56, 118))
def test_what_is_said_of_many_models_fits(
    legend: Legend, models: int, width: int, height: int, line: int
) -> None:
    names = [f"model:lab/a-rather-long-name-\x1b{n}" for n in range(models)]
    paint, labels = painted(legend, *(((f"Words of {name}.\n", name),) for name in names))
    labels = [*labels, "m1~", "m2+"]
    lines = [said(each) for each in paint.margin(-1, labels, width, height)]
    assert len(lines) <= height
    assert all(cell_len(each) <= width for each in lines)
    assert [line.strip() for line in lines[-2:]] == ["~   edited by hand", "+   others too"]
    assert ("more" in " ".join(lines)) == (models > max(1, (height - 5) // 2))
    key = said(paint.key(labels, line))
    assert cell_len(key) <= line
    assert key.endswith("~ edited   + others too")
