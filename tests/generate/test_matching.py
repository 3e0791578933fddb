"""Whether a key stands in a text."""

import contextlib
import re
import tracemalloc
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.generate.matching import Allowance, Text, TooSlow, found, key_of


def stands(key: str, text: str, *, whole: bool = True, cased: bool = False) -> bool:
    return found(key_of(key, whole=whole, cased=cased), Text(text), Allowance())


@pytest.mark.parametrize(
    ("key", "text", "there"),
    [
        ("king", "The king is dead.", True), ("king", "It was not to her liking.", False),
        ("king", "kings", False), ("king", "KING", True), ("king", "king_", False),
        ("the marsh", "over the marsh, far", True), ("the marsh", "over the marshes", False),
        ("the marsh", "the salt marsh", False), ("king's", "the king’s men", True),
        ("‘tis", "and 'tis late", True), ("“So", 'she said "So."', True),
        ("Straße", "in der STRASSE", True), ("e\u0301tude", "an Étude", True),
        ("etude", "an étude", False), ("門", "門番がいた", True),
        ("แม่น้ำ", "ริมแม่น้ำใหญ่", True), ("C++", "in C++, then", True),
        ("!!", "What !! No", True), ("!!", "What!! No", False), (" bell ", "a bell", True),
        ("", "anything", False), ("  ", "any thing", False), ("a a", "aa a a", True),
        ("ice", "ice-cold", True), ("Σ", "ς", True),
    ],
)  # fmt: skip
def test_a_whole_word_is_found_in_any_case_and_with_any_quotes(
    key: str, text: str, there: bool
) -> None:
    assert stands(key, text) is there


def test_a_part_of_a_word_is_found_where_whole_words_are_not_asked_for() -> None:
    assert stands("king", "liking", whole=False)
    assert not stands("king", "likely", whole=False)


def test_capitals_count_where_that_is_asked_for() -> None:
    assert not stands("Rose", "a rose", cased=True)
    assert stands("Rose", "a Rose", cased=True)
    assert not stands("Rose", "a rose", cased=True, whole=False)


@given(st.text("ab 'é_-\u0301", max_size=6), st.text("ab 'é_-\u0301", max_size=30))
def test_a_word_is_whole_where_no_letter_touches_it(key: str, text: str) -> None:
    """The words are looked up in a set first, which must not change what is found."""
    wanted, inside = (unicodedata.normalize("NFC", each) for each in (key.strip(), text))
    there = bool(wanted) and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", inside) is not None
    assert stands(key, text) is there


@given(st.text("ab \n/", max_size=5), st.text("ab \n", max_size=9), st.text("ab \n", max_size=9))
def test_two_texts_beside_each_other_are_looked_through_as_one(
    key: str, one: str, other: str
) -> None:
    for whole in (True, False):
        ready = key_of(key, whole=whole, cased=False)
        both = found(ready, Text(f"{one}\n{other}"), Allowance())
        assert found(ready, Text(one), Allowance(), Text(other)) is both


@pytest.mark.parametrize(
    ("key", "text", "there"),
    [
        ("/to+bin/", "tooobin", True), ("/to+bin/", "TOBIN", False), ("/to+bin/i", "TOBIN", True),
        ("/to+bin/gi", "TOBIN", True), ("/^b$/m", "a\nb\nc", True), ("/^b$/", "a\nb\nc", False),
        ("/a.c/s", "a\nc", True), ("/a.c/", "a\nc", False), ("/\\p{Lu}x/", "Éx", True),
        ("/(?<name>a)b/", "ab", True), ("/x/y/", "x/y", True),
    ],
)  # fmt: skip
def test_a_key_between_slashes_is_a_regex(key: str, text: str, there: bool) -> None:
    assert stands(key, text) is there


@pytest.mark.parametrize("key", ["/and/or", "//", "/", "a/b/", "/usr/bin"])
def test_slashes_alone_make_no_regex(key: str) -> None:
    ready = key_of(key, whole=True, cased=False)
    assert (ready.regex, ready.fault) == (None, "")
    assert stands(key, f"it says {key} there")


TOO_LARGE = [
    "a{1000000000}b", "(?:(?:(?:a{200}){200}){200}){200}", "(?:a{1000}){1000}",
    "(" * 30 + "a" + "+)" * 30 + "$", "(?x)(a) {9999}", "(?V1)[[a]]", "(?i-x:a)", "a" * 1_001,
    "a{99999999999999999999}", "(?:a|b){5000,}c{5000}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", TOO_LARGE)
def test_a_regex_that_would_take_long_to_compile_is_never_compiled(pattern: str) -> None:
    tracemalloc.start()
    try:
        key = key_of(f"/{pattern}/", whole=True, cased=False)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert key.regex is None
    assert key.fault
    assert not found(key, Text("aaa"), Allowance())


@pytest.mark.parametrize(
    "pattern", ["(", "[a", "*", "a{2}{3}", "(?P<1>a)", "\\", "(?<=", "(" * 400 + ")" * 400, "(?Z)"]
)
def test_a_regex_that_is_none_says_what_is_wrong(pattern: str) -> None:
    key = key_of(f"/{pattern}/", whole=True, cased=False)
    assert (key.regex is None) is bool(key.fault)
    if pattern != "(" * 400 + ")" * 400:
        assert key.fault


@given(st.text("ab()[]{}*+?|\\^$.,:<=!1290", max_size=40))
def test_no_regex_however_odd_breaks_the_search(pattern: str) -> None:
    key = key_of(f"/{pattern}/", whole=True, cased=False)
    with contextlib.suppress(TooSlow):
        assert found(key, Text("aab abba (1)[2]"), Allowance()) in (True, False)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}b", "(?:a?){40}a{40}b"])
def test_a_regex_that_never_ends_is_stopped(pattern: str) -> None:
    key = key_of(f"/{pattern}/", whole=True, cased=False)
    allowance = Allowance()
    with pytest.raises(TooSlow, match="takes too long"):
        found(key, Text("a" * 100_000 + "!"), allowance)
    assert 0 < allowance.left < Allowance().left


def test_slow_regexes_have_so_much_time_together() -> None:
    key = key_of("/(a|aa)+$/", whole=True, cased=False)
    with pytest.raises(TooSlow, match="together"):
        found(key, Text("a"), Allowance(0))


def test_quick_regexes_use_nothing_up() -> None:
    allowance = Allowance()
    for number in range(3_000):
        found(key_of(f"/b{number % 50}/", whole=True, cased=False), Text("a bell"), allowance)
    assert allowance.left > 0
