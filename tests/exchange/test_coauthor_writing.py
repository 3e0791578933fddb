"""A weave's history as CoAuthor's lines: played, they give the weave, and whose it is."""

import contextlib
import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyloom.curate.provenance import provenance
from storyloom.exchange.importing import bring_in
from storyloom.exchange.writers.coauthor import lines
from storyloom.generate.batch import Batch
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import (
    check,
    growth,
    history,
    marks,
    origins,
    placing,
    purging,
    reading,
    shape,
    tips,
    weaves,
)
from storyloom.story.drawn import DrawnToken
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.exchange.quill import KEYS, Played, played
from tests.replay.sessions import ferry
from tests.servers.provider import Provider
from tests.servers.script import Reply, Request, says
from tests.story.trees import Plain, grown, step

SESSIONS = Path(__file__).parents[3] / "shared" / "data" / "coauthor"
NAMES = sorted(path.stem for path in SESSIONS.glob("*.jsonl"))

needs_sessions = pytest.mark.skipif(not NAMES, reason="the recorded sessions are not here")


def written(story: Story, node: int | None = None) -> Played:
    """The log of a strand, by default the main weave, played."""
    return played(lines(story, tips.weave_tip(story) if node is None else node))


def by_models(story: Story, node: int) -> int:
    """Code points of models in a strand, as the program's own account has them."""
    counts = provenance(story, node).whole.surviving
    return sum(count for origin, count in counts.items() if origin.startswith("model:"))


def agrees(story: Story, node: int) -> Played:
    """The log of a strand, which gives its text and as much of models as the account says."""
    out = written(story, node)
    assert out.text == reading.strand_text(story, node)
    assert out.models == by_models(story, node)
    return out


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# Real sessions.


@pytest.fixture(scope="module", params=NAMES)
def session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Story]]:
    """The name of a real session, and the story that it was made."""
    folder = tmp_path_factory.mktemp("session")
    with Story(bring_in(SESSIONS / f"{request.param}.jsonl", folder).path) as story:
        yield request.param, story


@needs_sessions
def test_a_real_session_comes_out_with_its_text_its_writers_and_its_choices(
    session: tuple[str, Story],
) -> None:
    name, story = session
    expected = json.loads((SESSIONS / "expected.json").read_text())[name]
    out = agrees(story, tips.weave_tip(story))
    assert sha256(out.text) == expected["final_sha256"]
    assert sha256(out.mask) == expected["mask_sha256"]
    assert out.inserted == expected["inserted_chars"]
    assert out.deleted == expected["deleted_chars"]
    for event in ("suggestion-open", "suggestion-select"):
        assert out.counts[event] == expected["event_counts"][event]
    sent = expected["published"]
    asked = next(each for each in out.events if each["eventName"] == "suggestion-get")
    assert asked["currentTemperature"] == sent["temperature"]
    assert asked["currentFrequencyPenalty"] == sent["frequency_penalty"]
    assert (asked["currentMaxToken"], asked["currentTopP"]) == ("30", "1")


@needs_sessions
def test_what_is_brought_in_again_is_the_same_story(
    session: tuple[str, Story], tmp_path: Path
) -> None:
    _, story = session
    first = list(lines(story, tips.weave_tip(story)))
    account = provenance(story, tips.weave_tip(story))
    path = tmp_path / "again.jsonl"
    path.write_text("".join(first))
    with Story(bring_in(path, tmp_path).path) as again:
        assert check.check(again).faults == []
        found = provenance(again, tips.weave_tip(again))
        assert found.whole.surviving == account.whole.surviving
        assert found.whole.inserted == account.whole.inserted
        assert found.drafted == account.drafted
        assert list(lines(again, tips.weave_tip(again))) == first


def _types(events: Iterable[dict[str, object]]) -> dict[tuple[str, str], set[str]]:
    """The types of each key's values, by event; an empty string is one of its own."""
    out: dict[tuple[str, str], set[str]] = {}
    for event in events:
        for key, value in event.items():
            kind = '""' if value == "" else type(value).__name__
            out.setdefault((str(event["eventName"]), key), set()).add(kind)
    return out


