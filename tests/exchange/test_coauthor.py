"""A recorded session becomes a story with its forks, and every character keeps who wrote it."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyloom.exchange.importing import bring_in
from storyloom.exchange.readers.coauthor import coauthor_session, gestures
from storyloom.exchange.sessions import MODEL, PROMPT
from storyloom.replay.projection import Projection
from storyloom.replay.recording import record
from storyloom.story import check, origins, reading, tips
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.replay import sessions
from tests.replay.sessions import BEGIN, change, line, offered

SESSIONS = Path(__file__).parents[3] / "shared" / "data" / "coauthor"
NAMES = sorted(path.stem for path in SESSIONS.glob("*.jsonl"))
LETTER = {PROMPT: "P", origins.HUMAN: "U", origins.model_origin(MODEL): "A"}

needs_sessions = pytest.mark.skipif(not NAMES, reason="the recorded sessions are not here")


def strand(story: Story) -> tuple[str, str]:
    """The weave's text, and a letter for whose each of its characters is."""
    pieces = reading.strand(story, tips.weave_tip(story))
    text = "".join(piece.text for piece in pieces)
    return text, "".join(LETTER[run.origin] * run.length for piece in pieces for run in piece.runs)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@needs_sessions
@pytest.mark.parametrize("name", NAMES)
def test_a_real_session_ends_in_its_text_with_each_character_its_own_writers(
    tmp_path: Path, name: str
) -> None:
    expected = json.loads((SESSIONS / "expected.json").read_text())[name]
    made = bring_in(SESSIONS / f"{name}.jsonl", tmp_path)
    with Story(made.path) as story:
        text, mask = strand(story)
        assert len(text) == expected["final_len"]
        assert sha256(text) == expected["final_sha256"]
        assert sha256(mask) == expected["mask_sha256"]
        forks = story.read.execute("SELECT count(*) FROM op WHERE kind = 'gen.request'").fetchone()
        assert forks[0] == expected["event_counts"]["suggestion-open"]
        assert check.check(story).faults == []


@needs_sessions
@pytest.mark.parametrize("name", NAMES)
def test_a_real_session_is_replayed_as_it_is_made_from_scratch(tmp_path: Path, name: str) -> None:
    made = bring_in(SESSIONS / f"{name}.jsonl", tmp_path)
    with Story(made.path) as story:
        recording = record(story.read)
        projection = Projection(story.read, recording.ops)
        projection.prepare()
        for position in random.Random(name).sample(range(len(recording) + 1), 50):
            projection.seek(position)
            tables = check.folded_log(story.read, recording.ops[position - 1] if position else 0)
            assert projection.nodes == tables.nodes
            assert projection.attributes == tables.attributes


@needs_sessions
def test_the_log_has_the_times_of_then(tmp_path: Path) -> None:
    path = SESSIONS / f"{NAMES[0]}.jsonl"
    times = [event.time for event in coauthor_session(path.read_bytes())]
    with Story(bring_in(path, tmp_path).path) as story:
        found = record(story.read).times
    assert found[0] == times[0]
    assert found == sorted(found)
    assert found[-1] <= times[-1]


# Sessions that nobody wrote.


def brought_in(folder: Path, *lines: str) -> Story:
    return Story(sessions.brought_in(folder, *lines))


def texts(story: Story, parent: int) -> list[str]:
    return [
        text
        for (text,) in story.read.execute(
            "SELECT text FROM node JOIN rev ON rev.id = node.rev WHERE parent = ? ORDER BY ord",
            (parent,),
        )
    ]


def test_what_was_not_taken_stays_beside_what_was(tmp_path: Path) -> None:
    with brought_in(
        tmp_path,
        BEGIN,
        offered(2_000, " It slept.", " It woke.", cursor=8),
        change(4_000, {"retain": 8}, {"insert": "It woke."}, source="api"),
        change(5_000, {"retain": 16}, {"insert": " Then"}),
    ) as story:
        assert texts(story, 1) == [" It slept.", "It woke."]
        assert strand(story) == ("The sea.It woke. Then", "P" * 8 + "A" * 8 + "U" * 5)


