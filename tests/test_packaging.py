"""The wheel holds everything that the program needs, and the README's commands are those of CI."""

import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not installed here")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=300,
    )
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_themes_and_saves(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder in ("themes", "saves"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert f"storyloom/{path.relative_to(ROOT)}" in names


def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        assert "storyloom = storyloom.cli.main:main" in archive.read(entry_points).decode()
    for path in (ROOT / "storyloom").rglob("*.py"):
        assert str(path.relative_to(ROOT)) in names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"storyloom"}
    assert not [name for name in names if name.endswith((".pyc", ".pth", ".gguf"))]


def test_shipped_files_are_found_in_an_unpacked_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "from storyloom.paths import shipped\n"
        "print((shipped('themes') / 'dusk.toml').resolve())\n"
        "print((shipped('saves') / 'openings.toml').resolve())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    inside = tmp_path.resolve() / "storyloom"
    assert run.stdout.split() == [
        str(inside / "themes" / "dusk.toml"),
        str(inside / "saves" / "openings.toml"),
    ]


def test_the_version_has_an_entry_in_the_changelog_or_is_unreleased() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[Unreleased\]$", text, re.MULTILINE)


def commands() -> tuple[str, str]:
    """Return the two commands that CI found in the README: the main job, and the tests."""
    run = subprocess.run(
        ["bash", ".ci/run", "--commands"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    job, tests = run.stdout.splitlines()
    return job, tests


def test_the_readme_says_in_two_commands_how_to_run_and_how_to_test() -> None:
    job, tests = commands()
    assert job == "pip install -c constraints.txt '.[local]' && storyloom try"
    assert tests == (
        "pip install -c constraints.txt '.[local,test]' && pytest -n auto --dist worksteal"
    )


def test_the_commands_stand_in_the_readme_as_whole_lines_once() -> None:
    lines = [line.strip() for line in (ROOT / "README.md").read_text().splitlines()]
    for command in commands():
        assert lines.count(command) == 1


def test_the_readmes_command_is_there_once_installed() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"storyloom": "storyloom.cli.main:main"}


def test_the_openings_are_fit_to_begin_a_story() -> None:
    openings = tomllib.loads((ROOT / "saves" / "openings.toml").read_text())["opening"]
    assert len(openings) >= 3
    for opening in openings:
        assert set(opening) == {"title", "premise", "style", "text"}
        assert 60 <= len(opening["text"].split()) <= 110
        assert opening["text"] == opening["text"].strip()
        assert all(opening.values())
