"""The model picker: what it lists, and what plan comes out of it."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.widgets import Input

from storyloom import paths
from storyloom.generate.plan import set_plan
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import growth
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.tui.screens.models import ModelPicker
from storyloom.tui.widgets.listing import Listing
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import saltmarsh

WORKER = str(Path(__file__).with_name("worker.py"))
HOME = ModelEntry("home", "openai/qwen", "http://127.0.0.1:8080/v1", mode="text", window=32_768)


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A models' process that knows a few models."""
    for name in ("OLLAMA_HOST", "OLLAMA_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    client = Client(command=(sys.executable, WORKER))
    yield client
    await client.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story without a plan."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


def on_stage(path: Path, client: Client, settings: Settings | None = None) -> Stage:
    settings = settings or Settings(models=(HOME,))
    return Stage(ModelPicker(Story(path), 3, settings, client), settings)


def listed(app: Stage) -> list[str]:
    """Return the rows of the list, without the head."""
    lines = app.screen.query_one(Listing).lines[1:]
    return [" ".join("".join(text for text, _ in line).split()) for line in lines]


def loaded(app: Stage) -> bool:
    return "reading litellm" not in shown(app)


@pytest.mark.parametrize("size", SIZES)
async def test_the_plan_in_force_comes_first_then_what_is_here_then_the_rest(
    path: Path, client: Client, size: tuple[int, int]
) -> None:
    with Story(path) as story:
        set_plan(story, 0, (PlanPart("gpt-4o-mini", 2), PlanPart("my/own", 1)))
    paths.made(paths.models_dir())
    (paths.models_dir() / "mistral-7b.gguf").write_bytes(b"GGUF" + bytes(64))
    app = on_stage(path, client)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: loaded(app) and "32 768" in shown(app))
        rows = listed(app)
        assert rows[0].startswith(">[x] gpt-4o-mini 2 128 000 0.15 / 0.60")
        assert rows[1].startswith("[x] my/own 1 ? ?")
        assert rows[2].startswith("[ ] local/smollm2")
        assert rows[3].startswith("[ ] local/mistral-7b")
        assert rows[4].startswith("[ ] home 32 768 none")
        assert [row.split()[2] for row in rows[5:]] == [
            "anthropic/claude-sonnet-4-5", "azure/gpt-4o-mini", "nebius/unknown-price",
        ]  # fmt: skip
        screen = " ".join(shown(app).split())
        assert "gpt-4o-mini x2 + own x1: the story's own" in screen
        assert "3 branches" in screen
        assert "It needs OPENAI_API_KEY: storyloom keys set openai" in screen


async def test_the_embedded_model_says_what_it_is_and_whether_it_is_here(
    path: Path, client: Client
) -> None:
    app = on_stage(path, client)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "first use" in shown(app))
        screen = " ".join(shown(app).split())
        assert "135M, rough drafts, no key needed" in screen
        assert "93 MB" in screen
        assert listed(app)[0].startswith(">[x] local/smollm2 3")


async def test_ticks_and_counts_make_the_plan(path: Path, client: Client) -> None:
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: loaded(app))
        await pilot.press("space", "j", "space", "j", "2")
        assert "storyloom keys set anthropic" in shown(app)
        assert "5 branches" in shown(app)
        await pilot.press("enter")
    assert app.results == [
        ("node", (PlanPart("home", 3), PlanPart("anthropic/claude-sonnet-4-5", 2)))
    ]


@pytest.mark.parametrize(
    ("key", "result"),
    [
        ("S", ("story", (PlanPart("local/smollm2", 3),))),
        ("I", ("inherit", None)),
        ("q", None),
        ("escape", None),
        ("ctrl+g", None),
    ],
)
async def test_ways_out(path: Path, client: Client, key: str, result: object) -> None:
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: loaded(app))
        await pilot.press(key)
    assert app.results == [result]


async def test_a_plan_has_at_most_nine_branches(path: Path, client: Client) -> None:
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: loaded(app))
        await pilot.press("j", "7")
        assert "at most 9 branches" in shown(app)
        await pilot.press("6")
        assert "9 branches" in shown(app)
        await pilot.press("j", "space")
        assert "at most 9 branches" in shown(app)


async def test_nothing_ticked_and_nothing_changed_are_not_taken(path: Path, client: Client) -> None:
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: loaded(app))
        await pilot.press("j", "enter")
        assert "Space takes home into the plan first" in shown(app)
        await pilot.press("k", "space", "enter")
        assert "No model is ticked" in shown(app)
        assert app.results == []
        await pilot.press("space", "enter")
    assert app.results == [("node", (PlanPart("local/smollm2", 3),))]


async def test_letters_narrow_the_list_while_they_are_typed(path: Path, client: Client) -> None:
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: loaded(app))
        await pilot.press("slash", *"gpt-4o")
        await pilot.pause()
        # A name that begins with the letters comes first.
        assert [row.split("]")[1].split()[0] for row in listed(app)] == [
            "gpt-4o-mini", "azure/gpt-4o-mini",
        ]  # fmt: skip
        await pilot.press("escape")
        await until(pilot, lambda: len(listed(app)) == 6)
        await pilot.press("slash", *"openai", "enter")
        await until(pilot, lambda: len(listed(app)) == 1)
        assert "/openai" in shown(app)
        await pilot.press("space", "slash", *"zz", "enter")
        await until(pilot, lambda: ":model zz takes it" in shown(app))
        await pilot.press("space")
        assert "no model in the list" in shown(app)
        await pilot.press("slash", "ctrl+u", "enter")
        await until(pilot, lambda: len(listed(app)) == 6)


