"""Which characters a terminal shows is what its locale says, not what Python makes of it."""

import os
import subprocess
import sys

import pytest

from storyloom.cli import charset

HERE = "import sys; from storyloom.cli import charset; print(charset.shows_unicode(), end=' '); "
ALL = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(
    ("locale", "shows", "named"),
    [
        ({"LANG": "C.UTF-8"}, True, "LANG=C.UTF-8"),
        ({"LANG": "C.utf8"}, True, "LANG=C.utf8"),
        ({"LANG": "de_DE.UTF-8"}, True, "LANG=de_DE.UTF-8"),
        ({"LANG": "de_DE.UTF-8@euro"}, True, "LANG=de_DE.UTF-8@euro"),
        ({"LC_CTYPE": "UTF-8"}, True, "LC_CTYPE=UTF-8"),
        ({}, False, "no LANG"),
        ({"LANG": ""}, False, "no LANG"),
        ({"LANG": "C"}, False, "LANG=C"),
        ({"LANG": "POSIX"}, False, "LANG=POSIX"),
        ({"LC_ALL": "C", "LANG": "C.UTF-8"}, False, "LC_ALL=C"),
        ({"LC_ALL": "", "LANG": "C.UTF-8"}, True, "LANG=C.UTF-8"),
        ({"LC_CTYPE": "C", "LANG": "C.UTF-8"}, False, "LC_CTYPE=C"),
        ({"LANG": "en_US.ISO-8859-1"}, False, "LANG=en_US.ISO-8859-1"),
        ({"LANG": "de_DE@euro"}, False, "LANG=de_DE@euro"),
        ({"LANG": "ru_RU.KOI8-R", "PYTHONUTF8": "1"}, False, "LANG=ru_RU.KOI8-R"),
        ({"LANG": "C", "PYTHONCOERCECLOCALE": "0"}, False, "LANG=C"),
        ({"LANG": "C.UTF-8", "PYTHONIOENCODING": "latin-1"}, False, "LANG=C.UTF-8"),
    ],
)
def test_the_locale_says_what_is_shown(locale: dict[str, str], shows: bool, named: str) -> None:
    environ = {
        name: value
        for name, value in ALL.items()
        if not name.startswith(("LC_", "LANG", "PYTHONUTF8", "PYTHONCOERCE", "PYTHONIO"))
    }
    ran = subprocess.run(
        [sys.executable, "-c", HERE + "print(charset.names_locale())"],
        env=environ | locale, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == f"{shows} {named}"


@pytest.mark.parametrize(
    ("environ", "shows"), [({"LANG": "C.UTF-8"}, True), ({"LANG": "C"}, False), ({}, False)]
)
def test_without_a_record_of_the_start_the_environment_counts(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], shows: bool
) -> None:
    def nothing(_: object) -> bytes:
        raise FileNotFoundError(2, "No such file")

    monkeypatch.setattr(charset.Path, "read_bytes", nothing)
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert charset._has_utf8(charset._given()) is shows
