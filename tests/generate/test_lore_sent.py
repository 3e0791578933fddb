"""Where in a request the lore stands, that it fits, and that a story without any is as before."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.generate.blocks import Block, Reason
from storyloom.generate.context import Context, Sources, assemble
from storyloom.generate.firing import Cause, Rules, Told, fired
from storyloom.generate.sent import blocks_of, compared
from storyloom.models.protocol import Facts, Mode
from storyloom.story.lore import Entry
from storyloom.text import Refusal
from tests.generate.test_context import MODES, STORY, TEXT, four, sent
from tests.generate.test_firing import place

POSITIONS = ["top", "before_story", "note_top", "note_bottom", "at_depth:0", "at_depth:1",
             "at_depth:2", "at_depth:7", None]  # fmt: skip
LORE = st.lists(
    st.fixed_dictionaries({
        "title": st.text("abc [/]\n", max_size=9), "content": st.text("ab c\n[]", max_size=60),
        "position": st.sampled_from(POSITIONS), "constant": st.booleans(),
        "order": st.integers(0, 3),
    }),
    max_size=20,
)  # fmt: skip


def told(strand: str, *entries: Entry, budget: int = 10_000) -> tuple[Told, ...]:
    book = {str(number): entry for number, entry in enumerate(entries, 1)}
    found = fired(book, place([(1, strand)]), Rules(budget=budget), four)
    return tuple(Told(book[each.uid], each) for each in found)


def make(
    strand: str, *entries: Entry, mode: Mode = "chat", window: int = 2_000, provider: str = "",
    **given: str,
) -> Context:  # fmt: skip
    facts = Facts("test/model", mode, window=window, provider=provider)
    sources = Sources(strand, lore=told(strand, *entries), **given)  # type: ignore[arg-type]
    return assemble(sources, facts, cap=100_000, reserve=100, count=four)


def constant(content: str, **more: object) -> Entry:
    return {"title": f"the {content}", "content": content, "constant": True, **more}


def lore_of(context: Context) -> dict[str, Block]:
    return {block.name: block for block in context.blocks if block.name.startswith("lore")}


def test_without_lore_every_byte_is_as_it_was() -> None:
    """The digest is of what was sent before there was any lore."""
    digest = hashlib.sha256()
    strands = ("", "Once.", "Once upon a time.\n\nThere was a ferry. " * 40, "word " * 3_000)
    for mode in ("chat", "text", "prefill"):
        for strand in strands:
            for own in ({}, {"style": "S", "premise": "P", "why": "W"}, {"style": "S"}):
                for provider in ("", "embedded"):
                    context = make(strand, mode=mode, provider=provider, **own)  # type: ignore[arg-type]
                    digest.update(context.fingerprint.encode())
    assert digest.hexdigest() == "336f80221b1eef7052bbafc954392a5c1fd75b6d1336703338b45f7894d05c44"


@given(STORY, MODES, LORE, TEXT, TEXT, st.sampled_from(["", "embedded"]))
def test_the_blocks_put_together_are_exactly_what_is_sent(
    strand: str, mode: Mode, entries: list[Entry], style: str, why: str, provider: str
) -> None:
    context = make(strand, *entries, mode=mode, style=style, why=why, provider=provider)
    by_role: dict[str, str] = {}
    for block in context.blocks:
        assert (block.state == "out") == (block.text == "")
        assert isinstance(block.reason, Reason | Cause)
        assert "\n" not in block.name
        if block.text:
            by_role[block.role] = by_role.get(block.role, "") + block.text
    if context.messages is None:
        assert by_role.get("prompt", "") == context.prompt
    else:
        assert by_role == {each["role"]: each["content"] for each in context.messages}
    again = make(strand, *entries, mode=mode, style=style, why=why, provider=provider)
    assert (again, again.fingerprint) == (context, context.fingerprint)


@given(STORY, MODES, LORE, st.integers(350, 1_500))
def test_it_fits_the_window_and_the_story_keeps_its_part(
    strand: str, mode: Mode, entries: list[Entry], window: int
) -> None:
    context = make(strand, *entries, mode=mode, window=window)
    assert context.tokens == sum(block.tokens for block in context.blocks)
    assert context.tokens <= window - 100
    story = "".join(block.text for block in context.blocks if block.name.startswith("story"))
    if mode != "prefill":
        assert strand.rstrip(" \t").endswith(story.rstrip(" \t"))
    room = window - 100 - 64
    if any(block.text for block in lore_of(context).values()):
        assert four(story) >= min(four(strand.strip()), room * 2 // 5) - 160


@given(STORY, st.sampled_from(["chat", "prefill"]), LORE, TEXT, TEXT)
def test_a_stored_request_taken_apart_and_put_together_is_what_it_was(
    strand: str, mode: Mode, entries: list[Entry], premise: str, why: str
) -> None:
    context = make(strand, *entries, mode=mode, premise=premise, why=why)
    for known in ((), entries, entries[1:]):
        by_role: dict[str, str] = {}
        for block in blocks_of(context.body, four, known):
            by_role[block.role] = by_role.get(block.role, "") + block.text
        assert by_role == {each["role"]: each["content"] for each in context.messages or ()}


def test_what_was_sent_of_the_lore_is_told_by_its_titles() -> None:
    entries = [constant("A ferry.\nAn old one."), constant("A bell.", position="at_depth:1"),
               constant("A king.", position="top"), constant("An eel.", position="at_depth:0"),
               {"title": "none", "content": "Nothing."}]  # fmt: skip
    context = make("One.\n\nTwo.\n\nThree.", *entries, premise="P", why="W")
    taken = blocks_of(context.body, four, entries)
    assert [(block.name, block.text) for block in taken] == [
        (block.name, block.text) for block in context.blocks if block.text
    ]


def test_what_has_come_into_the_lore_or_left_it_is_told_by_title() -> None:
    strand = "One.\n\nTwo."
    ferry, bell = constant("A ferry."), constant("A bell.", position="at_depth:1")
    before, now = make(strand, ferry), make(strand, bell)
    lines = compared(blocks_of(before.body, four, [ferry, bell]), now.blocks).lines
    changes = {name: what for what, name, _ in lines}
    assert changes["lore the A ferry."] == "removed"
    assert changes["lore the A bell."] == "added"
    assert changes["story"] == "same"


def test_lore_before_the_story_is_in_the_system_message_the_strongest_last() -> None:
    context = make(
        "Once.", constant("Weak.", order=1), constant("Strong.", order=9),
        constant("Top.", position="top", order=99), style="S", premise="P",
    )  # fmt: skip
    assert context.messages is not None
    assert context.messages[0]["content"].endswith(
        "\n\nWhat the story is about:\nP"
        "\n\nWhat is true in the story's world:\nTop.\nWeak.\nStrong."
    )
    assert "the Strong" not in sent(context)


def test_a_base_model_reads_lore_above_the_rule_and_the_story_last() -> None:
    entries = [
        constant("A ferry."),
        constant("A bell."),
        constant("An eel.", position="at_depth:0"),
    ]
    context = make("One.\n\nTwo", *entries, mode="text", premise="P")
    assert context.prompt == "P\n\nA ferry.\nA bell.\n\n***\n\nOne.\n\n[An eel.]\n\nTwo"
    assert make("One", entries[0], mode="text").prompt == "A ferry.\n\n***\n\nOne"


@pytest.mark.parametrize(
    ("depth", "body"),
    [
        (0, "One.\n\nTwo.\n\nThree\n\n[Salt.]\n\n[Continue"),
        (1, "One.\n\nTwo.\n\n[Salt.]\n\nThree\n\n[Continue"),
        (2, "One.\n\n[Salt.]\n\nTwo.\n\nThree\n\n[Continue"),
        (3, "[Salt.]\n\nOne.\n\nTwo.\n\nThree\n\n[Continue"),
        (900_000, "[Salt.]\n\nOne.\n\nTwo.\n\nThree\n\n[Continue"),
    ],
)  # fmt: skip
def test_lore_at_a_depth_stands_so_many_paragraphs_from_the_end(depth: int, body: str) -> None:
    context = make("One.\n\nTwo.\n\nThree", constant("Salt.", position=f"at_depth:{depth}"))
    assert context.messages is not None
    assert context.messages[1]["content"].startswith(body)


def test_what_is_bracketed_already_is_not_bracketed_twice() -> None:
    assert "\n[Salt.]\n" in sent(make("One.", constant("[Salt.]", position="at_depth:0")))


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_lore_never_stands_in_an_answer_that_is_begun(depth: int) -> None:
    context = make("One.\n\nTwo.\n\nThree", constant("Salt.", position=f"at_depth:{depth}"),
                   mode="prefill")  # fmt: skip
    assert context.messages is not None
    user, answer = (message["content"] for message in context.messages[1:])
    assert "[Salt.]" in user
    assert "Salt" not in answer
    assert answer.endswith("Three")


@pytest.mark.parametrize("mode", ["chat", "prefill", "text"])
def test_an_empty_story_can_be_begun_with_lore(mode: Mode) -> None:
    context = make("", constant("Salt.", position="at_depth:0"), constant("Iron."), mode=mode)
    assert "[Salt.]\n\n" in sent(context)
    assert "Iron." in sent(context)


@pytest.mark.parametrize(
    ("window", "kept"), [(2_000, 4), (1_350, 4), (1_200, 3), (950, 2), (700, 1), (400, 0)]
)
def test_where_room_is_short_the_last_of_the_lore_goes_before_the_story_does(
    window: int, kept: int
) -> None:
    entries: list[Entry] = [
        {"title": name, "content": "x" * 398, "constant": True, "priority": 10 - number}
        for number, name in enumerate("abcd")
    ]
    context = make("word " * 2_000, *entries, window=window)
    reasons = [lore_of(context)[f"lore {name}"].reason for name in "abcd"]
    assert reasons == [Cause.CONSTANT] * kept + [Cause.NO_SPACE] * (4 - kept)
    story = next(block for block in context.blocks if block.name == "story")
    assert story.state == "trimmed"


def test_lore_alone_is_never_why_nothing_can_be_sent() -> None:
    huge = constant("x" * 100_000)
    assert make("Once.", huge, window=400).tokens <= 300
    with pytest.raises(Refusal):
        make("Once.", huge, window=400, style="x" * 4_000)


def test_the_embedded_model_gets_no_lore_and_the_author_is_told() -> None:
    entries = [constant("A ferry."), {"title": "bell", "content": "x"}]
    context = make("Once.", *entries, mode="text", provider="embedded")
    assert context.prompt == "Once."
    assert {name: block.reason for name, block in lore_of(context).items()} == {
        "lore the A ferry.": Reason.SMALL, "lore bell": Cause.NO_KEY,
    }  # fmt: skip


def test_why_each_entry_is_sent_or_not_is_told() -> None:
    context = make(
        "Mara took the ferry.", {"title": "Mara", "content": "x", "keys": ["Mara"]},
        {"title": "Night", "content": "x", "keys": ["ferry"], "secondary_keys": ["dark"]},
        {"content": "no title, and many words that say it", "enabled": False},
    )  # fmt: skip
    assert {name: (block.state, block.why) for name, block in lore_of(context).items()} == {
        "lore": ("in", "leads to what fires"),
        "lore Mara": ("in", "key Mara"),
        "lore Night": ("out", "secondary keys against ferry"),
        "lore no title, and many words that say it": ("out", "off"),
    }


def test_of_many_that_do_not_fire_those_that_nearly_did_are_told_and_the_others_counted() -> None:
    many: list[Entry] = [{"title": f"no {n}", "content": "x", "keys": ["eel"]} for n in range(500)]
    near = {"title": "near", "content": "x", "keys": ["ferry"], "secondary_keys": ["dark"]}
    blocks = make("The ferry.", *many, near, *({**each, "enabled": False} for each in many)).blocks
    names = [block.name for block in blocks]
    assert names[3:5] == ["story", "why and length"]
    assert names[5] == "lore near"
    assert len(names) <= 5 + 12
    told = {block.reason: block.name for block in blocks if " more" in block.name}
    assert told == {Cause.NO_KEY: "lore, 491 more", Cause.DISABLED: "lore, 500 more"}


def test_while_the_same_lore_fires_a_request_begins_with_the_one_before() -> None:
    """But for the steps of the cut, so that what a provider has cached serves again."""
    ferry, strand, before, jumps = constant("A ferry. " * 20), "", "", 0
    for number in range(200):
        strand += f"Sentence number {number} is here. "
        now = make(strand, ferry, mode="text", window=1_000).prompt
        assert now is not None
        jumps += not now.startswith(before.rstrip())
        before = now
    # A step is a quarter of the room for the story, some 700 characters.
    assert 1 <= jumps <= len(strand) // 700 + 1


def test_the_story_keeps_two_fifths_of_the_room_however_much_lore_there_is() -> None:
    strand = "".join(f"Sentence number {number} is here. " for number in range(4_000))
    entries = [constant("x" * 300, title=str(number)) for number in range(300)]
    for window in range(500, 4_000, 100):
        context = make(strand, *entries, window=window)
        story = sum(block.tokens for block in context.blocks if block.name == "story")
        # A sentence is ten tokens.
        assert story >= min(1_500, (window - 164) * 2 // 5) - 12
