"""Branches grow on the loom from a real models' process and a provider on 127.0.0.1."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storyloom.generate.plan import set_plan
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import growth, marks, reading, tips
from storyloom.story.reading import Card, Piece
from storyloom.story.story import Story
from storyloom.tui.screens.editor import EditorScreen
from storyloom.tui.screens.library import LibraryScreen
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import Cut, End, Hold, Reply, Request, Text, refuses, says
from tests.tui.looming import Hand, at_the_loom, state
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, saltmarsh

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[Provider]:
    """A provider that has answered nothing yet."""
    async with Provider() as provider:
        yield provider


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, woven to BELLS, two chapters."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


def of(provider: Provider, *plan: tuple[str, int], words: int = 60) -> Settings:
    """Return settings with the provider's models `tide` and `rope`, and a plan of them."""
    return Settings(
        plan=tuple(PlanPart(name, count) for name, count in plan or (("tide", 3),)),
        words=words,
        models=tuple(
            ModelEntry(name, f"openai/{name}", api_base=provider.base) for name in ("tide", "rope")
        ),
    )


class Held:
    """A reply that says one thing, waits to be let go, says another thing, and ends."""

    def __init__(self, first: str, second: str = "") -> None:
        self.go = asyncio.Event()
        steps = (Text(first), Hold(self.go), *([Text(second)] if second else []), End())
        self.reply = Reply(steps)


def live(hand: Hand) -> list[str]:
    """Return the texts of the branches that are being written, in order."""
    return [branch.text for _, branch in sorted(hand.loom.live_branches().items())]


async def settled(hand: Hand) -> None:
    """Wait until nothing is written any more."""
    await hand.until(lambda: not hand.loom.live_branches() and not hand.loom._batches, "the end")
    await hand.pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_three_branches_are_there_at_once_stream_together_and_end(
    path: Path, client: Client, provider: Provider, size: tuple[int, int]
) -> None:
    gates = [asyncio.Event() for _ in range(3)]
    held = [Held(f" Branch {n} begins", f" and ends {n}.") for n in range(3)]
    provider.script(
        *(Reply((Hold(gate), *each.reply.steps)) for gate, each in zip(gates, held, strict=True))
    )
    async with at_the_loom(path, size, of(provider), client) as hand:
        await hand.press("space")
        await provider.wait(lambda p: p.open == 3)
        await hand.until(lambda: len(hand.kids(BELLS)) == 3, "three placeholders")
        await hand.shows("waiting")
        assert live(hand) == ["", "", ""]
        assert hand.cursor == hand.kids(BELLS)[0]
        for gate in gates:
            gate.set()
        await hand.until(lambda: [text[:7] for text in live(hand)] == [" Branch"] * 3)
        await hand.shows("3 writing", "begins")
        assert sum(1 for line in hand.screen.splitlines() if "begins" in line) >= 3
        for each in held:
            each.go.set()
        await settled(hand)
        texts = sorted(hand.text_of(node).strip() for node in hand.kids(BELLS))
        assert texts == [f"Branch {n} begins and ends {n}." for n in range(3)]
        assert "3 branches are here" in hand.foot
        assert {runs[0][0] for runs in map(hand.runs_of, hand.kids(BELLS))} == {"model:tide"}
        assert hand.card.finish == "stop"


async def test_every_models_branches_come_in_the_plans_order_with_its_name(
    path: Path, client: Client, provider: Provider
) -> None:
    provider.answer(lambda request: says(f" By {request.body['model']}."))
    async with at_the_loom(path, (120, 40), of(provider, ("tide", 2), ("rope", 1)), client) as hand:
        await hand.press("space")
        await hand.until(lambda: len(hand.kids(BELLS)) == 3)
        await settled(hand)
        cards = reading.cards(hand.story, hand.kids(BELLS))
        assert [card.model for card in cards] == ["tide", "tide", "rope"]
        texts = [hand.text_of(card.id).strip() for card in cards]
        assert texts == ["By tide.", "By tide.", "By rope."]
        assert "tide" in hand.screen
        assert "rope" in hand.screen


