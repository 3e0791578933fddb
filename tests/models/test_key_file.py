"""The file of keys is its owner's alone, whole at any time, and never quoted."""

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.models import key_file
from storyloom.models.keys import Key
from storyloom.text import Refusal

SECRET = "sk-filed-0123456789"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "storyloom"


def put(content: str | bytes, mode: int = 0o600) -> Path:
    file = key_file.path()
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(mode)
    return file


def refusal() -> str:
    with pytest.raises(Refusal) as refused:
        key_file.read()
    said = str(refused.value)
    assert said.isprintable()
    assert SECRET not in said
    assert refused.value.__cause__ is None
    return said


def test_a_file_that_is_not_there_holds_no_keys() -> None:
    assert key_file.read() == {}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o660, 0o777])
def test_a_file_that_is_open_to_others_is_refused_with_what_to_do(mode: int) -> None:
    file = put(f'A_KEY = "{SECRET}"\n', mode)
    assert refusal().endswith(f" run chmod 600 {file}")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_alone_is_taken(mode: int) -> None:
    put(f'A_KEY = "{SECRET}"\n', mode)
    assert key_file.read()["A_KEY"].reveal() == SECRET


def test_the_path_to_be_typed_is_quoted_for_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "a b;c"))
    (tmp_path / "a b;c").mkdir()
    file = put("", 0o644)
    assert refusal().endswith(f" run chmod 600 '{file}'")


def test_a_file_of_another_owner_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    put(f'A_KEY = "{SECRET}"\n')
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert "another user" in refusal()


@pytest.mark.parametrize(
    "content",
    [
        f"A_KEY = {SECRET}",
        f'A_KEY = "{SECRET}',
        f'"{SECRET}" = "x"\n"{SECRET}" = "y"',
        f'[{SECRET}]\na = 1\n[{SECRET}]\nb = 2',
        f'"{SECRET}" = "0123456789"',
        f'[keys]\nA_KEY = "{SECRET}"',
        "A_KEY = 12345678",
        f'A_KEY = ["{SECRET}"]',
        f'A_KEY = "{SECRET} {SECRET}"',
        f'A_KEY = "\\u001b]0;{SECRET}\\u0007"',
        f'A_KEY = """\n{SECRET}\n{SECRET}\n"""',
        'A_KEY = ""',
        'A_KEY = "[bold]"',
        f'"A\\u001b[31m_KEY" = "{SECRET}"',
        SECRET.encode() + b"\xff\xfe\x00",
        b"\x00" * 100,
        "a = " + "[" * 50_000,
        "#" * 300_000,
    ],
    ids=range(18),
)  # fmt: skip
def test_hostile_content_is_refused_in_one_sentence_that_does_not_quote_it(
    content: str | bytes,
) -> None:
    put(content)
    assert refusal().startswith(str(key_file.path()))


@given(st.binary(max_size=60))
def test_any_bytes_are_keys_or_one_sentence(content: bytes) -> None:
    put(content)
    said = ""
    try:
        assert all(isinstance(key, Key) for key in key_file.read().values())
    except Refusal as refused:
        said = str(refused)
    assert said.isprintable()


def test_what_is_no_file_is_refused_and_not_waited_for(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "keys.toml", 0o600)
    assert "something else" in refusal()
    (folder / "keys.toml").unlink()
    (folder / "keys.toml").mkdir(mode=0o700)
    assert str(folder) in refusal()


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60),
        max_size=4,
    )
)
def test_what_was_written_is_read_again(kept: dict[str, str]) -> None:
    key_file.write({name: Key(secret) for name, secret in kept.items()})
    assert {name: key.reveal() for name, key in key_file.read().items()} == kept


def test_a_written_file_and_its_folder_are_their_owners_alone_from_the_first_byte(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: set[int] = set()
    made = os.fdopen(os.open(os.devnull, os.O_RDONLY))  # some file, to see that the spy sees
    synced, real = [], os.fsync

    def spy(handle: int) -> None:
        modes.add(stat.S_IMODE(os.fstat(handle).st_mode))
        synced.append(os.fstat(handle).st_size)
        real(handle)

    monkeypatch.setattr(os, "fsync", spy)
    opened: list[int] = []
    real_open = os.open

    def opens(path: str, flags: int, mode: int = 0o777, **more: int) -> int:
        if flags & os.O_CREAT:
            opened.append(mode)
        return real_open(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", opens)
    before = os.umask(0)
    try:
        key_file.write({"A_KEY": Key(SECRET)})
    finally:
        os.umask(before)
        made.close()
    assert opened == [0o600]
    assert modes == {0o600}
    assert synced[0] > len(SECRET)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert os.listdir(folder) == ["keys.toml"]


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(f'A_KEY = "{SECRET}"\n')

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refusal, match="No space left"):
        key_file.write({"B_KEY": Key("another-0123456789")})
    assert file.read_text() == f'A_KEY = "{SECRET}"\n'
    assert os.listdir(folder) == ["keys.toml"]


def test_a_reader_sees_one_whole_file_or_the_other() -> None:
    long = {f"N{number}_KEY": Key(f"number-{number}-" + "x" * 2000) for number in range(40)}
    short = {"N1_KEY": Key("number-1-short")}
    key_file.write(short)
    over = threading.Event()

    def writes() -> None:
        for _ in range(40):
            key_file.write(long)
            key_file.write(short)
        over.set()

    writer = threading.Thread(target=writes)
    writer.start()
    sizes = set()
    while not over.is_set():
        sizes.add(len(key_file.read()))
    writer.join()
    assert sizes <= {1, 40}


def test_a_link_stays_a_link(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (tmp_path / "dotfiles").mkdir()
    key_file.path().symlink_to(tmp_path / "dotfiles" / "keys")
    key_file.write({"A_KEY": Key(SECRET)})
    assert key_file.path().is_symlink()
    assert SECRET in (tmp_path / "dotfiles" / "keys").read_text()