@needs_sessions
def test_keys_and_their_types_are_those_of_the_real_files(session: tuple[str, Story]) -> None:
    name, story = session
    theirs = (SESSIONS / f"{name}.jsonl").read_text().splitlines()
    ours = list(lines(story, tips.weave_tip(story)))
    assert {tuple(json.loads(each)) for each in theirs} == {KEYS}
    # Of the same values the very same bytes are written.
    assert json.dumps(json.loads(theirs[0])) == theirs[0]
    assert all(json.dumps(json.loads(each)) + "\n" == each for each in ours)
    known = _types(map(json.loads, theirs))
    for place, kinds in _types(map(json.loads, ours)).items():
        # No parameter was sent yet when a session begins.
        assert kinds <= known[place] | {'""'}, place


# Any story.


def _edit_by_chance(story: Story, chance: random.Random) -> None:
    node = chance.choice(Plain(story).alive())
    with contextlib.suppress(Refusal):
        match chance.randrange(6):
            case 0:
                shape.edit(story, node, "Written 🜁 all anew. By hand.", how="editor")
            case 1:
                marks.set_sketch(story, node, on=chance.random() < 0.5)
            case 2:
                purging.purge(story, purging.pruned_roots(story)[:1])
            case 3:
                grown(story, node, "🜁 grew.", "Two words.")
            case _:
                (piece,) = reading.pieces(story, [node])
                at, cut = chance.randint(0, len(piece.text)), chance.randint(0, 4)
                typed = chance.choice(["🜁 typed", "x", "y z ", ""])
                whose = chance.choice(["human", "paste", "model:m/two", "import:x"])
                runs = origins.spliced(piece.runs, at, cut, origins.whole(typed, whose))
                text = piece.text[:at] + typed + piece.text[at + cut :]
                shape.edit(story, node, text, runs)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    opening=st.sampled_from(["", "Begin. 🜁x"]),
    seed=st.integers(0, 1 << 32),
    steps=st.integers(0, 50),
)
def test_any_story_gives_its_weaves_and_the_account_of_them(
    tmp_path_factory: pytest.TempPathFactory, opening: str, seed: int, steps: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    chance = random.Random(seed)
    with Story.create(folder / "story.loom", opening=opening) as story:
        for _ in range(steps):
            if chance.random() < 0.35:
                _edit_by_chance(story, chance)
            else:
                step(story, chance)
        main = tips.weave_tip(story)
        for node in (main, tips.weave_tip(story, "dark"), chance.choice(Plain(story).alive())):
            if node:
                agrees(story, node)
        first = list(lines(story, main))
        assert list(lines(story, main)) == first
        text, count = reading.strand_text(story, main), by_models(story, main)
    path = folder / "session.jsonl"
    path.write_text("".join(first))
    with Story(bring_in(path, folder).path) as again:
        tip = tips.weave_tip(again)
        assert (reading.strand_text(again, tip), by_models(again, tip)) == (text, count)


# What becomes of what.


def test_a_branch_is_offered_chosen_and_inserted_by_the_model(story: Story) -> None:
    _, two, _ = grown(story, 1, " One.", " Two.", " Three.")
    shape.write_child(story, two, " Mine.")
    weaves.set_weave(story, tips.weave_tip(story) or 1)
    last = shape.write_child(story, reading.children(story, two)[0], " End.")
    weaves.set_weave(story, last)
    out = agrees(story, last)
    assert out.names == [
        "system-initialize", "suggestion-get", "suggestion-open", "suggestion-select",
        "suggestion-close", "text-insert", "text-insert", "text-insert",
    ]  # fmt: skip
    begun, asked, opened, chosen, closed, *_ = out.events
    length = len("The sea was iron.")
    assert begun["currentDoc"] == "The sea was iron.\n"
    assert [each["original"] for each in opened["currentSuggestions"]] == [
        " One.", " Two.", " Three.",
    ]  # fmt: skip
    assert opened["currentSuggestions"][1] == {
        "index": 1, "original": " Two.", "trimmed": "Two.", "probability": None,
    }  # fmt: skip
    assert [each["eventSource"] for each in (asked, opened, chosen, closed)] == [
        "user", "api", "user", "api",
    ]  # fmt: skip
    assert {each["currentCursor"] for each in (begun, asked, opened, chosen, closed)} == {length}
    assert (chosen["currentSuggestionIndex"], asked["currentN"]) == (1, "3")
    assert out.edits() == [
        ("text-insert", "api", [{"retain": length}, {"insert": " Two."}]),
        ("text-insert", "user", [{"retain": length + 5}, {"insert": " Mine."}]),
        ("text-insert", "user", [{"retain": length + 11}, {"insert": " End."}]),
    ]


def test_times_are_those_of_the_operations(story: Story) -> None:
    clock = iter(range(1_000, 100_000, 1_000))
    story.clock = lambda: next(clock)
    (one,) = grown(story, 1, " One.")
    weaves.set_weave(story, one)
    rows = story.read.execute("SELECT kind, ts FROM op WHERE kind <> 'session.start'").fetchall()
    when = dict(rows)
    assert [(each["eventName"], each["eventTimestamp"]) for each in written(story).events] == [
        ("system-initialize", when["story.create"]),
        ("suggestion-get", when["gen.request"]),
        ("suggestion-open", when["gen.result"]),
        ("suggestion-select", when["weave.set"]),
        ("suggestion-close", when["weave.set"]),
        ("text-insert", when["weave.set"]),
    ]


def _move_below(story: Story, node: int) -> None:
    placing.move(story, 2, node)


GOES_ON = {
    "writes below it": lambda story, node: shape.write_child(story, node, " On."),
    "grows below it": lambda story, node: growth.request(story, node, [Asked("m", {})]),
    "moves something below it": _move_below,
    "leads another weave there": lambda story, node: weaves.set_weave(story, node, "dark"),
    "keeps it alone": shape.keep_only,
    "edits it": lambda story, node: shape.edit(story, node, " Grown up."),
    "splits it": lambda story, node: shape.split(story, node, 3),
    "joins it": shape.join,
}


@pytest.mark.parametrize("how", GOES_ON)
def test_a_branch_is_chosen_when_its_author(story: Story, how: str) -> None:
    shape.write_child(story, 1, " Beside.")
    shape.prune(story, 2)
    node, *others = grown(story, 1, " Grown.", " Not taken.")
    for other in others if how == "joins it" else ():
        shape.prune(story, other)
    if how == "moves something below it":
        shape.restore(story, [2])
    story.clock = lambda: 10_000
    GOES_ON[how](story, node)
    story.clock = lambda: 20_000
    growth.recover(story)
    weaves.set_weave(story, node)
    out = agrees(story, node)
    chosen = out.names.index("suggestion-select")
    taken = out.events[chosen : chosen + 3]
    assert {each["eventTimestamp"] for each in taken} == {10_000}
    assert taken[2]["textDelta"]["ops"][-1] == {"insert": " Grown."}


def test_a_branch_that_is_woven_while_it_is_written_is_chosen_when_it_is_done(
    story: Story,
) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    weaves.set_weave(story, place.node)
    growth.finish(story, place, " Late.", Result("stop"))
    assert agrees(story, place.node).names[1:] == [
        "suggestion-get", "suggestion-open", "suggestion-select", "suggestion-close",
        "text-insert",
    ]  # fmt: skip


def test_what_comes_when_another_is_taken_already_is_not_offered(story: Story) -> None:
    places = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})] * 2)
    growth.finish(story, places[1], " First.", Result("stop"))
    weaves.set_weave(story, places[1].node)
    growth.finish(story, places[0], " Late.", Result("stop"))
    out = agrees(story, places[1].node)
    assert out.names[1:] == [
        "suggestion-get", "suggestion-open", "suggestion-select", "suggestion-close",
        "text-insert",
    ]  # fmt: skip
    assert [each["original"] for each in out.events[2]["currentSuggestions"]] == [" First."]


