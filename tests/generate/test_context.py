"""What a model is sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyloom.generate.context import Context, Reason, Sources, assemble
from storyloom.models import tokens
from storyloom.models.protocol import Facts, Mode
from storyloom.text import Refusal

WORD = st.text("abcdefgh", min_size=1, max_size=9)
STORY = st.lists(
    st.one_of(WORD, st.sampled_from([". ", "\n\n", " ", ", ", "門の", "é", "🐉"])), max_size=400
).map(" ".join)
MODES = st.sampled_from(["chat", "text", "prefill"])


def four(text: str) -> int:
    """A token is four characters, rounded up."""
    return -(-len(text) // 4)


def dense(text: str) -> int:
    """Three tokens for each character, as of a rare script."""
    return 3 * len(text)


def make(strand: str, mode: Mode = "chat", window: int = 400, **more: object) -> Context:
    given = {key: more.pop(key) for key in ("premise", "style", "why", "skipped") if key in more}
    facts = Facts("test/model", mode, window=window, provider=str(more.pop("provider", "")))
    count = more.pop("count", four)
    return assemble(Sources(strand, **given), facts, cap=100_000, reserve=100, count=count)  # type: ignore[arg-type]


def sent(context: Context) -> str:
    """All that goes out, in order."""
    if context.prompt is not None:
        return context.prompt
    assert context.messages is not None
    return "\n".join(message["content"] for message in context.messages)


def story_block(context: Context) -> str:
    """What is sent of the story; in two blocks where its end begins the answer."""
    return "".join(block.text for block in context.blocks if block.name.startswith("story"))


@given(STORY, MODES)
def test_the_same_sources_give_the_same_bytes(strand: str, mode: Mode) -> None:
    first, second = make(strand, mode), make(strand, mode)
    assert first == second
    assert first.fingerprint == second.fingerprint


@given(STORY, MODES, st.sampled_from([four, dense]))
def test_it_fits_the_window_by_its_own_count(strand: str, mode: Mode, count: object) -> None:
    facts = Facts("test/model", mode, window=2_000)
    context = assemble(Sources(strand), facts, cap=10_000, reserve=100, count=count)  # type: ignore[arg-type]
    assert context.tokens <= 2_000 - 100
    assert context.tokens == sum(block.tokens for block in context.blocks)
    if mode != "prefill":
        assert strand.rstrip(" \t").endswith(story_block(context).rstrip(" \t"))


TEXT = st.text("ab \n:*", max_size=30)


@given(STORY, MODES, TEXT, TEXT, TEXT, st.sampled_from(["", "embedded"]))
def test_the_blocks_put_together_are_exactly_what_is_sent(
    strand: str, mode: Mode, style: str, premise: str, why: str, provider: str
) -> None:
    context = make(strand, mode, style=style, premise=premise, why=why, provider=provider)
    by_role: dict[str, str] = {}
    for block in context.blocks:
        assert (block.state == "out") == (block.text == "")
        assert isinstance(block.reason, Reason)
        if block.text:
            by_role[block.role] = by_role.get(block.role, "") + block.text
    if context.messages is None:
        assert by_role.get("prompt", "") == context.prompt
        assert set(by_role) <= {"prompt"}
    else:
        assert by_role == {each["role"]: each["content"] for each in context.messages}


def test_each_part_has_a_block_and_a_reason_of_its_own() -> None:
    blocks = {block.name: block for block in make("Once.", style="S", why="W").blocks}
    assert [(name, block.state, block.reason) for name, block in blocks.items()] == [
        ("instructions", "in", Reason.ALWAYS),
        ("style", "in", Reason.YOURS),
        ("premise", "out", Reason.UNSET),
        ("story", "in", Reason.WHOLE),
        ("why and length", "in", Reason.ALWAYS),
    ]
    trimmed = make("word " * 2_000).blocks[3]
    assert (trimmed.state, trimmed.reason) == ("trimmed", Reason.CUT)
    assert trimmed.left_out + len(trimmed.text) == 10_000
    told = {block.name: block.reason for block in make("Once.", "text", why="W").blocks}
    assert told["instructions"] == told["why and length"] == Reason.TOLD


def test_real_tokens_fit_too() -> None:
    strand = "門の向こうには誰もいなかった。🐉 She waited, and the bell rang. " * 300
    facts = Facts("test/model", "text", window=1_000)
    context = assemble(Sources(strand), facts, cap=10_000, reserve=80, count=tokens.count)
    assert context.prompt is not None
    assert 300 < tokens.count(context.prompt) <= 1_000 - 80


def test_a_setting_caps_a_large_window() -> None:
    facts = Facts("test/model", "text", window=1_000_000)
    context = assemble(Sources("word " * 10_000), facts, cap=600, reserve=100, count=four)
    assert context.tokens <= 500


def test_style_premise_and_why_go_to_a_model_that_is_told() -> None:
    context = make("Once.", style="STYLE", premise="PREMISE", why="WHY")
    for part in ("STYLE", "PREMISE", "WHY", "Once."):
        assert part in sent(context)


def test_the_embedded_model_gets_the_story_alone() -> None:
    context = make("Once.", "text", style="STYLE", premise="PREMISE", provider="embedded")
    assert context.prompt == "Once."
    outside = {block.name: block.reason for block in context.blocks if block.state == "out"}
    assert outside["style"] == outside["premise"] == Reason.SMALL


def test_what_cannot_fit_is_refused_and_by_how_much() -> None:
    fits = make("", style="x" * 400, window=600)
    over = 600 - 100 - 64 - fits.tokens
    make("", style="x" * (400 + 4 * (over - 1)), window=600)
    with pytest.raises(Refusal, match=r" 10 tokens too many for test/model, of which 600 "):
        make("", style="x" * (400 + 4 * (over + 9)), window=600)


@settings(max_examples=25)
@given(st.lists(WORD, min_size=60, max_size=60).map(" ".join), st.integers(20, 80))
def test_a_childs_request_begins_with_its_parents(piece: str, steps: int) -> None:
    """But for a step of the cut, so that what a provider has cached serves again."""
    strand, jumps, before = "", 0, None
    for number in range(steps):
        strand += f" {piece}{number}." + ("\n\n" if number % 3 == 0 else "")
        now = make(strand, "text", window=1_000)
        if before is not None and not sent(now).startswith(sent(before)):
            jumps += 1
        before = now
    # A step is a quarter of the room, 836 tokens of four characters.
    assert jumps <= len(strand) / 836 + 1


def test_the_cut_does_not_move_with_what_was_not_even_read() -> None:
    strand = "".join(f"Sentence number {number} is here. " for number in range(1_000))
    whole = make(strand, "text")
    for skipped in (1, 700, 4_321):
        assert make(strand[skipped:], "text", skipped=skipped).prompt == whole.prompt


def test_the_cut_is_at_a_paragraph_else_a_sentence_else_a_word() -> None:
    paragraphs = "".join(f"Sentence {n} is here. Another one.\n\n" for n in range(200))
    assert story_block(make(paragraphs, "text")).startswith("Sentence ")
    sentences = "".join(f"Sentence {n} is here. " for n in range(300))
    assert story_block(make(sentences, "text")).startswith("Sentence ")
    words = "word " * 2_000
    assert story_block(make(words, "text")).startswith("word ")


@given(STORY)
def test_a_prompt_for_raw_continuation_ends_without_a_space(strand: str) -> None:
    prompt = make(strand + "  \t", "text").prompt
    assert prompt is not None
    assert prompt == prompt.rstrip(" \t")


@given(STORY)
def test_a_begun_answer_ends_where_the_story_does(strand: str) -> None:
    messages = make(strand, "prefill").messages
    assert messages is not None
    last = messages[-1]
    if strand.strip():
        assert last["role"] == "assistant"
        # Providers refuse one that ends in white space.
        assert last["content"] == last["content"].rstrip()
        assert strand.rstrip().endswith(last["content"])
    else:
        assert last["role"] == "user"


def test_an_empty_story_can_be_begun_by_a_model() -> None:
    assert make("", premise="A ferry.").messages
    assert make("", "text", premise="A ferry.").prompt == "A ferry.\n\n***\n\n"