async def test_a_model_that_no_list_has_is_taken_by_name(path: Path, client: Client) -> None:
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: loaded(app))
        await pilot.press("colon", *"model")
        app.screen.query_one(Input).value = "model hosted_vllm/my finetune"
        await pilot.press("enter")
        await until(pilot, lambda: "typed by you" in shown(app))
        assert any(row.startswith(">[x] hosted_vllm/my finetune 1") for row in listed(app))
        await pilot.press("space", "enter")
        assert "Space takes my finetune" in shown(app)
        await pilot.press("4", "enter")
    assert app.results == [
        ("node", (PlanPart("local/smollm2", 3), PlanPart("hosted_vllm/my finetune", 4)))
    ]


async def test_thousands_of_models_cost_what_is_on_the_screen(path: Path) -> None:
    client = Client(command=(sys.executable, WORKER, "20000"))
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: loaded(app))
        assert "20 006" in shown(app)
        assert len(listed(app)) < 24
        await pilot.press("pagedown")
        assert app.screen.query_one(Listing).selected > 5
    await client.close()


async def test_without_the_models_process_what_is_known_here_can_still_be_taken(
    path: Path,
) -> None:
    client = Client(command=(sys.executable, "-c", ""))
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "has ended" in " ".join(shown(app).split()))
        await pilot.press("enter")
    assert app.results == [("node", (PlanPart("local/smollm2", 3),))]
    await client.close()


DEN = ModelEntry("den", "openai/qwen2.5-7b", "http://127.0.0.1:9090/v1")
CELLAR = ModelEntry("cellar", "openai/qwen", "http://127.0.0.1:9191/v1")


@pytest.mark.parametrize("size", SIZES)
async def test_models_of_a_configured_server_stand_in_front_of_litellms_and_can_be_taken(
    path: Path, client: Client, size: tuple[int, int]
) -> None:
    app = on_stage(path, client, Settings(models=(DEN, CELLAR)))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: loaded(app) and "org/llama-3-base@den" in shown(app))
        # The entry's own model is there once, as the entry.
        assert [row.split("]")[1].split()[0] for row in listed(app)[:6]] == [
            "local/smollm2", "den", "cellar", "org/llama-3-base@den", "mistral-7b.gguf@den",
            "anthropic/claude-sonnet-4-5",
        ]  # fmt: skip
        await pilot.press("j", "j")
        assert "127.0.0.1:9191 does not answer." in shown(app)
        await pilot.press("j", "2")
        screen = " ".join(shown(app).split())
        assert "on 127.0.0.1:9090" in screen
        assert "continues text, window 8 192 tokens" in screen
        await pilot.press("slash", *"9090", "enter")
        await until(pilot, lambda: len(listed(app)) == 2)
        await pilot.press("enter")
    assert app.results[0] == (
        "node", (PlanPart("local/smollm2", 3), PlanPart("org/llama-3-base@den", 2))
    )  # fmt: skip


async def test_a_plan_from_another_machine_says_which_entry_is_missing_here(
    path: Path, client: Client
) -> None:
    with Story(path) as story:
        set_plan(story, 0, (PlanPart("org/llama@attic", 1), PlanPart("qwen@den", 1)))
    app = on_stage(path, client, Settings(models=(DEN,)))
    async with app.run_test(size=(80, 24)) as pilot:
        missing = "there is no entry 'attic' in the config file here"
        await until(pilot, lambda: loaded(app) and missing in shown(app))
        await pilot.press("j")
        assert "there is no entry" not in shown(app)


async def test_this_machine_is_looked_at_when_asked_for_and_not_before(
    path: Path, client: Client
) -> None:
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: loaded(app))
        assert "mistral" not in shown(app)
        await pilot.press("slash", *"nothing", "enter", "L")
        await until(pilot, lambda: "Found: 1 on 127.0.0.1:11434." in shown(app))
        assert [row for row in listed(app) if row[0] == ">"] == [
            ">[ ] ollama_chat/mistral:7b ? none"
        ]
        await pilot.press("L")
        await until(pilot, lambda: "Found" in shown(app))
        assert sum("mistral" in row for row in listed(app)) == 1


async def test_that_nothing_is_on_this_machine_is_said_with_where_it_was_sought(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OLLAMA_HOST", "OLLAMA_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    client = Client(command=(sys.executable, WORKER, "0", "alone"))
    app = on_stage(path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: loaded(app))
        await pilot.press("L")
        await until(pilot, lambda: "No server of models answers" in shown(app))
        # HOME's own server is asked anyway, and was.
        assert "127.0.0.1:11434, 127.0.0.1:1234, 127.0.0.1:8000." in " ".join(shown(app).split())
    await client.close()


@pytest.mark.parametrize("size", SIZES)
async def test_a_model_shows_how_it_has_done_in_this_story(
    path: Path, client: Client, size: tuple[int, int]
) -> None:
    claude = "anthropic/claude-sonnet-4-5"
    with Story(path) as story:
        set_plan(story, 0, (PlanPart(claude, 2),))
        (placed,) = growth.request(story, 1, [Asked(claude, {"prompt": "p"})])
        times = {"first_ms": 1234, "ms": 5678}
        growth.finish(story, placed, "So.", Result("stop", "", times))
    app = on_stage(path, client)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: loaded(app) and "33 % of 3 chosen" in shown(app))
        assert "first words after 1.2 s" in shown(app)
        assert ("33 % of 3 1.2 s" in listed(app)[0]) == (size[0] == 120)
        await pilot.press("j")
        assert "% of" not in shown(app).split("this model")[1]
