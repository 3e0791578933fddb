"""Tokens with their probabilities are read in every shape, and nothing a server sends hurts."""

import json
from typing import Any

import pytest

from storyloom.models.client import Client
from storyloom.models.drawing import LONGEST, MOST_ALTERNATIVES, MOST_TOKENS, Drawing
from storyloom.models.protocol import Drawn, Token, event_from, event_to
from storyloom.models.wire import decode, encode
from tests.models.asking import Outcome, ask, call
from tests.servers.provider import Provider
from tests.servers.script import Drawn as Step
from tests.servers.script import End, Reply, Text, Usage, refuses, says

SEA = Token(" sea", -0.5, ((" lake", -1.5), (" river", -2.5)))


def read(*events: Any, most: int = 5) -> list[Token]:
    """What is read of some events; each is first written and read as JSON."""
    drawing = Drawing(most)
    for event in events:
        drawing.take(json.loads(json.dumps(event)))
    return list(drawing.taken())


def told(token: str, logprob: Any, raw: Any = None, **more: Any) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": raw, **more}


def chat(*content: Any, delta: Any = None) -> dict[str, Any]:
    return {"choices": [{"delta": delta or {"content": "x"}, "logprobs": {"content": content}}]}


def bits(*parts: bytes) -> list[Any]:
    """Tokens that are those bytes, as OpenAI writes them."""
    return [told(repr(part)[2:-1], -1.0, list(part)) for part in parts]


LIKELY = [told(" lake", -1.5), told(" sea", -0.5), told(" river", -2.5)]


@pytest.mark.parametrize(
    "event",
    [
        chat(told(" sea", -0.5, list(b" sea"), top_logprobs=LIKELY)),
        {"choices": [{"text": " sea", "logprobs": {"content": [
            told(" sea", -0.5, [32, 115, 101, 97], id=7, top_logprobs=LIKELY)]}}]},
        {"choices": [{"text": " sea", "logprobs": {
            "tokens": [" sea"], "token_logprobs": [-0.5], "text_offset": [3],
            "top_logprobs": [{" lake": -1.5, " sea": -0.5, " river": -2.5}]}}]},
        {"content": " sea", "completion_probabilities": [told(" sea", -0.5, top_logprobs=LIKELY)]},
        {"candidates": [{"content": {}, "logprobsResult": {
            "chosenCandidates": [{"token": " sea", "tokenId": 3, "logProbability": -0.5}],
            "topCandidates": [{"candidates": [
                {"token": " sea", "logProbability": -0.5},
                {"token": " lake", "logProbability": -1.5},
                {"token": " river", "logProbability": -2.5}]}]}}]},
    ],
    ids=["chat", "llama.cpp", "completion", "llama.cpp's own", "gemini"],
)  # fmt: skip
def test_each_shape_is_read(event: Any) -> None:
    assert read(event) == [SEA]
    assert read(event, most=1) == [SEA._replace(others=SEA.others[:1])]
    assert read(event, most=0) == [], "nothing was asked for"


def test_shares_are_read_as_logprobs() -> None:
    after = {"token": "a", "prob": 0.5, "top_probs": [{"token": "b", "prob": 0.25}]}
    (token,) = read({"completion_probabilities": [after]})
    assert token.logprob == pytest.approx(-0.693, abs=0.001)
    assert token.others[0][1] == pytest.approx(-1.386, abs=0.001)


def test_pieces_of_a_character_become_one_token_as_likely_as_all_of_them() -> None:
    moon = "🌙".encode()
    first, *rest = bits(b" " + moon[:2], moon[2:3], moon[3:])
    first["top_logprobs"] = [told(" sun", -0.1), *bits(moon[:2])]
    assert read(chat(first), chat(*rest)) == [Token(" 🌙", -3.0, ((" sun", -0.1),))]
    # Where no bytes are given, an escape says them.
    escaped = {"tokens": ["bytes:\\xf0\\x9f", "bytes:\\x8c\\x99"], "token_logprobs": [-1, -1]}
    assert read({"choices": [{"text": "", "logprobs": escaped}]}) == [Token("🌙", -2.0)]


def test_bytes_that_are_no_text_and_halves_of_pairs_hold_nothing_up() -> None:
    assert read(chat(*bits(b"\x99\x82"), told("a", -1.0))) == [
        Token("\ufffd\ufffd", -1.0), Token("a", -1.0)
    ]  # fmt: skip
    assert [token.text for token in read(chat(told("\ud83d", -1.0), told("b", -1.0)))] == [
        "\ufffd", "b"
    ]  # fmt: skip


def test_thoughts_are_no_story() -> None:
    assert read(chat(told("Hm", -1.0), delta={"reasoning_content": "Hm", "content": ""})) == []


