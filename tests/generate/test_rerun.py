"""A recorded story asked for once more: siblings, verify, the cassette, caps, and going on."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storyloom.generate import rerun_preview
from storyloom.generate.batch import Batch
from storyloom.generate.cassette import Cassette
from storyloom.generate.plan import settings_for
from storyloom.generate.repeating import Wish, adapted
from storyloom.generate.rerun import Rerun
from storyloom.generate.rerun_preview import Preview, preview, resumed, unfinished
from storyloom.models.client import Client
from storyloom.models.protocol import Facts
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import batches, file, growth, history, marks, purging, reading, shape, weaves
from storyloom.story.check import check
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.servers.provider import Provider
from tests.servers.script import Hold, Reply, Request, Text, refuses, says

pytestmark = pytest.mark.asyncio(loop_scope="session")

TWENTY = 20


def told(asked: Request) -> Reply:
    """Answer with words that only the model and all that it was sent decide."""
    digest = hashlib.sha256(json.dumps(asked.body, sort_keys=True).encode()).hexdigest()
    return says(f" {asked.model} says {digest[:12]}.")


@pytest.fixture(autouse=True)
def _answers(provider: Provider) -> None:
    provider.answer(told)


async def grown(
    story: Story, client: Client, settings: Settings, count: int, model: str = "one"
) -> list[int]:
    """Grow that many batches of two, each below a branch of the one before; return the forks."""
    at, forks = 1, list[int]()
    for number in range(count):
        batch = await Batch.begin(
            story, client, settings, at, (PlanPart(model, 2),), why=f"Number {number}."
        )
        await batch.run()
        forks.append(at)
        at = batch.branches[number % 2].node
    weaves.set_weave(story, at)
    return forks


async def run_again(
    story: Story, source: Client | Cassette, settings: Settings, wish: Wish, name: str = ""
) -> Rerun:
    """Do a run to its end."""
    run = Rerun(story, source, settings, await preview(story, source, settings, wish, name))
    await run.run()
    return run


def sent(requests: Sequence[Request]) -> list[str]:
    """Return the hash of all that was sent but for the model, for each request."""
    bodies = [{**request.body, "model": None} for request in requests]
    return sorted(
        hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest() for body in bodies
    )


def tree(story: Story) -> list[tuple[Any, ...]]:
    """Return the whole tree: each node's parent, text, flags and tags."""
    rows = story.read.execute(
        "SELECT node.id, node.parent, node.ord, node.flags, rev.text, rev.runs FROM node "
        "JOIN rev ON rev.id = node.rev ORDER BY node.id"
    ).fetchall()
    return [(*row, tuple(marks.tags(story, row[0]))) for row in rows]


async def test_twenty_batches_are_sent_to_the_letter_and_hang_beside_the_originals(
    story: Story, client: Client, settings: Settings, provider: Provider, tmp_path: Path
) -> None:
    warm = replace(settings, temperature=0.7, seed=11)
    forks = await grown(story, client, warm, TWENTY)
    before = sent(provider.requests)
    old = tree(story)
    assert len(before) == 2 * TWENTY
    untouched = tmp_path / "untouched.loom"
    file.copy(story.read, untouched)
    provider.reset()

    run = await run_again(story, client, settings, Wish(model="two"))
    assert (run.done, run.halted, run.failed) == (TWENTY, "", 0)
    assert {request.model for request in provider.requests} == {"model-two"}
    assert sent(provider.requests) == before
    new = tree(story)
    # Nothing else moved.
    assert new[: len(old)] == old
    assert [row[1] for row in new[len(old) :]] == [fork for fork in forks for _ in range(2)]
    assert {row[-1] for row in new[len(old) :]} == {("run:r1",)}
    assert all("model-two says" in row[4] for row in new[len(old) :])
    assert check(story).faults == []

    # From the cassette, on the story as it was before: the same tree, and nobody is asked.
    provider.reset()
    with Story(untouched) as again:
        cassette = Cassette(story)
        played = await run_again(again, cassette, settings, Wish(model="two"))
        assert played.done == TWENTY
        assert tree(again) == new
        assert check(again).faults == []
        assert growth.spent(again).dollars == 0
    # And beside it once more in the story itself.
    await run_again(story, Cassette(story), settings, Wish(model="two"))
    both = tree(story)
    assert [row[4] for row in both[len(new) :]] == [row[4] for row in new[len(old) :]]
    assert {row[-1] for row in both[len(new) :]} == {("run:r2",)}
    assert (provider.requests, provider.asides) == ([], [])


