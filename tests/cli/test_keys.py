"""The command keys."""

import io
import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.models import key_file
from tests.cli.conftest import Run
from tests.models import fake_keyring
from tests.models.places import empty_places, in_file, in_keyring
from tests.servers.provider import Provider
from tests.servers.script import refuses
from tests.whole.terminal import Terminal

SECRET = "sk-typed-0123456789+/abcdef"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An empty keyring and an empty config folder."""
    return empty_places(tmp_path / "config", monkeypatch)


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path / "config" / "ring"


@pytest.fixture
def no_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_KEYRING_MOOD", "locked")
    (tmp_path / "config").mkdir()


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))


@pytest.mark.usefixtures("no_keyring")
def test_a_piped_key_is_kept_in_a_file_of_its_owner_where_there_is_no_keyring(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, f"{SECRET}\nsecond line\n".encode())
    ran = run("keys", "set", "openai")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"The key of openai is now in {paths.shown(key_file.path())}.\n"
    assert key_file.read()["OPENAI_API_KEY"].reveal() == SECRET
    assert "second" not in key_file.path().read_text()
    assert stat.S_IMODE(key_file.path().stat().st_mode) == 0o600
    ran = run("keys")
    place = paths.shown(key_file.path())
    assert (ran.code, ran.out) == (0, f"openai  OPENAI_API_KEY  from {place}\n")
    ran = run("keys", "remove", "OPENAI_API_KEY")
    assert (ran.code, ran.err) == (0, f"The key of openai is no longer in {place}.\n")
    assert run("keys").code == 1
    assert run("keys", "remove", "openai").code == 1


def test_a_key_is_kept_in_the_keyring_where_there_is_one_unless_a_file_is_wanted(
    run: Run, monkeypatch: pytest.MonkeyPatch, ring: Path
) -> None:
    piped(monkeypatch, SECRET.encode())
    assert "system's keyring" in run("keys", "set", "together_ai").err
    assert fake_keyring.held(ring) == {"storyloom/TOGETHERAI_API_KEY": SECRET}
    assert not key_file.path().exists()
    assert run("keys").out == "together_ai  TOGETHERAI_API_KEY  from the system's keyring\n"
    piped(monkeypatch, SECRET.encode())
    assert "keys.toml" in run("keys", "set", "together_ai", "--file").err
    assert fake_keyring.held(ring) == {}
    assert key_file.read().keys() == {"TOGETHERAI_API_KEY"}


def test_a_key_that_another_one_comes_before_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, ring: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environ-0123456789")
    piped(monkeypatch, SECRET.encode())
    ran = run("keys", "set", "openai")
    assert ran.err.endswith("comes first: OPENAI_API_KEY in the environment.\n")
    assert fake_keyring.held(ring)
    listed = run("keys").out
    assert listed.endswith("from the environment (also in the system's keyring)\n")
    assert "still is one: OPENAI_API_KEY in the environment" in run("keys", "remove", "openai").err


def test_the_list_has_what_is_configured_and_what_is_found_and_no_key(
    run: Run, monkeypatch: pytest.MonkeyPatch, ring: Path
) -> None:
    run("models", "add", "mine", "openai/q", "--key-env", "MINE_KEY")
    run("models", "add", "claude", "anthropic/claude-x")
    run("models", "add", "home", "groq/x", "--api-base", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("GOOGLE_API_KEY", SECRET)
    in_file(MISTRAL_API_KEY=SECRET, OLD_KEY=SECRET)
    in_keyring(MISTRAL_API_KEY=SECRET)
    place = paths.shown(key_file.path())
    ran = run("keys", "list")
    assert ran.out.splitlines() == [
        f"-          OLD_KEY            from {place}",
        "anthropic  ANTHROPIC_API_KEY  not set",
        "gemini     GOOGLE_API_KEY     from the environment",
        "mine       MINE_KEY           not set",
        f"mistral    MISTRAL_API_KEY    from the system's keyring (also in {place})",
    ]
    assert SECRET not in ran.out + ran.err
    assert ring.exists()


@pytest.mark.usefixtures("no_keyring")
def test_a_file_that_is_open_to_others_is_told_after_what_is_found_elsewhere(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_file(MISTRAL_API_KEY=SECRET)
    key_file.path().chmod(0o644)
    monkeypatch.setenv("GROQ_API_KEY", SECRET)
    ran = run("keys")
    assert ran.code == 2
    assert ran.out == "groq  GROQ_API_KEY  from the environment\n"
    assert ran.err.endswith(f"run chmod 600 {key_file.path()}\n")
    for verb in ("set", "remove"):
        piped(monkeypatch, SECRET.encode())
        ran = run("keys", verb, "openai")
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert "chmod 600" in ran.err
    assert "OPENAI" not in key_file.path().read_text()


@pytest.mark.parametrize(
    ("arguments", "content", "said"),
    [
        (["openai"], b"", "No key was given"),
        (["openai"], b"\n" + SECRET.encode(), "No key was given"),
        (["openai"], SECRET.encode()[:7], "can be no key"),
        (["openai"], SECRET.encode() + b" " + SECRET.encode(), "can be no key"),
        (["openai"], b"\x1b]0;" + SECRET.encode() + b"\x07", "can be no key"),
        (["openai"], SECRET.encode() + b"\xff", "can be no key"),
        (["openai"], SECRET.encode() * 5000, "can be no key"),
        (["openai", SECRET], b"", "never an argument"),
        (["openai", "--key", SECRET], b"", "never an option"),
        ([f"--api-key={SECRET}"], b"", "never an option"),
        ([SECRET], SECRET.encode(), "No provider of that name"),
        ([SECRET.lower()], SECRET.encode(), "No provider of that name"),
        (["opnai"], SECRET.encode(), "did you mean 'openai'"),
        (["A KEY"], SECRET.encode(), "No provider of that name"),
        (["\x1b[31m"], SECRET.encode(), "No provider of that name"),
        ([], b"", "PROVIDER"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("no_keyring")
def test_what_is_not_right_is_refused_in_one_sentence_without_the_key(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], content: bytes, said: str
) -> None:
    piped(monkeypatch, content)
    ran = run("keys", "set", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err
    assert "typed" not in ran.err
    assert "\x1b" not in ran.err
    assert not key_file.path().exists()


@pytest.mark.pty
async def test_a_key_is_typed_without_being_shown(tmp_path: Path, places: dict[str, str]) -> None:
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(tmp_path),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        **places,
        "FAKE_KEYRING_MOOD": "locked",
    }
    command = [sys.executable, "-m", "storyloom", "keys", "set", "openai"]
    async with Terminal(command, environ, (200, 24)) as terminal:
        await terminal.shows("Key of openai (OPENAI_API_KEY), not shown:")
        terminal.send(SECRET, "enter")
        await terminal.shows("The key of openai is now in")
        assert await terminal.ended() == 0
        assert SECRET.encode() not in terminal.raw
        assert b"typed" not in terminal.raw
    assert key_file.read()["OPENAI_API_KEY"].reveal() == SECRET
    async with Terminal(command, environ, (200, 24)) as terminal:
        await terminal.shows("not shown:")
        terminal.send("\x03")
        await terminal.shows("storyloom: interrupted.")
        assert await terminal.ended() == 130
        assert b"Traceback" not in terminal.raw
    async with Terminal(command, environ, (200, 24)) as terminal:
        await terminal.shows("not shown:")
        terminal.send("\x04")
        await terminal.shows("No key was given")
        assert await terminal.ended() == 2
    assert key_file.read()["OPENAI_API_KEY"].reveal() == SECRET


def test_a_terminal_that_would_show_the_key_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf(io.StringIO):
        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            raise ValueError("no descriptor")

    monkeypatch.setattr(sys, "stdin", Deaf(f"{SECRET}\n"))
    monkeypatch.setattr(os, "open", _without_terminal(os.open))
    ran = run("keys", "set", "openai")
    assert ran.code == 2
    assert "would show the key" in ran.err


def _without_terminal(real: object) -> object:
    def opens(path: object, *arguments: object, **more: object) -> object:
        if path == "/dev/tty":
            raise OSError(6, "No such device or address")
        assert callable(real)
        return real(path, *arguments, **more)

    return opens


@pytest.mark.usefixtures("no_keyring")
def test_a_key_that_a_provider_echoes_is_in_no_story_and_on_no_stream(
    run: Run, server: Provider, tide: str, folder: Path, tmp_path: Path
) -> None:
    server.reset()
    server.script(*[refuses(401, f"bad key {SECRET} for you")] * 2)
    in_file(ECHO_KEY=SECRET)
    run("models", "add", "m", "openai/m", "--api-base", server.base, "--key-env", "ECHO_KEY")
    # Whoever has it open keeps the story's WAL from being folded away at the end.
    open_elsewhere = sqlite3.connect(folder / tide)
    open_elsewhere.execute("SELECT count(*) FROM sqlite_master").fetchone()
    try:
        ran = run("grow", tide, "-m", "m", "-n", "2")
        assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
        assert "did not accept the key" in ran.out + ran.err
        files = [each for each in tmp_path.rglob("*") if each.is_file()]
        assert f"{tide}-wal" in [each.name for each in files]
        assert [each for each in files if SECRET.encode() in each.read_bytes()] == [key_file.path()]
        assert "typed" not in ran.out + ran.err
    finally:
        open_elsewhere.close()