def test_a_model_that_had_more_to_say_has_not_chosen(story: Story) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    growth.finish(story, place, " Cut", Result("interrupted"))
    growth.finish(story, place, " Cut short.", Result("stop"))
    story.clock = lambda: 20_000
    weaves.set_weave(story, place.node)
    chosen = next(
        each
        for each in agrees(story, place.node).events
        if each["eventName"] == "suggestion-select"
    )
    assert chosen["eventTimestamp"] == 20_000


def test_what_was_offered_is_put_away_when_none_is_taken(story: Story) -> None:
    grown(story, 1, " One.", " Two.")
    weaves.set_weave(story, shape.write_child(story, 1, " Mine."))
    out = agrees(story, tips.weave_tip(story))
    assert out.names[-3:] == ["suggestion-open", "suggestion-close", "text-insert"]
    assert out.events[-2]["eventSource"] == "user"


def test_a_branch_that_is_chosen_late_is_offered_once_more(story: Story) -> None:
    first, _ = grown(story, 1, " One.", " Two.")
    grown(story, 1, " Three.")
    weaves.set_weave(story, first)
    out = agrees(story, first)
    assert out.names[1:] == [
        "suggestion-get", "suggestion-open", "suggestion-close", "suggestion-get",
        "suggestion-open", "suggestion-close", "suggestion-open", "suggestion-select",
        "suggestion-close", "text-insert",
    ]  # fmt: skip
    assert out.events[-3]["currentSuggestionIndex"] == 0


