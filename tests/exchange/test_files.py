"""Export files: their names, and that they are whole or not there."""

import os
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.exchange.files import slug, write_new
from storyloom.text import Refusal


@given(st.text())
def test_a_name_made_of_a_title_is_harmless(title: str) -> None:
    name = slug(title)
    assert 0 < len(name) <= 60
    assert set(name) <= set(string.ascii_lowercase + string.digits + "-")
    assert name[0] != "-" != name[-1]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The Far Bell", "the-far-bell"),
        ("Fourteen Tanner's Row", "fourteen-tanners-row"),
        ("Été à la mer", "ete-a-la-mer"),
        ("../../etc/passwd", "etc-passwd"),
        ("門", "story"),
    ],
)
def test_names_of_titles(title: str, name: str) -> None:
    assert slug(title) == name


def test_what_is_there_is_replaced_only_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "tide.md"
    write_new(path, "one é\n")
    with pytest.raises(Refusal, match="there already"):
        write_new(path, "two\n")
    assert path.read_bytes() == "one é\n".encode()
    write_new(path, "two\n", replace=True)
    assert path.read_text() == "two\n"
    assert os.listdir(tmp_path) == ["tide.md"]


def test_it_is_not_overwritten_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    write_new(tmp_path / "tide.md", "one")
    assert (tmp_path / "tide.md").read_text() == "one"
    assert os.listdir(tmp_path) == ["tide.md"]


def test_a_dangling_link_is_something_too(tmp_path: Path) -> None:
    (tmp_path / "tide.md").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refusal, match="there already"):
        write_new(tmp_path / "tide.md", "text")
    assert not (tmp_path / "elsewhere").exists()


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be written"):
        write_new(tmp_path / "none" / "tide.md", "text")
    with pytest.raises(Refusal, match="is a folder"):
        write_new(tmp_path, "text")


def test_parts_are_written_one_behind_the_other(tmp_path: Path) -> None:
    write_new(tmp_path / "tide.md", iter(["one ", "é", "\n"]))
    assert (tmp_path / "tide.md").read_bytes() == "one é\n".encode()


def test_a_part_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    def parts() -> Iterator[str]:
        yield "one"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_new(tmp_path / "tide.md", parts())
    assert os.listdir(tmp_path) == []
