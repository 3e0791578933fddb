"""The inspector shows what would be sent, what was sent, and how they differ."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storyloom.generate.plan import Plan, plan_for
from storyloom.generate.request import known_facts, request_for
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import lore, marks, reading, shape
from storyloom.story.story import Story
from storyloom.tui.screens.context import ContextScreen
from storyloom.tui.widgets.blocks import BlocksPane
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import HOSTILE, saltmarsh

WORKER = str(Path(__file__).with_name("worker.py"))
ROPE, BELLS = 2, 5
TWO = Plan((PlanPart("local/smollm2", 1), PlanPart("openai/gpt-4o-mini", 2)))


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A story with two chapters and two models."""
    with Story(saltmarsh(tmp_path / "saltmarsh.loom")) as story:
        yield story


def client() -> Client:
    """A client whose worker knows models and asks nobody."""
    return Client(command=(sys.executable, WORKER))


def stage(story: Story, node: int, plan: Plan | None = None, own: Client | None = None) -> Stage:
    settings = Settings()
    own = own or Client(command=("/nonexistent",))
    plan = plan or plan_for(story, node, settings)
    return Stage(ContextScreen(story, node, settings, own, plan), settings, own)


def flat(app: Stage) -> str:
    return " ".join(shown(app).split())


@pytest.mark.parametrize("size", SIZES)
async def test_the_blocks_their_reasons_and_the_storys_text_are_there_without_a_worker(
    story: Story, size: tuple[int, int]
) -> None:
    app = stage(story, BELLS)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "story" in shown(app), "the blocks")
        made = request_for(
            story, Settings(), BELLS, ModelEntry("local/smollm2", "local/smollm2"),
            known_facts(ModelEntry("", "local/smollm2")),  # type: ignore[arg-type]
        )  # fmt: skip
        assert made.fingerprint[:8] in shown(app)
        assert "2 048 tokens" in flat(app)
        assert "a base model takes no instructions" in flat(app)
        assert "so small a model writes worse with it" in flat(app)
        assert "The tide had gone out farther than it should" in flat(app)
        await pilot.press("q")
        assert app.results == [None]


async def test_a_long_block_is_read_page_by_page_to_its_end(story: Story) -> None:
    shape.edit(story, BELLS, "word " * 900 + "the very end")
    app = stage(story, BELLS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "lines 1 to" in shown(app), "the text")
        for _ in range(40):
            await pilot.press("space")
        assert "the very end" in shown(app)
        for _ in range(40):
            await pilot.press("b")
        assert "The tide had gone" in shown(app)


async def test_m_shows_what_another_model_of_the_plan_is_sent(story: Story) -> None:
    marks.set_text(story, BELLS, "why", "she must answer")
    first, second = TWO.parts
    app = stage(story, BELLS, Plan((first, replace(second, values={"words": 33}))), client())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "1 of 2" in shown(app) and "story" in shown(app))
        await pilot.press("m")
        await until(pilot, lambda: "into the user message" in shown(app), "the chat's blocks")
        assert "2 of 2" in shown(app)
        await pilot.press("j")
        await until(pilot, lambda: "she must answer]" in shown(app), "the why")
        # Twice the words that it alone has, and forty.
        assert "106 kept for the answer" in flat(app)
        await pilot.press("m")
        await until(pilot, lambda: "1 of 2" in shown(app))


@pytest.mark.parametrize("size", SIZES)
async def test_lore_is_shown_entry_by_entry_with_why_it_is_sent_or_not(
    story: Story, size: tuple[int, int]
) -> None:
    shape.edit(story, BELLS, "The bell rang.")
    lore.set_entry(story, {"title": "Bell", "content": "It has no clapper.", "keys": ["bell"]})
    lore.set_entry(story, {"title": "Fog", "content": "It is green.", "keys": ["fog"]})
    lore.set_entry(story, {"content": HOSTILE, "constant": True})
    app = stage(story, BELLS, Plan((PlanPart("openai/gpt-4o-mini", 1),)), client())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "fingerprint" in shown(app))
        pane = app.screen.query_one(BlocksPane)
        seen = {}
        for _ in pane.blocks:
            await pilot.press("k")
        for _ in pane.blocks:
            assert not set("\x1b\x07\u202e\x9b") & set(shown(app))
            seen[pane.block.name] = flat(app)
            await pilot.press("j")
        assert "into the system message: key bell" in seen["lore Bell"]
        assert "It has no clapper." in seen["lore Bell"]
        assert "lore Fog - out no key" in seen["lore Fog"]
        assert "not sent: no key" in seen["lore Fog"]
        assert any("[@click=app.bell]x[/]" in text for text in seen.values())