def test_branches_of_places_that_the_weave_does_not_lead_through_are_not_told(
    story: Story,
) -> None:
    away = shape.write_child(story, 1, " Away.")
    grown(story, away, " Not told.")
    weaves.set_weave(story, shape.write_child(story, 1, " Here."))
    assert written(story).names == ["system-initialize", "text-insert"]


def test_a_weave_that_is_led_only_at_the_end_has_its_history_all_the_same(story: Story) -> None:
    clock = iter(range(1_000, 100_000, 1_000))
    story.clock = lambda: next(clock)
    one = shape.write_child(story, 1, " One.")
    two = shape.write_child(story, one, " Two.")
    shape.edit(story, one, " One and a half.")
    weaves.set_weave(story, two)
    out = agrees(story, two)
    assert [each[2][-1] for each in out.edits()] == [
        {"insert": " One."}, {"insert": " Two."}, {"insert": " and a half"},
    ]  # fmt: skip
    assert len({each["eventTimestamp"] for each in out.events}) == 4


def test_a_weave_that_changes_its_way_is_told_as_the_way_of_today(story: Story) -> None:
    once = shape.write_child(story, 1, " Once.")
    weaves.set_weave(story, once)
    today = shape.write_child(story, 1, " Today.")
    weaves.set_weave(story, today)
    assert [each[2][-1] for each in agrees(story, today).edits()] == [{"insert": " Today."}]


def test_splits_joins_moves_and_prunings_change_no_text(story: Story) -> None:
    (one,) = grown(story, 1, " One and more.")
    two = shape.write_child(story, one, " Two.")
    weaves.set_weave(story, two)
    grown(story, two, " Offered.")
    before = written(story).edits()
    shape.split(story, one, 4)
    shape.join(story, two)
    other = shape.write_child(story, 1, " Beside.")
    shape.prune(story, other)
    moved = shape.split(story, two, 3)
    placing.shift(story, moved, -1)
    assert before == [
        ("text-insert", "api", [{"retain": 17}, {"insert": " One and more."}]),
        ("text-insert", "user", [{"retain": 31}, {"insert": " Two."}]),
    ]
    out = agrees(story, two)
    assert out.edits() == before
    # Nor do they put away what is offered.
    assert out.names[-1] == "suggestion-open"


def test_the_half_that_was_given_up_goes_when_something_comes_in_its_place(story: Story) -> None:
    one = shape.write_child(story, 1, " One. Given up.")
    first = shape.split(story, one, 5)
    (grew,) = grown(story, first, " Grew.")
    weaves.set_weave(story, grew)
    out = agrees(story, grew)
    assert out.edits() == [
        ("text-insert", "user", [{"retain": 17}, {"insert": " One. Given up."}]),
        ("text-insert", "api", [{"retain": 22}, {"insert": " Grew."}]),
        ("text-delete", "user", [{"retain": 28}, {"delete": 10}]),
    ]
    assert out.names[-5:-3] == ["suggestion-open", "suggestion-select"]
    grown(story, one, " Not told.")
    assert written(story, grew).events == out.events


def test_what_a_join_left_aside_is_not_in_the_text_twice(story: Story) -> None:
    one = shape.write_child(story, 1, " One.")
    two = shape.write_child(story, one, " Two.")
    shape.prune(story, shape.write_child(story, one, " Aside."))
    weaves.set_weave(story, two)
    before = agrees(story, two).edits()
    assert shape.join(story, two).left_aside == 1
    assert agrees(story, two).edits() == before


def test_splits_and_joins_that_were_taken_back_leave_no_trace(story: Story) -> None:
    (one,) = grown(story, 1, " One and more.")
    two = shape.write_child(story, one, " Two.")
    weaves.set_weave(story, two)
    shape.join(story, two)
    history.undo(story)
    shape.split(story, one, 4)
    history.undo(story)
    history.redo(story)
    other = shape.write_child(story, one, " Other.")
    weaves.set_weave(story, other)
    assert [each[2][-1] for each in agrees(story, other).edits()] == [
        {"insert": " One and more."}, {"insert": " Other."},
    ]  # fmt: skip


