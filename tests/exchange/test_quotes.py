"""Quotation marks made alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.exchange.quotes import WAYS, told

PROSE = st.text("ab1 .,—-(\"'“”‘’\n", max_size=40)


@pytest.mark.parametrize(
    ("straight", "curly"),
    [
        ('"No," she said.', "“No,” she said."),
        ("don't", "don’t"),
        ("the boys' boat", "the boys’ boat"),
        ("\"'Come,' he said,\" she said.", "“‘Come,’ he said,” she said."),
        ("'Tis the '80s, rock 'n' roll", "’Tis the ’80s, rock ’n’ roll"),
        ('("a") and—"b"', "(“a”) and—“b”"),
        ('"Oh—" "What?"', "“Oh—” “What?”"),
        ("'Emily', not 'em", "‘Emily’, not ’em"),
    ],
)
def test_english_quotes_are_curled_and_straightened_again(straight: str, curly: str) -> None:
    assert told(straight, "curly") == curly
    assert told(curly, "straight") == straight


@given(PROSE)
def test_nothing_but_quotes_changes(text: str) -> None:
    quotes = str.maketrans(dict.fromkeys("“”", '"') | dict.fromkeys("‘’", "'"))
    for way in WAYS:
        assert told(text, way).translate(quotes) == text.translate(quotes)


@given(PROSE)
def test_as_they_are_they_stay_and_a_second_time_changes_nothing(text: str) -> None:
    assert told(text, "as they are") == text
    assert told(told(text, "straight"), "straight") == told(text, "straight")
    assert not set(told(text, "straight")) & set("“”‘’")
    assert not set(told(text, "curly")) & set("\"'")