@pytest.mark.parametrize("size", SIZES)
async def test_a_model_that_fails_leaves_the_others_branches_and_says_why_and_how_to_retry(
    path: Path, client: Client, provider: Provider, size: tuple[int, int]
) -> None:
    def answer(request: Request) -> Reply:
        if request.body["model"] == "rope":
            return refuses(401, "Incorrect API key provided: sk-canary-0123456789abcdef")
        return says(" The tide came.")

    provider.answer(answer)
    async with at_the_loom(path, size, of(provider, ("tide", 2), ("rope", 1)), client) as hand:
        await hand.press("space")
        await hand.until(lambda: len(hand.kids(BELLS)) >= 2)
        await settled(hand)
        kids = hand.kids(BELLS)
        assert [hand.text_of(node).strip() for node in kids] == ["The tide came."] * 2
        assert "rope" in hand.screen
        assert ". asks again" in hand.screen
        assert "canary" not in hand.screen
        provider.answer(lambda _: says(" The rope held."))
        await hand.press("full_stop")
        await hand.until(lambda: len(hand.kids(BELLS)) > len(kids))
        await settled(hand)
        texts = [hand.text_of(node).strip() for node in hand.kids(BELLS)]
        assert texts == ["The tide came."] * 2 + ["The rope held."] * 3
        assert "! rope" not in hand.screen


async def test_where_nobody_answers_no_empty_branch_is_left_and_the_cursor_stays(
    path: Path, client: Client
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    settings = Settings(
        plan=(PlanPart("gone", 2),), models=(ModelEntry("gone", "openai/gone", api_base=base),)
    )
    async with at_the_loom(path, (80, 24), settings, client) as hand:
        before = set(hand.kids(BELLS))
        await hand.press("space")
        await hand.shows("asks again")
        await settled(hand)
        assert set(hand.kids(BELLS)) == before
        assert hand.cursor == BELLS
        assert "gone: " in hand.screen


async def test_a_model_that_says_nothing_leaves_no_branch_and_is_named(
    path: Path, client: Client, provider: Provider
) -> None:
    provider.script(says(" Words."), Reply((End(),)))
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 2)), client) as hand:
        await hand.press("space")
        await hand.until(lambda: bool(hand.kids(BELLS)))
        await settled(hand)
        assert [hand.text_of(node).strip() for node in hand.kids(BELLS)] == ["Words."]
        assert "The model gave no text" in hand.screen


async def test_a_stream_that_breaks_off_is_kept_and_marked_and_says_so(
    path: Path, client: Client, provider: Provider
) -> None:
    provider.script(Reply((Text(" So far"), Text(" so good"), Cut())))
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 1)), client) as hand:
        await hand.press("space")
        await hand.shows("broke off")
        await settled(hand)
        assert hand.text.strip() == "So far so good"
        assert hand.card.finish == "cut_off"
        assert "cut off" in hand.screen


async def test_stop_ends_the_branch_under_the_cursor_alone_and_elsewhere_all(
    path: Path, client: Client, provider: Provider
) -> None:
    held = [Held(f" Begun {n}", " never") for n in range(3)]
    provider.script(*(each.reply for each in held))
    async with at_the_loom(path, (80, 24), of(provider), client) as hand:
        await hand.press("space")
        await hand.until(lambda: len(live(hand)) == 3 and all(live(hand)))
        first = hand.cursor
        await hand.press("ctrl+g")
        await hand.until(lambda: len(live(hand)) == 2, "one stopped")
        assert hand.text_of(first).strip().startswith("Begun")
        await hand.press("h", "ctrl+g")
        await settled(hand)
        cards = reading.cards(hand.story, hand.kids(BELLS))
        assert [card.finish for card in cards] == ["stopped"] * 3
        texts = sorted(hand.text_of(card.id).strip() for card in cards)
        assert texts == ["Begun 0", "Begun 1", "Begun 2"]
        await provider.wait(lambda p: p.left == 3)
        await hand.press("l")
        await hand.shows("stopped")


