"""A keyring gives its keys, and whatever is wrong with it is no more than that there is none."""

import socket
import sys
import threading
from pathlib import Path

import pytest

from storyloom.models.keyrings import Keyring
from storyloom.models.keys import Key
from tests.models import fake_keyring

SECRET = "sk-ringed-0123456789"


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a fake keyring, which this process and its children have."""
    for name, value in fake_keyring.environ(tmp_path / "ring").items():
        monkeypatch.setenv(name, value)
    return tmp_path / "ring"


def revealed(found: dict[str, Key]) -> dict[str, str]:
    return {name: key.reveal() for name, key in found.items()}


def test_a_key_is_kept_read_and_removed(ring: Path) -> None:
    assert Keyring().write("A_KEY", Key(SECRET))
    assert fake_keyring.held(ring) == {"storyloom/A_KEY": SECRET}
    keyring = Keyring()
    assert revealed(keyring.read(["A_KEY", "B_KEY"])) == {"A_KEY": SECRET}
    assert keyring.remove("A_KEY")
    assert keyring.read(["A_KEY"]) == {}
    assert fake_keyring.held(ring) == {}
    assert not keyring.remove("A_KEY")


def test_nine_threads_ask_once(ring: Path) -> None:
    Keyring().write("A_KEY", Key(SECRET))
    asked = Path(f"{ring}.asked")
    asked.unlink()
    keyring, found = Keyring(), []
    threads = [
        threading.Thread(target=lambda: found.append(revealed(keyring.read(["A_KEY"]))))
        for _ in range(9)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [{"A_KEY": SECRET}] * 9
    assert asked.read_text().split()[::2] == ["A_KEY"]


@pytest.mark.usefixtures("ring")
def test_what_was_changed_is_asked_anew() -> None:
    keyring = Keyring()
    assert keyring.read(["A_KEY"]) == {}
    assert keyring.write("A_KEY", Key(SECRET))
    assert revealed(keyring.read(["A_KEY"])) == {"A_KEY": SECRET}


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize("mood", ["locked", "crash", "forgetful"])
def test_a_keyring_that_keeps_nothing_is_none(monkeypatch: pytest.MonkeyPatch, mood: str) -> None:
    monkeypatch.setenv("FAKE_KEYRING_MOOD", mood)
    keyring = Keyring()
    assert not keyring.write("A_KEY", Key(SECRET))
    assert keyring.read(["A_KEY"]) == {}
    assert not keyring.remove("A_KEY")


def test_a_keyring_that_does_not_answer_is_given_up_and_not_asked_again(
    ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_KEYRING_MOOD", "hang")
    keyring = Keyring(patience=1)
    assert keyring.read(["A_KEY"]) == {}
    monkeypatch.setenv("FAKE_KEYRING_MOOD", "")
    assert not keyring.write("A_KEY", Key(SECRET))
    assert fake_keyring.held(ring) == {}


def test_what_a_keyring_told_before_it_fell_silent_counts() -> None:
    line = f'{{"is":"key","name":"A_KEY","secret":"{SECRET}"}}'
    script = f"printf '%s\\n' '{line}' '{{\"is\":\"key\",\"na'; exec sleep 600"
    keyring = Keyring(["sh", "-c", script], patience=2)
    assert revealed(keyring.read(["A_KEY", "B_KEY"])) == {"A_KEY": SECRET}


@pytest.mark.usefixtures("ring")
def test_what_a_backend_prints_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    Keyring().write("B_KEY", Key(SECRET))
    monkeypatch.setenv("FAKE_KEYRING_MOOD", "noisy")
    keyring = Keyring()
    assert keyring.read(["A_KEY"]) == {}
    assert revealed(keyring.read(["B_KEY"])) == {"B_KEY": SECRET}


@pytest.mark.parametrize(
    "backend",
    ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring", "no.such.Backend", "x",
     "tests.models.fake_keyring.Stopgap"],
)  # fmt: skip
@pytest.mark.usefixtures("ring")
def test_no_real_backend_is_no_keyring(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    assert not Keyring().write("A_KEY", Key(SECRET))
    assert Keyring().read(["A_KEY"]) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has keyrings by D-Bus")
@pytest.mark.parametrize("bus", ["silent", "gone"])
def test_a_real_keyring_whose_bus_is_gone_or_silent_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bus: str
) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "bus"))
        if bus == "silent":
            listening.listen()
        keyring = Keyring(patience=2)
        assert keyring.read(["A_KEY"]) == {}
        assert not keyring.write("A_KEY", Key(SECRET))


def test_without_the_library_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    touch = ["touch", str(tmp_path / "started")]
    assert Keyring(touch).read(["A_KEY"]) == {}
    assert not Keyring(touch).write("A_KEY", Key(SECRET))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delitem(sys.modules, "keyring")
    Keyring(touch).read(["A_KEY"])
    assert (tmp_path / "started").exists()


@pytest.mark.parametrize(
    "command", [["/no/such/program"], ["false"], ["sh", "-c", "yes '[1]' | head -n 1000"], ["cat"]]
)
def test_a_process_that_speaks_something_else_is_no_keyring(command: list[str]) -> None:
    assert Keyring(command).read(["A_KEY"]) == {}
    assert not Keyring(command).write("A_KEY", Key(SECRET))


def test_the_secret_is_on_no_command_line_and_in_no_environment(tmp_path: Path) -> None:
    out = tmp_path / "seen"
    script = f"cat > {out}.in; tr '\\0' ' ' < /proc/$$/cmdline > {out}; env >> {out}"
    Keyring(["sh", "-c", script]).write("A_KEY", Key(SECRET))
    assert SECRET in Path(f"{out}.in").read_text()
    assert SECRET not in out.read_text()
    assert "A_KEY" not in out.read_text()
