"""`cast` as a shell sees it."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.replay.sessions import ferry

SENTINEL = "sk-sentinel-0123456789abcdef0123456789"


@pytest.fixture
def crossing(folder: Path) -> str:
    """A story with two choices."""
    return ferry(folder).name


def head_of(path: Path) -> dict[str, object]:
    return json.loads(path.read_text(encoding="utf-8").splitlines()[0])


def test_a_replay_is_recorded_under_the_storys_title(run: Run, crossing: str, folder: Path) -> None:
    run("about", crossing, "--title", "Low Bells")
    ran = run("cast", crossing)
    assert (ran.code, ran.out) == (0, "low-bells.cast\n")
    assert "Low Bells is recorded: 0:0" in ran.err
    head = head_of(folder / "low-bells.cast")
    assert (head["version"], head["width"], head["height"]) == (2, 80, 24)
    assert head["title"] == "Low Bells"


def test_it_is_of_the_version_size_and_wait_that_are_asked_for(
    run: Run, crossing: str, folder: Path
) -> None:
    ran = run("cast", crossing, "-o", "evening", "--version", "3", "--size", "120x40",
              "--speed", "16", "--cap", "0.5", "--from", "2", "--to", "50%")  # fmt: skip
    assert ran.out == "evening.cast\n"
    head = head_of(folder / "evening.cast")
    assert head["term"] == {"cols": 120, "rows": 40, "type": "xterm-256color"}
    assert head["idle_time_limit"] == 0.5
    assert (folder / "evening.cast").read_text(encoding="utf-8").endswith(', "x", "0"]\n')


def test_what_is_there_is_replaced_only_when_that_is_said(
    run: Run, crossing: str, folder: Path
) -> None:
    (folder / "mine.cast").write_text("mine")
    ran = run("cast", crossing, "-o", "mine.cast")
    assert ran.code == 2
    assert "is there already" in ran.err
    assert (folder / "mine.cast").read_text() == "mine"
    assert run("cast", crossing, "-o", "mine.cast", "--force").code == 0
    assert head_of(folder / "mine.cast")["version"] == 2


def test_it_goes_to_stdout_too(run: Run, crossing: str, folder: Path) -> None:
    ran = run("cast", crossing, "-o", "-")
    assert (ran.code, ran.err) == (0, "")
    head, *events = map(json.loads, ran.out.splitlines())
    assert head["version"] == 2
    assert {code for _, code, _ in events} == {"o", "m"}
    assert not list(folder.glob("*.cast"))


@pytest.mark.parametrize(("speed", "said"), [("max", "max"), ("4", "4x"), ("0.25x", "0.25x")])
def test_it_is_played_at_the_speed_that_is_asked_for(
    run: Run, crossing: str, folder: Path, speed: str, said: str
) -> None:
    run("cast", crossing, "-o", "a.cast", "--speed", speed)
    assert re.search(f" paused +{said} ", (folder / "a.cast").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--version", "1"), "invalid choice"),
        (("--size", "80by24"), "no size"),
        (("--size", "20x10"), "60x16 at least"),
        (("--speed", "99"), "is no speed"),
        (("--cap", "0"), "is no idle cap"),
        (("--cap", "nan"), "is no idle cap"),
        (("--from", "soon"), "no place of a replay"),
        (("--from", "50%", "--to", "10%"), "nothing to be played"),
        (("-o", "a\0b"), "NUL"),
        (("-o", "none/there.cast"), "cannot be written"),
    ],
)
def test_what_cannot_be_is_refused_with_one_sentence(
    run: Run, crossing: str, folder: Path, options: tuple[str, ...], said: str
) -> None:
    ran = run("cast", crossing, *options)
    assert ran.code == 2
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["session.jsonl", crossing]


def test_interrupted_it_leaves_nothing(
    run: Run, crossing: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = sorted(folder.iterdir())
    monkeypatch.setattr("storyloom.cli.casting.Bar.show", interrupted)
    ran = run("cast", crossing)
    assert (ran.code, ran.out) == (130, "")
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("how", ["option", "NO_COLOR"])
def test_it_has_no_colours_where_none_are_wanted(
    run: Run, crossing: str, folder: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    run("cast", crossing, "-o", "a.cast")
    assert "38;2;" in (folder / "a.cast").read_text(encoding="utf-8")
    if how == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    run("cast", crossing, "-o", "b.cast", *(["--no-colour"] if how == "option" else []))
    assert "38;" not in (folder / "b.cast").read_text(encoding="utf-8")


def test_the_theme_in_use_colours_it(run: Run, crossing: str, folder: Path) -> None:
    run("cast", crossing, "-o", "a.cast", "--to", "2")
    run("themes", "use", "paper")
    run("cast", crossing, "-o", "b.cast", "--to", "2")
    dark, light = ((folder / name).read_text(encoding="utf-8") for name in ("a.cast", "b.cast"))
    assert dark != light


def test_no_key_is_in_it(
    run: Run, crossing: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SENTINEL)
    for version in ("2", "3"):
        assert run("cast", crossing, "-o", f"{version}.cast", "--version", version).code == 0
    written = [path for path in folder.iterdir() if path.suffix == ".cast"]
    assert len(written) == 2
    for path in written:
        said = path.read_bytes()
        assert SENTINEL.encode() not in said
        # Nothing of the environment but the kind of terminal.
        assert os.environ["HOME"].encode() not in said
