"""Every folder follows the XDG rules and is its owner's alone."""

import os
import stat
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.text import Refusal


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "STORYLOOM_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_without_variables_everything_lies_under_home(home: Path) -> None:
    assert paths.data_dir() == home / ".local/share/storyloom"
    assert paths.saves_dir() == home / ".local/share/storyloom/saves"
    assert paths.models_dir() == home / ".local/share/storyloom/models"
    assert paths.config_file() == home / ".config/storyloom/config.toml"


def test_the_variables_move_the_folders(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "d"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "c"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    assert paths.saves_dir() == home / "d/storyloom/saves"
    assert paths.config_dir() == home / "c/storyloom"
    assert paths.runtime_dir() == home / "storyloom"
    monkeypatch.setenv("STORYLOOM_CONFIG", str(home / "other.toml"))
    assert paths.config_file() == home / "other.toml"


@pytest.mark.parametrize("value", ["", "relative/folder", "."])
def test_a_relative_path_in_a_variable_is_ignored(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", value)
    assert paths.data_dir() == home / ".local/share/storyloom"


def test_asking_for_a_folder_creates_nothing(home: Path) -> None:
    paths.saves_dir(), paths.models_dir(), paths.config_file(), paths.runtime_dir()
    assert list(home.iterdir()) == []


def test_no_home_folder_is_refused_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", none)
    with pytest.raises(Refusal, match="set HOME or XDG_DATA_HOME"):
        paths.data_dir()
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert paths.data_dir() == Path("/data/storyloom")


def test_made_folders_are_their_owners_alone_with_all_their_new_parents(home: Path) -> None:
    old = os.umask(0o022)
    try:
        folder = paths.made(paths.saves_dir())
    finally:
        os.umask(old)
    for each in (folder, folder.parent, folder.parent.parent, home / ".local"):
        assert mode(each) == 0o700, each
    assert paths.made(folder) == folder


def test_a_folder_that_exists_keeps_its_mode(home: Path) -> None:
    (home / ".local").mkdir(mode=0o755)
    (home / ".local").chmod(0o755)
    paths.made(paths.data_dir())
    assert mode(home / ".local") == 0o755


def test_a_file_in_the_way_is_refused(home: Path) -> None:
    (home / ".local").write_text("not a folder")
    with pytest.raises(Refusal, match=r"storyloom cannot be made: .+\.$"):
        paths.made(paths.data_dir())
    with pytest.raises(Refusal, match="has to be a folder"):
        paths.made(home / ".local")


def test_a_runtime_folder_that_others_could_have_laid_is_not_used(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(home))
    wanted = paths.runtime_dir()
    assert wanted.parent == home
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    wanted.symlink_to(elsewhere)
    assert paths.runtime_dir() == paths.data_dir() / "run"
    wanted.unlink()
    paths.made(wanted)
    assert paths.runtime_dir() == wanted
    wanted.chmod(0o777)
    assert paths.runtime_dir() == paths.data_dir() / "run"


@pytest.mark.parametrize(("name", "holds"), [("themes", "dusk.toml"), ("saves", "openings.toml")])
def test_what_ships_is_found_beside_the_package_or_inside_it(name: str, holds: str) -> None:
    assert (paths.shipped(name) / holds).is_file()


def test_the_home_folder_is_said_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/mara")
    said = [paths.shown(Path(path)) for path in ("/home/mara/a b", "/home/mara", "/home/maraud/a")]
    assert said == ["~/a b", "~", "/home/maraud/a"]
