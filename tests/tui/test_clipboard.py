"""What is copied goes to the terminal and into a file, or it is said why not."""

from pathlib import Path
from typing import cast

import pytest
from textual.app import App

from storyloom.text import Refusal
from storyloom.tui import clipboard


class Copied:
    """Stands for an application that keeps what it is told to copy."""

    text = ""

    def copy_to_clipboard(self, text: str) -> None:
        self.text = text


@pytest.fixture
def app() -> Copied:
    return Copied()


def copy(app: Copied, text: str) -> str:
    return clipboard.copy(cast("App[int]", app), text)


def test_a_text_is_on_the_clipboard_and_in_the_file(app: Copied) -> None:
    said = copy(app, "Mara — rope.\n")
    assert app.text == "Mara — rope.\n"
    assert clipboard.copied_file().read_text(encoding="utf-8") == "Mara — rope.\n"
    assert "2 words" in said
    assert str(clipboard.copied_file()) in said


def test_the_next_copy_takes_the_place_of_the_last(app: Copied) -> None:
    copy(app, "one")
    copy(app, "two")
    assert clipboard.copied_file().read_text() == "two"
    assert [path.name for path in clipboard.copied_file().parent.glob(".copied-*")] == []


def test_a_text_too_long_for_terminals_is_in_the_file_alone(app: Copied) -> None:
    said = copy(app, "word " * 20_000)
    assert app.text == ""
    assert "too long" in said
    assert len(clipboard.copied_file().read_text()) == 100_000


def test_without_a_file_the_terminal_is_left(app: Copied, home: Path) -> None:
    (home / ".local/share/storyloom/hints.json").unlink()
    (home / ".local/share/storyloom").rmdir()
    (home / ".local/share/storyloom").write_text("in the way")
    assert "if this terminal" in copy(app, "short")
    with pytest.raises(Refusal, match="too long"):
        copy(app, "word " * 20_000)