async def test_leaving_while_branches_are_written_is_said_first_and_done_the_second_time(
    path: Path, client: Client, provider: Provider
) -> None:
    held = Held(" Begun", " never")
    provider.script(held.reply)
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 1)), client) as hand:
        await hand.press("space", "q")
        assert hand.app.screen is hand.loom
        await hand.until(lambda: all(live(hand)) and bool(live(hand)), "text")
        for _ in range(2):
            # Any other key in between, and it is said anew.
            await hand.press("h", "q")
            assert "1 branch is still being written; q again leaves" in hand.foot
        await hand.press("h", "ctrl+q")
        assert "1 branch is still being written; the same again leaves" in hand.foot
        await hand.press("h", "q", "q")
        assert isinstance(hand.app.screen, LibraryScreen)
    with Story(path) as story:
        texts = {card.finish: piece.text for card, piece in came(story)}
        assert texts == {"interrupted": " Begun"}


def came(story: Story) -> list[tuple[Card, Piece]]:
    """Return what the model wrote below BELLS."""
    kids = reading.children(story, BELLS)
    return list(zip(reading.cards(story, kids), reading.pieces(story, kids), strict=True))


@pytest.mark.parametrize("begun", [True, False])
async def test_a_branch_is_pruned_while_it_is_written_and_the_others_go_on(
    path: Path, client: Client, provider: Provider, begun: bool
) -> None:
    held = [Held(f" Begun {n}" if begun else "", f" and done {n}.") for n in range(3)]
    provider.script(*(each.reply for each in held))
    async with at_the_loom(path, (80, 24), of(provider), client) as hand:
        await hand.press("space")
        await provider.wait(lambda p: p.open == 3)
        await hand.until(lambda: len(live(hand)) == 3 and (not begun or all(live(hand))))
        first, second, third = hand.kids(BELLS)
        await hand.press("j", "x")
        await hand.until(lambda: hand.kids(BELLS) == [first, third], "one pruned")
        await hand.until(lambda: hand.cursor in (first, third), "the cursor beside it")
        await provider.wait(lambda p: p.open == 2)
        for each in held:
            each.go.set()
        await settled(hand)
        assert hand.kids(BELLS) == [first, third]
        assert all("and done" in hand.text_of(node) for node in (first, third))
        if begun:
            assert second in reading.pruned_children(hand.story, BELLS)
            assert "Begun" in hand.text_of(second)


async def test_pruning_above_a_fork_that_is_written_stops_what_nobody_will_read(
    path: Path, client: Client, provider: Provider
) -> None:
    held = [Held(f" Begun {n}", " never") for n in range(2)]
    provider.script(*(each.reply for each in held))
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 2)), client) as hand:
        await hand.goes(EELS)
        await hand.press("space")
        await hand.until(lambda: len(live(hand)) == 2 and all(live(hand)))
        await hand.goes(EELS)
        await hand.press("x")
        await hand.until(lambda: EELS not in hand.kids(ROOT))
        await settled(hand)
        assert all("Begun" in hand.text_of(node) for node in hand.kids(EELS))


async def test_other_passages_are_edited_pruned_and_woven_while_branches_are_written(
    path: Path, client: Client, provider: Provider
) -> None:
    held = [Held(f" Begun {n}", f" and done {n}.") for n in range(2)]
    provider.script(*(each.reply for each in held))
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 2)), client) as hand:
        await hand.press("space")
        await hand.until(lambda: len(live(hand)) == 2 and all(live(hand)))
        await hand.goes(EELS)
        await hand.press("e")
        await hand.until(lambda: isinstance(hand.app.screen, EditorScreen))
        await hand.types("!")
        await hand.press("ctrl+o")
        await hand.until(lambda: hand.text_of(EELS).endswith("!"))
        await hand.goes(HABIT)
        await hand.press("x")
        assert hand.kids(ROOT) == [ROPE, EELS]
        await hand.goes(OTHER)
        await hand.press("w")
        assert tips.weave_tip(hand.story) == OTHER
        assert len(live(hand)) == 2
        for each in held:
            each.go.set()
        await settled(hand)
        assert all("and done" in hand.text_of(node) for node in hand.kids(BELLS))
        assert hand.cursor == OTHER


