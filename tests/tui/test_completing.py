"""Paths as authors type them."""

from pathlib import Path

import pytest

from storyloom.text import Refusal
from storyloom.tui.completing import complete_path, typed_path


@pytest.mark.parametrize(
    "typed", ["a b.md", "  a b.md ", "'a b.md'", '"a b.md"', "a\\ b.md", "~/a b.md", "~/a\\ b.md"]
)
def test_a_file_is_found_as_it_is_typed_dropped_or_quoted(
    typed: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "a b.md").write_text("x")
    monkeypatch.chdir(home)
    assert typed_path(typed).resolve() == home / "a b.md"


def test_a_backslash_that_a_name_has_is_its_own(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    (home / "a\\b.md").write_text("x")
    (home / "ab.md").write_text("y")
    assert typed_path("a\\b.md") == Path("a\\b.md")


@pytest.mark.parametrize("typed", ["", "  ", "''", "a\0b"])
def test_what_names_nothing_is_refused(typed: str) -> None:
    with pytest.raises(Refusal, match="path of a file"):
        typed_path(typed)


def test_what_is_typed_goes_on_to_files_and_folders(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    for name in ("tide.md", "tidal.txt", ".tired", "other.md", "ti\x1b[31m.md"):
        (home / name).write_text("x")
    (home / "tins").mkdir()
    assert complete_path("ti") == ["tidal.txt", "tide.md", "tins/"]
    assert complete_path("~/ti") == ["~/tidal.txt", "~/tide.md", "~/tins/"]
    assert "other.md" in complete_path("")
    assert ".tired" not in complete_path("")
    assert complete_path(".ti") == [".tired"]
    assert complete_path("nowhere/ti") == []
    assert complete_path("a\0b/") == []
