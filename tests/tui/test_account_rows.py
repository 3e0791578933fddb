"""The account of a text in lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from storyloom.curate.shares import Shares
from storyloom.story.drafted import Drafted
from storyloom.story.origins import HUMAN, PASTE
from storyloom.story.story import Story
from storyloom.tui.account_rows import account_lines, percent
from storyloom.tui.legend import Legend
from storyloom.tui.manuscripts import Account
from tests.tui.stories import HOSTILE

NOTHING = Drafted(0, 0, 0, 0, 0, 0)
GPT, OTHER_GPT = "model:openai/gpt-4o", "model:azure/gpt-4o"


@pytest.fixture(scope="module")
def legend(tmp_path_factory: pytest.TempPathFactory) -> Legend:
    folder: Path = tmp_path_factory.mktemp("legend")
    with Story.create(folder / "tide.loom") as story:
        return Legend(story)


def said(account: Account, legend: Legend, width: int = 38) -> list[str]:
    lines = account_lines(account, legend, width)
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_a_part_is_told_in_tenths_and_less_than_one_of_them_is_not_nothing() -> None:
    assert (percent(1000), percent(614), percent(5)) == ("100.0%", "61.4%", "0.5%")
    assert (percent(0, 3), percent(0)) == ("<0.1%", "0.0%")


def test_what_was_pasted_is_told_beside_what_was_typed(legend: Legend) -> None:
    shares = Shares({HUMAN: 900, PASTE: 100})
    assert [line.split() for line in said(Account(1, 1, shares, (), NOTHING), legend)] == [
        ["characters", "1", "000", "100.0%"],
        ["human", "1", "000", "100.0%"],
        ["typed", "here", "900", "90.0%"],
        ["pasted", "100", "10.0%"],
    ]


def test_models_of_one_name_are_told_with_their_providers(legend: Legend) -> None:
    text = "\n".join(said(Account(1, 1, Shares({GPT: 2, OTHER_GPT: 1}), (), NOTHING), legend))
    assert "openai/gpt-4o" in text
    assert "azure/gpt-4o" in text


def test_others_have_a_column_only_where_there_are_any(legend: Legend) -> None:
    one, two = ("One", Shares({HUMAN: 1})), ("Two", Shares({"import:text": 1}))
    shares = Shares({HUMAN: 1})
    assert "others" not in "".join(said(Account(1, 1, shares, (one, one), NOTHING), legend))
    assert "others" in "".join(said(Account(1, 1, shares, (one, two), NOTHING), legend))


def test_forks_whys_and_accepted_text_are_told_when_there_are_any(legend: Legend) -> None:
    account = Account(1, 1, Shares({HUMAN: 1}), (), Drafted(2, 9, 1, 3, 200, 150))
    told = [" ".join(line.split()) for line in said(account, legend)]
    assert told[3:] == [
        "forks on the way 2", "branches drafted 9", "chosen 2", "whys written 1",
        "reasons written 3", "", "model text accepted 200", "still here 150 75.0%",
        "rewritten or cut 50 25.0%",
    ]  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from([HUMAN, PASTE, GPT, OTHER_GPT, f"model:{HOSTILE}", "import:\x1b[m"]),
        st.integers(1, 10**8),
    ),
    st.integers(20, 60),
)
def test_no_line_is_wider_than_its_pane(legend: Legend, counts: dict[str, int], width: int) -> None:
    shares = Shares(counts)
    chapters = ((HOSTILE.replace("\n", " ")[:20], shares),) * 2
    account = Account(1, 1, shares, chapters, Drafted(99, 999, 9, 9, 10**6, 10**5))
    for line in account_lines(account, legend, width):
        assert sum(cell_len(text) for text, _ in line) <= max(width, 40)