async def test_what_is_being_written_cannot_be_edited_split_joined_or_grown_from_and_says_so(
    path: Path, client: Client, provider: Provider
) -> None:
    held = Held(" Begun")
    provider.script(held.reply)
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 1)), client) as hand:
        await hand.press("space")
        await hand.until(lambda: len(live(hand)) == 1 and all(live(hand)))
        for key in ("e", "s", "J", "space", "i", "E"):
            await hand.press(key)
            await hand.until(lambda: "still being written" in hand.foot, key)
            await hand.press("k")
        held.go.set()
        await settled(hand)
        assert hand.text.strip() == "Begun"


async def test_leaving_while_branches_are_written_keeps_them_marked_interrupted(
    path: Path, client: Client, provider: Provider
) -> None:
    held = [Held(f" Begun {n}", " never") for n in range(2)]
    provider.script(*(each.reply for each in held))
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 2)), client) as hand:
        await hand.press("space")
        await hand.until(lambda: len(live(hand)) == 2 and all(live(hand)))
    await provider.wait(lambda p: p.left == 2)
    async with at_the_loom(path, (80, 24), of(provider), client) as hand:
        cards = reading.cards(hand.story, hand.kids(BELLS))
        assert [card.finish for card in cards] == ["interrupted"] * 2
        assert sorted(hand.text_of(c.id).strip() for c in cards) == ["Begun 0", "Begun 1"]
        assert hand.cursor == cards[0].id
        assert "interrupted" in hand.screen


async def test_when_the_models_process_dies_what_came_is_kept_and_the_next_batch_works(
    path: Path, provider: Provider
) -> None:
    held = Held(" Begun", " never")
    provider.script(held.reply)
    mortal = Client(environ=environment())
    try:
        async with at_the_loom(path, (80, 24), of(provider, ("tide", 1)), mortal) as hand:
            await hand.press("space")
            await hand.until(lambda: len(live(hand)) == 1 and all(live(hand)))
            worker = mortal._worker
            assert worker is not None
            worker._process.kill()
            await settled(hand)
            assert hand.text.strip() == "Begun"
            assert "asks again" in hand.foot
            provider.answer(lambda _: says(" Whole."))
            await hand.press("full_stop")
            await hand.until(lambda: len(hand.kids(BELLS)) == 2)
            await settled(hand)
            assert hand.text_of(hand.kids(BELLS)[1]).strip() == "Whole."
    finally:
        await mortal.close()


async def test_plus_and_minus_change_the_count_of_the_next_batch_only(
    path: Path, client: Client, provider: Provider
) -> None:
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 2)), client) as hand:
        assert "tide x2" in hand.screen
        await hand.press("plus", "plus", "minus", "plus")
        assert "tide x4" in hand.screen
        await hand.press("space")
        await hand.until(lambda: len(hand.kids(BELLS)) == 4)
        await settled(hand)
        assert "tide x2" in hand.screen
        for _ in range(5):
            await hand.press("minus")
        assert "tide x1" in hand.screen


async def test_a_plan_set_at_a_node_holds_from_there_down_and_nowhere_else(
    path: Path, client: Client, provider: Provider
) -> None:
    provider.answer(lambda request: says(f" By {request.body['model']}."))
    with Story(path) as story:
        set_plan(story, EELS, (PlanPart("rope", 1),))
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 1)), client) as hand:
        assert "tide x1" in hand.screen
        await hand.goes(EELS)
        assert "rope x1" in hand.screen
        await hand.press("space")
        await settled(hand)
        await hand.until(lambda: len(hand.kids(EELS)) == 1)
        await settled(hand)
        assert reading.cards(hand.story, hand.kids(EELS))[0].model == "rope"