def test_what_was_undone_is_deleted_again(story: Story) -> None:
    one = shape.write_child(story, 1, " One.")
    weaves.set_weave(story, one)
    shape.edit(story, one, " One. More.")
    history.undo(story)
    assert agrees(story, one).edits()[1:] == [
        ("text-insert", "user", [{"retain": 22}, {"insert": " More."}]),
        ("text-delete", "user", [{"retain": 22}, {"delete": 6}]),
    ]


def test_one_edit_is_one_event_of_the_author_and_what_models_wrote_in_it_is_theirs(
    story: Story,
) -> None:
    runs = (origins.Run("human", 17), origins.Run("model:m/one", 6), origins.Run("human", 1))
    shape.edit(story, 1, "The sea was iron. Cold.!", runs)
    shape.edit(story, 1, "Their sea was salt. Cold.!", how="editor")
    assert agrees(story, 1).edits() == [
        ("text-insert", "api", [{"retain": 17}, {"insert": " Cold."}]),
        ("text-insert", "user", [{"retain": 23}, {"insert": "!"}]),
        ("text-insert", "user", [{"retain": 3}, {"insert": "ir"}, {"retain": 9},
                                 {"insert": "salt"}, {"delete": 4}]),
    ]  # fmt: skip


def test_of_a_models_word_that_an_author_shortens_nothing_comes_in_anew(story: Story) -> None:
    (one,) = grown(story, 1, " a chemical")
    weaves.set_weave(story, one)
    (piece,) = reading.pieces(story, [one])
    shape.edit(story, one, " a ceml", origins.split(piece.runs, 7)[0])
    out = agrees(story, one)
    assert out.inserted == Counter(api=11)
    assert out.deleted == 4


def test_offsets_are_utf_16_units(path: Path) -> None:
    with Story.create(path, opening="🜁🜁") as story:
        one = shape.write_child(story, 1, "é🜁x")
        weaves.set_weave(story, one)
        shape.edit(story, one, "é🜁yx")
        shape.edit(story, one, "éyx")
        out = agrees(story, one)
    assert out.edits() == [
        ("text-insert", "user", [{"retain": 4}, {"insert": "é🜁x"}]),
        ("text-insert", "user", [{"retain": 7}, {"insert": "y"}]),
        ("text-delete", "user", [{"retain": 5}, {"delete": 2}]),
    ]
    assert [each["currentCursor"] for each in out.events] == [4, 8, 8, 5]


def test_pasted_and_imported_text_is_the_users_and_a_models_beginning_the_apis(
    path: Path,
) -> None:
    with Story.create(path) as story:
        runs = origins.whole("From a file.", "import:text")
        one = shape.write_child(story, 1, "From a file.", runs)
        weaves.set_weave(story, one)
        assert agrees(story, one).inserted == Counter(user=12)
        (root,) = grown(story, 0, "A beginning.")
        weaves.set_weave(story, root)
        out = agrees(story, root)
    assert out.events[0]["currentDoc"] == "\n"
    assert out.inserted == Counter(api=12)
    assert out.counts["suggestion-select"] == 1


def test_a_sketch_is_no_text_until_it_is_made_prose(story: Story) -> None:
    asked = [Asked("m/one", {"prompt": "p"})]
    (place,) = growth.request(story, 1, asked, sketch=True)
    growth.finish(story, place, " They quarrel.", Result("stop"))
    weaves.set_weave(story, place.node)
    assert agrees(story, place.node).names == ["system-initialize"]
    marks.set_sketch(story, place.node, on=False)
    assert agrees(story, place.node).inserted == Counter(api=14)


def test_words_that_were_purged_are_not_told(story: Story) -> None:
    one, two = grown(story, 1, " Secret.", " Kept.")
    weaves.set_weave(story, two)
    shape.prune(story, one)
    purging.purge(story, [one])
    out = agrees(story, two)
    assert "Secret" not in json.dumps(out.events)
    (opened,) = (each for each in out.events if each["eventName"] == "suggestion-open")
    assert [each["original"] for each in opened["currentSuggestions"]] == [" Kept."]


