"""A key comes from the first of three places, and is kept in one."""

from pathlib import Path

import pytest

from storyloom.models import key_file, keyrings, lookup
from storyloom.models.keyrings import Keyring
from storyloom.models.keys import Key
from storyloom.models.redact import MASK, redact
from storyloom.text import Refusal
from tests.models import fake_keyring
from tests.models.places import ENVIRON, FILED, RINGED, empty_places, in_file, in_keyring


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_places(tmp_path, monkeypatch)


def test_the_environment_comes_before_the_keyring_and_that_before_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert lookup.find("A_KEY") is None
    in_file(A_KEY=FILED)
    for source, secret, put in (
        ("file", FILED, lambda: in_keyring(A_KEY=RINGED)),
        ("keyring", RINGED, lambda: monkeypatch.setenv("A_KEY", f" {ENVIRON}\n")),
        ("environment", ENVIRON, lambda: monkeypatch.setenv("A_KEY", " ")),
        ("keyring", RINGED, lambda: None),
    ):
        monkeypatch.setattr(keyrings, "SYSTEM", Keyring())
        found = lookup.find("A_KEY")
        assert found is not None
        assert (found.source, found.key.reveal()) == (source, secret)
        assert redact(f"{secret}.", {}) == f"{MASK}."
        assert secret not in repr(found)
        put()


def test_a_file_that_is_refused_is_so_only_where_it_would_be_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_file(A_KEY=FILED)
    key_file.path().chmod(0o644)
    with pytest.raises(Refusal, match="chmod 600"):
        lookup.find("A_KEY")
    in_keyring(A_KEY=RINGED)
    monkeypatch.setattr(keyrings, "SYSTEM", Keyring())
    found = lookup.find("A_KEY")
    assert found is not None
    assert found.source == "keyring"


def test_a_key_is_kept_in_one_place_alone(tmp_path: Path) -> None:
    assert lookup.keep("A_KEY", Key(FILED), in_file=True) == "file"
    assert lookup.keep("A_KEY", Key(RINGED)) == "keyring"
    assert key_file.read() == {}
    assert fake_keyring.held(tmp_path / "ring") == {"storyloom/A_KEY": RINGED}
    assert lookup.keep("A_KEY", Key(FILED), in_file=True) == "file"
    assert fake_keyring.held(tmp_path / "ring") == {}
    assert lookup.forget("A_KEY") == ["file"]
    assert lookup.forget("A_KEY") == []


def test_without_a_keyring_it_is_kept_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_KEYRING_MOOD", "locked")
    in_file(B_KEY=ENVIRON)
    assert lookup.keep("A_KEY", Key(FILED)) == "file"
    assert {name: key.reveal() for name, key in key_file.read().items()} == {
        "A_KEY": FILED,
        "B_KEY": ENVIRON,
    }