async def test_a_worker_that_cannot_be_started_is_told_and_leaves_the_keys_alive(
    story: Story,
) -> None:
    app = stage(story, BELLS, Plan((PlanPart("openai/gpt-4o-mini", 1),)))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "cannot be started" in shown(app), "the refusal")
        await pilot.press("j", "d")
        assert "Only what would be sent next is compared" in shown(app)
        await pilot.press("q")
        assert app.results == [None]


async def test_what_cannot_fit_is_refused_with_by_how_much(story: Story) -> None:
    marks.set_text(story, 0, "style", "plain words " * 9_000)
    app = stage(story, BELLS, Plan((PlanPart("openai/gpt-4o-mini", 1),)), client())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "tokens too many" in shown(app), "the refusal")
        await pilot.press("D")
        assert "There is no request to write" in shown(app)


async def test_y_copies_the_blocks_text_and_an_empty_block_has_none(story: Story) -> None:
    app = stage(story, BELLS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "fingerprint" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "Copied" in shown(app), "what was copied")
        assert app.clipboard == reading.strand_text(story, BELLS)
        await pilot.press("k", "y")
        await until(pilot, lambda: "There is no text in this block" in shown(app))


async def test_s_shows_what_was_sent_for_this_branch_and_back(story: Story) -> None:
    app = stage(story, BELLS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "fingerprint" in shown(app))
        await pilot.press("s")
        await until(pilot, lambda: "sent for n5" in shown(app), "what was sent")
        assert "as it was sent" in shown(app)
        assert "Continue." in shown(app)
        assert "claude-sonnet-4-5" in shown(app)
        await pilot.press("s")
        await until(pilot, lambda: "fingerprint" in shown(app))


async def test_s_on_a_branch_by_hand_says_so(story: Story) -> None:
    app = stage(story, 1)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "fingerprint" in shown(app))
        await pilot.press("s")
        await until(pilot, lambda: "written by hand" in shown(app))


async def test_d_tells_the_differences_to_the_last_send_and_takes_them_away(story: Story) -> None:
    app = stage(story, BELLS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "fingerprint" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "sent for n5, to claude-sonnet-4-5" in shown(app))
        assert "* story" in shown(app)
        assert "It begins otherwise" in shown(app)
        await pilot.press("d")
        await until(pilot, lambda: "sent for n5" not in shown(app))


async def test_the_request_is_written_to_a_new_file_and_never_over_one(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = stage(story, BELLS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "fingerprint" in shown(app))
        await pilot.press("D", "enter")
        await until(pilot, lambda: "The request is in" in shown(app), "the file")
        written = (tmp_path / "context-n5.json").read_text("utf-8")
        request = json.loads(written)
        assert request["prompt"] == reading.strand_text(story, BELLS)
        assert request["model"] == "local/smollm2"
        await pilot.press("D", "enter")
        await until(pilot, lambda: "is there already" in shown(app), "the refusal")
        assert (tmp_path / "context-n5.json").read_text("utf-8") == written


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_texts_are_shown_as_they_are(story: Story, size: tuple[int, int]) -> None:
    marks.set_text(story, 0, "premise", HOSTILE)
    marks.set_text(story, BELLS, "why", HOSTILE)
    shape.edit(story, BELLS, HOSTILE)
    app = stage(story, BELLS, Plan((PlanPart(f"evil/{HOSTILE}", 1),)), client())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "fingerprint" in shown(app))
        for _ in range(6):
            assert not set("\x1b\x07\u202e\x9b") & set(shown(app))
            await pilot.press("j")
        assert "[@click=app.bell]x[/]" in shown(app)
        assert app.screen.query_one(BlocksPane).block is not None


async def test_f_shows_what_is_sent_for_the_gap_to_what_follows_and_back(story: Story) -> None:
    settings, own = Settings(), client()
    app = Stage(ContextScreen(story, ROPE, settings, own, TWO, BELLS), settings, own)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "fingerprint" in shown(app))
        assert "what follows" not in shown(app)
        await pilot.press("f")
        await until(pilot, lambda: "what follows" in shown(app), "the block")
        assert f"what n{ROPE} to n{BELLS} + why sends" in shown(app)
        assert "Bells at slack water" in shown(app)
        assert "in the prompt" in shown(app)
        await pilot.press("m")
        await until(pilot, lambda: "into the user message" in shown(app), "the chat's block")
        await pilot.press("f")
        await until(pilot, lambda: "what follows" not in shown(app), "the way on")
    app = stage(story, BELLS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "fingerprint" in shown(app))
        await pilot.press("f")
        assert f"Nothing follows n{BELLS} yet" in flat(app)