def test_how_likely_a_text_was_is_told_where_all_of_its_tokens_are_known(story: Story) -> None:
    places = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})] * 2)
    known = (DrawnToken(0, 4, -0.5), DrawnToken(4, 5, -1.5))
    growth.finish(story, places[0], " One.", Result("stop"), known)
    growth.finish(story, places[1], " Two.", Result("stop"), known[:1])
    (opened,) = (each for each in written(story).events if each["eventName"] == "suggestion-open")
    found = [each["probability"] for each in opened["currentSuggestions"]]
    assert found == [pytest.approx(0.135335, abs=1e-6), None]


def test_parameters_are_strings_and_empty_where_none_was_sent(story: Story) -> None:
    params = {"max_tokens": 84, "temperature": 1.0, "top_p": 0.95, "seed": 7}
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"}, params)])
    growth.finish(story, place, " One.", Result("stop"))
    begun, asked, *_ = written(story).events
    names = KEYS[10:16]
    assert [begun[name] for name in names] == [""] * 6
    assert [asked[name] for name in names] == ["1", "84", "1", "0.95", "", ""]


def test_a_branch_that_brought_nothing_is_not_offered(story: Story) -> None:
    grown(story, 1, "", "")
    assert written(story).names == ["system-initialize", "suggestion-get"]


def test_a_strand_that_nobody_went_on_with_is_taken_at_the_end(story: Story) -> None:
    one, _ = grown(story, 1, " One.", " Two.")
    assert agrees(story, one).names[-3:] == [
        "suggestion-select", "suggestion-close", "text-insert",
    ]  # fmt: skip
    assert agrees(story, 1).names[-1] == "suggestion-open"


# What is refused.


def test_what_is_still_being_written_cannot_be_told(story: Story) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    assert agrees(story, 1).names[-1] == "suggestion-get"
    weaves.set_weave(story, place.node)
    with pytest.raises(Refusal, match="n2 is still being written"):
        written(story)


def test_a_faulty_log_is_refused_in_one_sentence(story: Story) -> None:
    one = shape.write_child(story, 1, " One.")
    with story.quick() as db:
        db.execute(
            "INSERT INTO change(op, owner, key, old, new) SELECT max(id), ?, 'add', 0, '7' FROM op",
            (one,),
        )
    with pytest.raises(Refusal, match="log of this story is faulty"):
        written(story, one)


def test_a_log_that_misses_something_gives_the_text_of_today_all_the_same(story: Story) -> None:
    one = shape.write_child(story, 1, " One.")
    (two,) = grown(story, one, " Two.")
    with story.quick() as db:
        db.execute("DROP TRIGGER change_no_delete")
        db.execute("DELETE FROM change WHERE owner = ?", (one,))
    out = agrees(story, two)
    assert out.text == "The sea was iron. One. Two."


# A story of one's own.


def test_a_replayed_story_of_two_choices_is_written_as_it_was_read(tmp_path: Path) -> None:
    with Story(ferry(tmp_path)) as story:
        out = agrees(story, tips.weave_tip(story))
    assert out.counts["suggestion-select"] == 2
    assert "suggestion-hover" not in out.counts


@pytest.mark.asyncio(loop_scope="session")
async def test_a_batch_of_a_real_worker_is_told(story: Story, client: Client) -> None:
    def answer(request: Request) -> Reply:
        return says(f"From {request.body['model']} 🜁.")

    async with Provider() as provider:
        provider.answer(answer)
        entries = tuple(
            ModelEntry(name, f"openai/model-{name}", provider.base, window=2_000)
            for name in ("one", "two")
        )
        asked = Settings(models=entries, temperature=0.5)
        parts = (PlanPart("one", 2), PlanPart("two", 1))
        batch = await Batch.begin(story, client, asked, 1, parts)
        await batch.run()
    taken = batch.branches[2].node
    weaves.set_weave(story, shape.write_child(story, taken, " And on."))
    out = agrees(story, tips.weave_tip(story))
    (opened,) = (each for each in out.events if each["eventName"] == "suggestion-open")
    assert [each["trimmed"] for each in opened["currentSuggestions"]] == [
        "From model-one 🜁.", "From model-one 🜁.", "From model-two 🜁.",
    ]  # fmt: skip
    assert (opened["currentN"], opened["currentTemperature"]) == ("3", "0.5")
    assert int(opened["currentMaxToken"]) > 0
    assert out.inserted["api"] == len(" From model-two 🜁.") + 1
