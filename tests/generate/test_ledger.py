"""The day's ledger: kept by several programs at once, and spoilt by nothing that lies in it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.generate import ledger

NOON = time.mktime((2026, 11, 26, 12, 0, 0, 0, 0, -1))
HOUR = 3600


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the ledger is."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return ledger.path()


def test_a_day_begins_at_midnight_of_the_place() -> None:
    assert ledger.today(NOON) == 0.0
    ledger.add(1.0, NOON - 12.5 * HOUR)
    ledger.add(0.5, NOON - 11.5 * HOUR)
    ledger.add(0.25, NOON)
    assert ledger.today(NOON) == 0.75
    assert ledger.today(NOON + 24 * HOUR) == 0.0


def test_what_was_held_and_not_spent_is_given_back() -> None:
    ledger.add(0.5, NOON)
    ledger.add(-0.375, NOON)
    assert ledger.today(NOON) == 0.125
    ledger.add(-1.0, NOON)
    assert ledger.today(NOON) == 0.0


def test_it_says_nothing_of_any_story_and_only_its_owner_may_read_it(file: Path) -> None:
    ledger.add(0.5, NOON)
    assert file.read_text() == f"\n{NOON:.3f} 0.500000000\n"
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "spoilt",
    [b"17956", b"\x00\xff\xfe garbage \x1b]52;c;x\x07", b"nan nan\n", b"1e999 1e999\n", b"inf inf",
     f"{NOON} 1e300\n".encode(), f"{NOON} ".encode(), f"{NOON} 5".encode() + b"0" * 90],
)  # fmt: skip
def test_half_a_line_or_nonsense_spoils_no_other(file: Path, spoilt: bytes) -> None:
    ledger.add(0.5, NOON)
    with open(file, "ab") as out:
        out.write(spoilt)
    ledger.add(0.25, NOON)
    assert ledger.today(NOON) == 0.75


def test_only_the_end_of_a_long_one_is_read(file: Path) -> None:
    paths.made(file.parent)
    file.write_bytes(b"\n1000000000.000 9.000000000\n" * 50_000)
    ledger.add(0.5, NOON)
    assert ledger.today(NOON) == 0.5


def test_programs_that_write_at_once_lose_no_line() -> None:
    code = "import time, sys; from storyloom.generate import ledger\n" \
           "for _ in range(300): ledger.add(0.001, float(sys.argv[1]))"  # fmt: skip
    running = [subprocess.Popen([sys.executable, "-c", code, str(NOON)]) for _ in range(4)]
    assert [each.wait(120) for each in running] == [0] * 4
    assert ledger.today(NOON) == pytest.approx(1.2)


def test_a_disk_that_cannot_be_written_to_keeps_nobody_from_writing(file: Path) -> None:
    paths.made(file.parent)
    file.mkdir()
    ledger.add(0.5, NOON)
    assert ledger.today(NOON) == 0.0