async def test_cancelled_in_the_seventh_batch_seven_are_kept_and_it_goes_on_from_there(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    await grown(story, client, settings, 10)
    old = len(tree(story))
    provider.reset()
    held = asyncio.Event()

    def answer(asked: Request) -> Reply:
        if len(provider.requests) > 12:
            return Reply((Text(" Half of"), Hold(held)))
        return told(asked)

    provider.answer(answer)
    wish = Wish(model="two")
    run = Rerun(story, client, settings, await preview(story, client, settings, wish))
    arrived = asyncio.Event()
    run.listen(lambda _, __: None, lambda b: arrived.set() if "Half" in b.text else None)
    going = asyncio.create_task(run.run())
    await arrived.wait()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert run.done == 6
    assert len(tree(story)) == old + 14
    found = [batch for batch in batches.batches(story) if batch.run]
    assert len(found) == 7
    assert unfinished(story, settings, wish) == ["r1"]
    provider.reset()
    provider.answer(told)
    ahead = await preview(story, client, settings, resumed(story, "r1"), "r1")
    assert (ahead.done, len(ahead.due), ahead.calls) == (6, 4, 8)
    await Rerun(story, client, settings, ahead).run()
    assert len(provider.requests) == 8
    kept = [piece.text for piece in reading.pieces(story, [b.node for b in found[6].branches])]
    assert any(" Half of" in text for text in kept)
    assert unfinished(story, settings, wish) == []
    with pytest.raises(Refusal, match=r"no re-run 'r9'.*r1"):
        resumed(story, "r9")
    assert check(story).faults == []


async def test_the_preview_tells_calls_tokens_cost_and_what_is_left_out_and_sends_nothing(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    forks = await grown(story, client, settings, 4)
    alone = await Batch.begin(story, client, settings, 1, (PlanPart("one", 1),))
    await alone.run()
    history.undo(story)
    history.undo(story)  # the weave
    shape.prune(story, forks[3])
    provider.reset()
    dear = replace(settings, models=(*settings.models, ModelEntry("dear", "openai/gpt-4o-mini")))
    found = await preview(story, client, dear, Wish(model="dear"))
    assert [len(each.which) for each in found.due] == [2, 2, 2]
    assert sorted(each.why for each in found.left) == ["pruned", "taken back"]
    assert found.calls == 6
    assert found.tokens > 6 * 100
    assert found.room == 6 * (60 * 2 + 40)
    assert found.dollars is not None
    assert 0 < found.dollars < 0.01
    assert (found.anew, found.done, found.run) == (0, 0, "r1")
    assert len((await preview(story, client, dear, Wish(model="dear", pruned=True))).due) == 4
    only = await preview(story, client, dear, Wish(model="dear", forks=(forks[1],)))
    assert [each.fork for each in only.due] == [forks[1]]
    assert provider.requests == []


async def test_what_was_purged_is_left_out(
    story: Story, client: Client, settings: Settings
) -> None:
    await grown(story, client, settings, 1)
    kids = reading.children(story, 1)
    shape.prune_all(story, kids)
    purging.purge(story, kids)
    found = await preview(story, client, settings, Wish(model="two"))
    assert (found.due, [each.why for each in found.left]) == ((), ["what was sent is purged"])


async def test_a_cap_of_its_own_ends_a_run_before_the_batch_that_might_pass_it(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    await grown(story, client, settings, 3)
    provider.reset()
    wish = Wish(model="two", cap=1.0)
    ahead = await preview(story, client, settings, wish)
    # A server on this machine is free: its price is put in by hand, and so is what was spent.
    dear = tuple(
        replace(due, prices=tuple(replace(price, each=0.3) for price in due.prices))
        for due in ahead.due
    )
    run = Rerun(story, client, settings, replace(ahead, due=dear, spent=0.3))
    await run.run()
    assert (run.done, len(provider.requests)) == (3, 6)
    run = Rerun(story, client, settings, replace(ahead, due=dear, spent=0.5))
    await run.run()
    assert run.done == 0
    assert "up to $0.60, and $0.50 of this run's cap of $1.00" in run.halted
    assert len(provider.requests) == 6
    unknown = replace(settings, models=(ModelEntry("two", "openai/nobody-knows-it"),))
    with pytest.raises(Refusal, match="Nobody knows what this model costs"):
        await preview(story, client, unknown, wish)


async def test_the_storys_cap_holds_too(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    await grown(story, client, settings, 2)
    provider.reset()
    priced = replace(settings, models=(ModelEntry("two", "openai/gpt-4o-mini"),), cap=1e-7)
    run = await run_again(story, client, priced, Wish(model="two"))
    assert (run.done, provider.requests) == (0, [])
    assert "Nothing was sent" in run.halted


async def test_a_fault_that_the_next_would_meet_too_ends_it_and_one_of_a_single_request_does_not(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    await grown(story, client, settings, 3)
    provider.reset()
    provider.answer(lambda _: refuses(401))
    run = await run_again(story, client, settings, Wish(model="two"))
    assert (run.done, run.failed, len(provider.requests)) == (1, 2, 2)
    assert "key" in run.halted
    assert unfinished(story, settings, Wish(model="two")) == ["r1"]
    provider.reset()
    provider.answer(lambda asked: refuses(400) if "Number 0" in asked.prompt else told(asked))
    run = await run_again(story, client, settings, Wish(model="two"), "r1")
    assert (run.done, run.failed, run.halted) == (3, 2, "")
    assert len(provider.requests) == 6


async def test_a_branch_that_failed_alone_is_the_only_one_that_is_asked_again(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    await grown(story, client, settings, 2)
    provider.reset()
    provider.script(refuses(503))
    run = await run_again(story, client, settings, Wish(model="two"))
    assert (run.done, run.failed) == (2, 1)
    ahead = await preview(story, client, settings, Wish(model="two"), "r1")
    assert [(len(each.which), each.fork) for each in ahead.due] == [(1, 1)]


async def test_a_model_of_another_kind_is_asked_anew_and_the_preview_says_so(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    await grown(story, client, settings, 1, "base")
    marks.set_text(story, 0, "style", "Short sentences.")
    provider.reset()
    run = await run_again(story, client, settings, Wish(model="one"))
    assert run.preview.anew == 1
    assert all("Number 0." in request.prompt for request in provider.requests)
    assert all("Short sentences." in str(request.body) for request in provider.requests)
    # And from the cassette with what was known of the model then.
    provider.reset()
    played = await run_again(story, Cassette(story), settings, Wish(model="one"))
    assert (played.done, provider.requests, provider.asides) == (1, [], [])


async def test_what_is_not_on_the_cassette_is_refused_before_anything_is_stored(
    story: Story, client: Client, settings: Settings
) -> None:
    await grown(story, client, settings, 2)
    last = story.read.execute("SELECT max(id) FROM op").fetchone()
    with pytest.raises(Refusal, match="of two is not on the cassette"):
        await preview(story, Cassette(story), settings, Wish(model="two"))
    assert story.read.execute("SELECT max(id) FROM op").fetchone() == last


async def test_the_same_request_made_twice_has_its_own_answers_on_the_cassette(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    for _ in range(2):
        batch = await Batch.begin(story, client, settings, 1, (PlanPart("one", 2),))
        await batch.run()
    provider.script(*(says(f" Answer {number}.") for number in range(4)))
    await run_again(story, client, settings, Wish(model="two"))
    await run_again(story, Cassette(story), settings, Wish(model="two"))
    by_run: dict[str, list[str]] = {}
    for node in reading.children(story, 1):
        for name in marks.tags(story, node):
            by_run.setdefault(name, []).append(reading.pieces(story, [node])[0].text)
    assert len(set(by_run["run:r1"])) == 4
    assert by_run["run:r1"] == by_run["run:r2"]


async def test_verify_sends_what_was_sent_with_its_parameters_and_leaves_the_tree_as_it_was(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    warm = replace(settings, temperature=0.7, seed=11, words=90)
    await grown(story, client, warm, 2)
    (before := [dict(request.body) for request in provider.requests]).sort(key=str)
    shown = [reading.children(story, node) for node in range(1, 6)]
    provider.reset()
    run = await run_again(story, client, settings, Wish(mode="verify"))
    assert run.done == 2
    assert sorted((dict(request.body) for request in provider.requests), key=str) == before
    assert [reading.children(story, node) for node in range(1, 6)] == shown
    assert len(reading.children(story, 1, pruned=True)) == 4
    for batch in batches.batches(story):
        if batch.run:
            originals = next(b for b in batches.batches(story) if b.op == batch.run["of"])
            pairs = zip(originals.branches, batch.branches, strict=True)
            assert all(batches.answer(story, o) is not None for o, _ in pairs)


async def test_a_rerun_does_not_grow_itself(
    story: Story, client: Client, settings: Settings
) -> None:
    await grown(story, client, settings, 2)
    await run_again(story, client, settings, Wish(model="two"))
    found: Preview = await preview(story, client, settings, Wish(model="base"))
    assert (len(found.due), found.run, found.anew) == (2, "r2", 2)
    assert settings_for(story, settings, 1).words == 60


async def test_a_branch_that_was_stopped_is_asked_for_again_even_one_that_had_not_begun(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    await grown(story, client, settings, 2)
    provider.reset()
    provider.answer(lambda _: Reply((Hold(asyncio.Event()),)))
    run = Rerun(story, client, settings, await preview(story, client, settings, Wish(model="two")))
    going = asyncio.create_task(run.run())
    await provider.wait(lambda server: len(server.requests) == 2)
    await run.stop()
    await going
    assert (run.done, run.halted) == (1, "Stopped.")
    ahead = await preview(story, client, settings, resumed(story, "r1"), "r1")
    assert (ahead.done, ahead.calls) == (0, 4)


async def test_a_run_of_the_model_that_wrote_the_story_is_had_again_from_the_cassette(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    await grown(story, client, settings, 1)
    wish = Wish(model="one")
    for number in range(3):
        provider.answer(lambda _, number=number: says(f"Of time {number}."))
        await run_again(story, client, settings, wish if number else Wish("verify"))
    run = await run_again(story, Cassette(story), settings, wish)
    assert run.preview.run == "r4"
    found = [batch for batch in batches.batches(story) if batch.run.get("id") == "r4"]
    texts = [piece.text for piece in reading.pieces(story, [b.node for b in found[0].branches])]
    assert texts == [" Of time 1.", " Of time 1."]


async def test_batches_that_were_sent_the_same_get_seeds_of_their_own(settings: Settings) -> None:
    branch = batches.Branch(1, 0, "one", "{}", "ab", 2, 0)
    sent, facts = growth.Asked("one", {"prompt": "Go on."}), Facts("x", "text", provider="embedded")
    seeds = [
        adapted(settings, sent, batches.Batch(op, 1, "", 0, False, False, {}, (branch,)), facts)
        for op in (3, 7, 3)
    ]
    assert seeds[0]["seed"] != seeds[1]["seed"]
    assert seeds[0] == seeds[2]


async def test_what_nobody_told_the_cost_of_counts_for_the_cap_as_it_was_foretold(
    story: Story, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grown(story, client, settings, 3)
    monkeypatch.setattr("storyloom.generate.batch.caps.cost_of", lambda *_: None)
    ahead = await preview(story, client, settings, Wish(model="two", cap=1.3))
    dear = tuple(
        replace(due, prices=tuple(replace(price, each=0.3) for price in due.prices))
        for due in ahead.due
    )
    run = Rerun(story, client, settings, replace(ahead, due=dear))
    await run.run()
    assert (run.done, run.spent) == (2, 0.0)
    assert "$1.20 of this run's cap of $1.30" in run.halted


@pytest.mark.parametrize("cap", ["1" + "0" * 400, "NaN", "Infinity", "-1", "true", '"1"'], ids=len)
async def test_a_cap_in_a_log_that_is_no_amount_is_passed_over(cap: str) -> None:
    assert Wish.of(json.loads(f'{{"mode": "verify", "cap": {cap}}}')) == Wish("verify")


async def test_a_preview_that_nobody_waits_for_any_more_ends(
    story: Story, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grown(story, client, settings, 3)
    loop, begun, on, ended = (
        asyncio.get_running_loop(), asyncio.Event(), threading.Event(), asyncio.Event(),
    )  # fmt: skip
    looked: list[int] = []
    plan = rerun_preview._Planner.plan

    def asks(_: Story, __: Settings, ___: Wish, batch: batches.Batch, ____: Any) -> str:
        looked.append(batch.op)
        loop.call_soon_threadsafe(begun.set)
        on.wait()
        return "too long"

    def watched(*arguments: Any) -> Preview:
        try:
            return plan(*arguments)
        finally:
            loop.call_soon_threadsafe(ended.set)

    monkeypatch.setattr(rerun_preview, "asks_of", asks)
    monkeypatch.setattr(rerun_preview._Planner, "plan", watched)
    waiting = asyncio.create_task(preview(story, client, settings, Wish(model="two")))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    on.set()
    await ended.wait()
    assert len(looked) == 1


@pytest.mark.parametrize("how", ["stopped", "cancelled"])
async def test_what_is_stopped_while_a_batch_is_put_into_the_story_leaves_nothing_open(
    story: Story,
    client: Client,
    settings: Settings,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    await grown(story, client, settings, 1)
    provider.reset()
    loop, begun, on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    request = growth.request

    def slow(*arguments: Any, **named: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        on.wait()
        return request(*arguments, **named)

    run = Rerun(story, client, settings, await preview(story, client, settings, Wish(model="two")))
    monkeypatch.setattr(growth, "request", slow)
    going = asyncio.create_task(run.run())
    await begun.wait()
    if how == "stopped":
        await run.stop()
    else:
        going.cancel()
    on.set()
    await asyncio.wait([going])
    assert provider.requests == []
    assert run.done == 0
    placed = [batch for batch in batches.batches(story) if batch.run]
    assert [batches.gone(story, branch.node) for branch in placed[0].branches] == [True, True]
    ahead = await preview(story, client, settings, resumed(story, "r1"), "r1")
    assert ahead.calls == 2


async def test_what_a_killed_program_left_of_a_verification_is_pruned_when_it_goes_on(
    story: Story, client: Client, settings: Settings
) -> None:
    await grown(story, client, settings, 2)
    old = tree(story)
    own = batches.batches(story)
    said = {"id": "r1", "of": own[0].op, "which": [0], **Wish("verify").kept}
    sent = batches.asked(story, own[0].branches[0])
    assert sent is not None
    place = growth.request(story, 1, [sent], run=said)[0]
    growth.finish(story, place, " Half", growth.Result("interrupted"))
    await run_again(story, client, settings, resumed(story, "r1"), "r1")
    assert [row[0] for row in tree(story) if not row[3]] == [row[0] for row in old]
    # What the author brings back stays.
    shape.restore(story, [place.node])
    await run_again(story, client, settings, resumed(story, "r1"), "r1")
    assert place.node in reading.children(story, 1)