@pytest.mark.parametrize("event", [
    {"choices": 3}, {"choices": [3]}, {"choices": [{"logprobs": 3}]},
    {"choices": [{"logprobs": []}]}, chat(None), chat([]),
    chat({"token": 3, "logprob": -1.0}), chat(told("a", None)),
    chat(told("a", "x")), chat(told("a", True)), chat(told("a", float("nan"))),
    chat(told("a", -1.0, [999])), chat(told("", -1.0)),
    {"choices": [{"logprobs": {"tokens": "ab", "token_logprobs": -1, "top_logprobs": {}}}]},
    {"choices": [{"logprobs": {"tokens": [["a"]], "token_logprobs": [-1]}}]},
    {"candidates": [{"logprobsResult": {"chosenCandidates": {"token": "a"}}}]},
    {"completion_probabilities": "no"},
])  # fmt: skip
def test_what_makes_no_sense_is_left_out(event: Any) -> None:
    assert read(event, chat(told("b", -1.0))) == [Token("b", -1.0)]


def test_odd_numbers_and_alternatives_become_sound_ones() -> None:
    top = [*[told(f"x{index}", -index) for index in range(20_000)], told("y" * 9_999, 0), 3]
    tokens = read(
        chat(told("a", 5, top_logprobs=top)), chat(told("b", float("-inf"), top_logprobs=7)),
        chat(told("z" * 9_999, -1e300, list(b"z" * 9_999))), most=999,
    )  # fmt: skip
    assert [(token.text, token.logprob) for token in tokens] == [
        ("a", 0.0), ("b", -1000.0), ("z" * LONGEST, -1000.0)
    ]  # fmt: skip
    assert [other for other, _ in tokens[0].others] == [f"x{n}" for n in range(MOST_ALTERNATIVES)]


def test_a_branch_has_an_end_to_its_tokens() -> None:
    event = chat(*[told("a", -1.0)] * (MOST_TOKENS - 1))
    assert len(read(event, event, event)) == MOST_TOKENS


def test_tokens_cross_the_wire_as_they_are() -> None:
    event = Drawn("n1", (SEA, Token("\ud83d\n", -0.25)))
    assert event_from(decode(encode(event_to(event)))) == event


# From a server to the program


def tokens(outcome: Outcome) -> list[Token]:
    drawn = [event.tokens for event in outcome.events if isinstance(event, Drawn)]
    return [token for tokens in drawn for token in tokens]


STORY = Reply((
    Step(" The", -0.1, {" The": -0.1, " A": -2.5}),
    Step(" sea", -0.5, {" sea": -0.5, " lake": -1.5, " river": -2.5}),
    Text("."), Usage(3, 3), End(),
))  # fmt: skip


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("text", [False, True], ids=["chat", "completion"])
async def test_what_a_server_tells_arrives_once_it_is_asked_for(
    client: Client, provider: Provider, text: bool
) -> None:
    wanted = {"logprobs": 3} if text else {"logprobs": True, "top_logprobs": 3}
    source: dict[str, Any] = {"prompt": "Go on:"} if text else {}
    for model in ("openai/m", "hosted_vllm/m", "openrouter/m"):
        provider.script(STORY, STORY)
        asked = call(provider, model, params={"max_tokens": 9, **wanted}, **source)
        outcome = await ask(client, asked)
        assert outcome.text == " The sea."
        assert tokens(outcome) == [Token(" The", -0.1, ((" A", -2.5),)), SEA]
        body = provider.requests[-1].body
        assert {key: body[key] for key in body if "logprobs" in key} == wanted
        unasked = await ask(client, call(provider, model, **source))
        assert (unasked.text, tokens(unasked)) == (" The sea.", [])


@pytest.mark.asyncio(loop_scope="session")
async def test_who_takes_no_such_parameter_is_asked_without_it(
    client: Client, provider: Provider
) -> None:
    wanted = {"logprobs": True, "top_logprobs": 3}
    asked = call(provider, "anthropic/m", params={"max_tokens": 9, **wanted})
    outcome = await ask(client, asked)
    assert (outcome.done.finish, tokens(outcome)) == ("stop", [])
    assert outcome.done.dropped == ("logprobs", "top_logprobs")
    assert not wanted.keys() & provider.requests[-1].body.keys()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_model_that_refuses_to_tell_is_asked_once_more_without_and_another_refusal_stands(
    client: Client, provider: Provider
) -> None:
    params = {"max_tokens": 9, "logprobs": True, "top_logprobs": 3}
    for model in ("openai/m", "gemini/m"):
        provider.script(refuses(400, "Logprobs is not enabled for models/m"), says("Once."))
        outcome = await ask(client, call(provider, model, params=params))
        assert (outcome.text, outcome.done.dropped) == ("Once.", ("logprobs", "top_logprobs"))
        assert "ogprobs" in str(provider.requests[0].body)
        assert "ogprobs" not in str(provider.requests[1].body)
        for refusals, asked in (("Logprobs are off", 2), ("no such thing", 1)):
            provider.reset()
            provider.script(refuses(400, refusals), refuses(400, refusals), says("Once."))
            outcome = await ask(client, call(provider, model, params=params))
            assert (outcome.failed.kind, len(provider.requests)) == ("bad_request", asked)
        provider.reset()
