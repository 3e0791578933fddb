"""What is installed is what was chosen: exact pins, hashes, and no code that runs unasked."""

import importlib.metadata as metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LITELLM = "1.106.2"
STOLEN = ("1.82.7", "1.82.8")
"""Releases of litellm with a thief inside (March 2026); the second ran at every Python start."""


def pins(name: str) -> dict[str, str]:
    """Return package to version as `name`, a file of requirements, pins them."""
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    found: dict[str, str] = {}
    for line in lines:
        if line.strip() and not line.startswith("#"):
            package, _, rest = line.partition("==")
            assert canonicalize_name(package) not in found, f"{package} is there twice"
            found[canonicalize_name(package)] = re.split(r"[\s;]", rest.strip())[0]
    return found


CONSTRAINTS, LOCK = pins("constraints.txt"), pins("requirements.lock")


def requirements(*extras: str) -> list[Requirement]:
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    return [Requirement(text) for text in texts]


def test_litellm_is_one_release_everywhere() -> None:
    (asked,) = (each for each in requirements() if each.name == "litellm")
    assert str(asked.specifier) == f"=={LITELLM}"
    assert not asked.extras, "litellm's extras bring its web server"
    assert CONSTRAINTS["litellm"] == LOCK["litellm"] == metadata.version("litellm") == LITELLM


@pytest.mark.parametrize("version", STOLEN)
def test_the_stolen_releases_are_refused(version: str) -> None:
    (asked,) = (each for each in requirements() if each.name == "litellm")
    assert not asked.specifier.contains(version)
    assert version not in (CONSTRAINTS["litellm"], LOCK["litellm"], metadata.version("litellm"))


def test_litellm_brings_no_file_that_python_runs_at_its_start() -> None:
    files = [str(file) for file in metadata.files("litellm") or ()]
    assert len(files) > 100
    assert [file for file in files if file.endswith(".pth")] == []
    assert [
        file for file in files if Path(file).name in ("sitecustomize.py", "usercustomize.py")
    ] == []
    site = Path(str(metadata.distribution("litellm").locate_file("")))
    assert list(site.glob("*litellm*.pth")) == []


def test_nothing_else_in_the_lock_brings_one_either() -> None:
    bringing = {
        name
        for found in metadata.distributions()
        if (name := canonicalize_name(found.metadata["Name"])) in LOCK
        and any(str(file).endswith(".pth") for file in found.files or ())
    }
    # setuptools has had its own for years: it puts its distutils in the place of Python's.
    assert bringing <= {"setuptools"}


def test_every_dependency_is_pinned_inside_its_bounds() -> None:
    for asked in requirements("local", "test"):
        version = CONSTRAINTS[canonicalize_name(asked.name)]
        assert asked.specifier.contains(version), f"{asked} does not allow {version}"
    for asked in requirements("local"):
        assert canonicalize_name(asked.name) in LOCK


def test_every_dependency_has_an_upper_bound() -> None:
    for asked in requirements("local", "test"):
        assert any(each.operator in ("<", "==") for each in asked.specifier), str(asked)


def test_the_lock_and_the_constraints_agree() -> None:
    assert {name: version for name, version in LOCK.items() if name != "pip"} == {
        name: version for name, version in CONSTRAINTS.items() if name in LOCK
    }
    for version in (CONSTRAINTS | LOCK).values():
        assert str(Version(version))


def test_every_line_of_the_lock_has_hashes() -> None:
    entries = (ROOT / "requirements.lock").read_text().replace("\\\n", " ").splitlines()
    entries = [entry for entry in entries if entry and not entry.startswith("#")]
    assert len(entries) == len(LOCK)
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("name", ["constraints.txt", "requirements.lock", "pyproject.toml"])
def test_no_file_names_an_index_or_a_path(name: str) -> None:
    text = (ROOT / name).read_text()
    for line in text.splitlines():
        assert not re.search(r"https?://|file:|^-|--(index|extra-index|find)|/tmp|/home", line), (
            line
        )
