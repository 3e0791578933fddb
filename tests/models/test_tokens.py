"""Tokens are counted off-line, and any text can be counted."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.models.tokens import count, exact


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("gpt-4o-mini", 9),
        ("openai/gpt-5.2", 9),
        ("openrouter/openai/o3-mini", 9),
        ("davinci-002", 12),
        ("anthropic/claude-sonnet-4-5", 12),
        ("", 12),
    ],
)
def test_each_model_is_counted_with_its_encoding(model: str, tokens: int) -> None:
    assert count("Дождь перестал к утру.", model) == tokens


@pytest.mark.parametrize("model", ["gpt-4o", "openai/gpt-4.1", "o1", "gpt-4", "davinci-002"])
def test_the_encoding_of_openai_models_is_exact(model: str) -> None:
    assert exact(model)


@pytest.mark.parametrize("model", ["", "local/smollm2", "anthropic/claude-3", "olmo", "o-model"])
def test_other_models_are_estimated(model: str) -> None:
    assert not exact(model)


def test_special_tokens_are_ordinary_text() -> None:
    assert count("<|endoftext|>", "gpt-4o") > 1


def test_nothing_is_no_token() -> None:
    assert count("") == 0


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_can_be_counted(text: str) -> None:
    assert 0 <= count(text) <= len(text.encode("utf-8", "surrogatepass"))


def test_a_lone_surrogate_can_be_counted() -> None:
    assert count("\ud800") > 0


def test_threads_agree() -> None:
    text = "The rain had stopped by morning. " * 50
    with ThreadPoolExecutor(8) as pool:
        counts = set(pool.map(lambda _: count(text, "gpt-4o"), range(16)))
    assert len(counts) == 1


def test_counting_neither_imports_litellm_nor_asks_the_network_nor_moves_the_cache() -> None:
    program = """
import os, sys
def forbid(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        os._exit(3)
sys.addaudithook(forbid)
os.environ.pop("TIKTOKEN_CACHE_DIR", None)
from storyloom.models.tokens import count, exact
assert "tiktoken" not in sys.modules
print(count("Once upon a time", "gpt-4o"), exact("gpt-4"), "litellm" in sys.modules,
      "TIKTOKEN_CACHE_DIR" in os.environ)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout.split() == ["4", "True", "False", "False"], said.stderr


def test_without_encodings_a_token_is_four_bytes() -> None:
    program = """
import importlib.util
importlib.util.find_spec = lambda *_: None
from storyloom.models.tokens import count, exact
print(count("abcde"), count("\\ud800"), exact("gpt-4o"))
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout.split() == ["2", "1", "False"], said.stderr