def test_suggestions_in_the_middle_become_a_fork_there(tmp_path: Path) -> None:
    with brought_in(
        tmp_path,
        BEGIN,
        offered(2_000, "wide ", "cold ", cursor=4),
        change(3_000, {"retain": 4}, {"insert": "cold "}, source="api"),
    ) as story:
        assert strand(story) == ("The cold sea.", "PPPPAAAAAPPPP")
        assert check.check(story).faults == []
        first = reading.strand(story, tips.weave_tip(story))[0].node
        assert sorted(texts(story, first)) == ["cold ", "wide "]


def test_when_none_is_taken_the_authors_words_are_another_branch(tmp_path: Path) -> None:
    with brought_in(
        tmp_path,
        BEGIN,
        offered(2_000, " One.", " Two.", cursor=8),
        line("suggestion-close", 3_000),
        change(4_000, {"retain": 8}, {"insert": " Mine."}),
    ) as story:
        assert texts(story, 1) == [" One.", " Two.", " Mine."]
        assert strand(story)[0] == "The sea. Mine."


def test_typing_is_one_gesture_until_a_pause_and_loses_no_letter() -> None:
    typed = [change(1_000 + 200 * n, {"retain": 8 + n}, {"insert": "abcd"[n]}) for n in range(4)]
    later = change(9_000, {"retain": 12}, {"insert": "e"})
    back = [
        change(9_100 + n, {"retain": 12 - n}, {"delete": 1}, name="text-delete") for n in (0, 1)
    ]
    found = list(gestures(coauthor_session("\n".join([BEGIN, *typed, later, *back]).encode())))
    assert [edit for event in found[1:] for edit in event.edits] == [
        *[type(found[1].edits[0])(8, 0, "abcd"), type(found[1].edits[0])(12, 0, "e")],
        type(found[1].edits[0])(11, 2),
    ]


def test_offsets_are_utf_16_units(tmp_path: Path) -> None:
    with brought_in(
        tmp_path,
        line("system-initialize", 1_000, "api", currentDoc="🜁🜁\n"),
        change(2_000, {"retain": 2}, {"insert": "x"}),
        change(9_000, {"retain": 5}, {"insert": "é"}),
        change(12_000, {"delete": 2}, name="text-delete"),
    ) as story:
        assert strand(story) == ("x🜁é", "UPU")


@pytest.mark.parametrize("bad", ["{", "[]", "7", '"x"', "nonsense"])
def test_a_line_that_is_no_event_is_named(tmp_path: Path, bad: str) -> None:
    with pytest.raises(Refusal, match="Line 2"):
        brought_in(tmp_path, BEGIN, bad)
    assert list(tmp_path.glob("*.loom")) == []


EDITS = st.lists(
    st.tuples(st.integers(0, 40), st.text("ab🜁\u0301e \ud800", max_size=5), st.integers(0, 12),
              st.booleans(), st.integers(0, 3_000)),
    max_size=12,
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=EDITS)
def test_any_session_gives_a_sound_story_with_the_text_that_it_ended_in(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, str, int, bool, int]]
) -> None:
    units = list("The sea.")
    lines, time = [BEGIN], 1_000
    for at, text, deleted, by_model, pause in edits:
        time += pause
        wide = [chr(int.from_bytes(text.encode("utf-16-le", "surrogatepass")[n : n + 2], "little"))
                for n in range(0, 2 * sum(1 + (c > "\uffff") for c in text), 2)]  # fmt: skip
        if by_model:
            lines.append(offered(time, text, "other", cursor=at))
        ops: list[dict[str, Any]] = [{"retain": at}, {"insert": text}, {"delete": deleted}]
        lines.append(change(time, *ops, source="api" if by_model else "user"))
        at = min(at, len(units))
        units[at:at] = wide
        del units[at + len(wide) : at + len(wide) + deleted]
    whole = "".join(units).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    with brought_in(tmp_path_factory.mktemp("session"), *lines) as story:
        assert check.check(story).faults == []
        if not any("\ud800" <= unit <= "\udfff" for unit in units) and "\u0301" not in whole:
            assert strand(story)[0] == whole
