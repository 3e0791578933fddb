"""The command themes."""

import os
from pathlib import Path

import pytest

from storyloom import paths, settings
from tests.cli.conftest import Run


def own(name: str, old: str = "", new: str = "") -> Path:
    """Put a theme of the user's into their folder: dusk under another name, changed."""
    folder = paths.config_dir() / "themes"
    folder.mkdir(parents=True, exist_ok=True)
    text = (paths.shipped("themes") / "dusk.toml").read_text()
    path = folder / f"{name}.toml"
    path.write_text(text.replace('name = "dusk"', f'name = "{name}"').replace(old, new))
    return path


def test_each_theme_has_a_line_and_the_one_in_use_a_star(run: Run) -> None:
    ran = run("themes")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert len(lines) == 8
    assert [line.split()[1] for line in lines if line.startswith("*")] == ["dusk"]
    assert all(len(line) < 80 for line in lines)
    (terminal,) = (line for line in lines if "terminal" in line.split())
    assert "16 colours" in terminal


def test_a_theme_is_used_from_then_on_and_the_settings_stay(run: Run) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text("# mine\ncount = 4\n")
    ran = run("themes", "use", "paper")
    assert (ran.code, ran.out) == (0, "")
    assert "paper is the theme from now on" in ran.err
    assert settings.load().theme == "paper"
    assert settings.load().count == 4
    assert "# mine\n" in paths.config_file().read_text()
    starred = [line.split()[1] for line in run("themes").out.splitlines() if line[0] == "*"]
    assert starred == ["paper"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("papr", "There is no theme 'papr'; did you mean 'paper'?"),
        ("zzz", "there are contrast, contrast-light, dusk"),
        ("\x1b[31m", "There is no theme"),
        ("../x", "There is no theme '../x'"),
    ],
)
def test_a_theme_that_is_none_is_refused(run: Run, name: str, says: str) -> None:
    ran = run("themes", "use", name)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert "\x1b" not in ran.err
    assert not paths.config_file().exists()


def test_a_theme_of_the_users_is_listed_with_its_file(run: Run) -> None:
    path = own("mine")
    (line,) = (line for line in run("themes").out.splitlines() if " mine " in line)
    assert line.endswith(f"({path})")
    assert run("themes", "use", "mine").code == 0


def test_what_is_wrong_with_a_file_is_said_in_full(run: Run) -> None:
    bad = own("bad", 'panel = "#232331"', 'panel = "beige"')
    worse = own("worse", "dark = true", "darc = true")
    ran = run("themes")
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 8
    said = ran.err.splitlines()
    assert said[0].startswith(f"{bad}: panel in [colors] has to be a colour")
    assert said[1] == f"{worse}: there is no 'darc'; did you mean 'dark'?"
    assert said[2] == "2 files left out."


def test_a_name_in_the_settings_that_is_no_themes_is_said(run: Run) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text('theme = "gone"\n')
    ran = run("themes")
    assert ran.code == 0
    assert not [line for line in ran.out.splitlines() if line.startswith("*")]
    assert "the theme 'gone', which is none; dusk is used" in ran.err


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write all")
def test_settings_that_cannot_be_written_are_left(run: Run) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text("count = 4\n")
    paths.config_file().chmod(0o400)
    ran = run("themes", "use", "paper")
    assert ran.code == 2
    assert "cannot be written" in ran.err
    assert paths.config_file().read_text() == "count = 4\n"