async def test_the_prompt_is_the_strand_to_the_cursor_with_premise_style_and_why(
    path: Path, client: Client, provider: Provider
) -> None:
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 1)), client) as hand:
        await hand.goes(ROPE)
        await hand.command("why the bell must not ring")
        await hand.press("space")
        await hand.until(lambda: len(hand.kids(ROPE)) == 3)
        await settled(hand)
        sent = str(provider.requests[-1].body["messages"])
        for part in ("say one word", "past tense", "still in the room", "bell must not ring"):
            assert part in sent
        assert "lost the book" not in sent


async def test_taking_a_batch_back_prunes_it_and_making_it_again_brings_it_back(
    path: Path, client: Client, provider: Provider
) -> None:
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 2)), client) as hand:
        await hand.press("space")
        await hand.until(lambda: len(hand.kids(BELLS)) == 2)
        await settled(hand)
        grown = state(hand.story)
        await hand.press("u")
        assert hand.kids(BELLS) == []
        assert hand.cursor == BELLS
        assert "Taken back: a batch" in hand.foot
        await hand.press("ctrl+r")
        assert state(hand.story) == grown


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_that_streams_in_is_harmless_from_its_first_piece_on(
    path: Path, client: Client, provider: Provider, size: tuple[int, int]
) -> None:
    gate = asyncio.Event()
    pieces = [Text(HOSTILE[at : at + 3]) for at in range(0, len(HOSTILE), 3)]
    provider.script(Reply((Text(" It said: "), *pieces, Hold(gate), *pieces, End())))
    async with at_the_loom(path, size, of(provider, ("tide", 1)), client) as hand:
        await hand.press("space")
        await hand.shows("[@click=app.bell]x[/]")
        for _ in range(2):
            drawn = hand.screen.replace("\n", "")
            assert drawn.isprintable(), [c for c in drawn if not c.isprintable()]
            gate.set()
            await settled(hand)
        assert not set(hand.text) & set("\x00\x07\x1b\x7f\x9b")


async def test_what_a_killed_program_left_is_said_once_at_the_next_opening(
    path: Path, client: Client
) -> None:
    with Story(path) as story:
        asked = [growth.Asked("tide", {"prompt": "x"}) for _ in range(2)]
        one, _ = growth.request(story, BELLS, asked)
        growth.flush(story, {one.rev: " Half a sen"})
    async with at_the_loom(path, (80, 24), None, client) as hand:
        await hand.shows("interrupted")
        assert "what had arrived is kept" in hand.foot
        assert [hand.text_of(node) for node in hand.kids(BELLS)] == [" Half a sen"]
    async with at_the_loom(path, (80, 24), None, client) as hand:
        assert "what had arrived is kept" not in hand.foot


async def test_a_second_batch_grows_elsewhere_while_the_first_is_written(
    path: Path, client: Client, provider: Provider
) -> None:
    held = [Held(f" Begun {n}", f" and done {n}.") for n in range(2)]
    provider.script(*(each.reply for each in held))
    async with at_the_loom(path, (120, 40), of(provider, ("tide", 1)), client) as hand:
        await hand.press("space")
        await hand.until(lambda: len(live(hand)) == 1 and all(live(hand)))
        await hand.goes(EELS)
        await hand.press("space")
        await hand.until(lambda: len(live(hand)) == 2 and all(live(hand)))
        await hand.shows("2 writing")
        held[0].go.set()
        await hand.until(lambda: len(live(hand)) == 1)
        held[1].go.set()
        await settled(hand)
        for parent in (BELLS, EELS):
            assert "and done" in hand.text_of(hand.kids(parent)[0])
        assert marks.story_text(hand.story, "title") == "Saltmarsh"


async def test_what_is_stopped_while_the_models_get_ready_is_never_asked(
    path: Path, provider: Provider
) -> None:
    # A models' process of its own, so that the batch has to wait for it to start.
    client = Client(environ=environment())
    try:
        async with at_the_loom(path, (80, 24), of(provider), client) as hand:
            await hand.press("space", "ctrl+g")
            await hand.until(lambda: "Stopped before anything was asked." in hand.foot)
            assert hand.kids(BELLS) == []
            assert provider.requests == []
            provider.script(says("The tide came."), says("It went."), says("It stayed."))
            await hand.press("space")
            await hand.until(lambda: len(hand.kids(BELLS)) == 3)
            await settled(hand)
    finally:
        await client.close()


async def test_when_the_first_branch_brings_nothing_the_cursor_is_on_one_that_does(
    path: Path, client: Client, provider: Provider
) -> None:
    provider.answer(
        lambda request: refuses(500) if request.body["model"] == "rope" else says("The tide came.")
    )
    plan = of(provider, ("rope", 1), ("tide", 1))
    async with at_the_loom(path, (80, 24), plan, client) as hand:
        await hand.press("space")
        await hand.until(lambda: bool(hand.kids(BELLS)))
        await settled(hand)
        assert hand.kids(BELLS) == [hand.cursor]
        assert "The tide came." in hand.text


async def test_a_branch_that_cannot_be_saved_is_told_of_and_keeps_what_was_flushed(
    path: Path, client: Client, provider: Provider
) -> None:
    resource = pytest.importorskip("resource")
    held = Held(" The tide came", " and went.")
    provider.script(held.reply)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 1)), client) as hand:
        await hand.press("space")

        def flushed() -> bool:
            return any("The tide came" in hand.text_of(node) for node in hand.kids(BELLS))

        await hand.until(flushed, "the text in the file")
        # From here on no file may grow: what a full disk does, for this process alone.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
        try:
            held.go.set()
            await hand.until(lambda: "not saved" in hand.foot, "the sentence")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert flushed()


@pytest_asyncio.fixture(loop_scope="session")
async def patient() -> AsyncIterator[Client]:
    """A client whose worker makes a request again where that may help."""
    client = Client(environ=environment(STORYLOOM_RETRY="4,0.01"))
    yield client
    await client.close()


@pytest.mark.parametrize("size", SIZES)
async def test_a_branch_that_waits_to_be_asked_again_says_so_and_enter_asks_now(
    path: Path, patient: Client, provider: Provider, size: tuple[int, int]
) -> None:
    provider.script(refuses(429, "slow down", retry_after="50"), says("The bell", " rang."))
    async with at_the_loom(path, size, of(provider, ("tide", 1)), patient) as hand:
        await hand.press("space")
        await hand.shows("again in", "Enter asks now")
        await hand.press("enter")
        await hand.shows("1 branch is here")
        assert hand.text.strip() == "The bell rang."
        assert len(provider.requests) == 2
        await hand.command("now")
        assert "for a branch that waits" in hand.foot


@pytest.mark.parametrize("size", SIZES)
async def test_x_drops_the_branch_that_waits_and_leaves_the_others(
    path: Path, patient: Client, provider: Provider, size: tuple[int, int]
) -> None:
    def answer(request: Request) -> Reply:
        late = refuses(429, "slow down", retry_after="50")
        return late if request.model == "rope" else says("It rose.")

    provider.answer(answer)
    async with at_the_loom(path, size, of(provider, ("tide", 1), ("rope", 1)), patient) as hand:
        await hand.press("space")
        await hand.shows("again in", "It rose.")
        await hand.press("j")
        await hand.press("x")
        await hand.until(lambda: not hand.loom._batches, "the batch's end")
        assert [hand.text_of(kid) for kid in hand.kids(BELLS)] == [" It rose."]
        assert len(provider.requests) == 2
