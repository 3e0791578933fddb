"""Whether this machine can run the embedded model, asked before anything is fetched or started."""

import platform
import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["obstacle"]

_CPUINFO = Path("/proc/cpuinfo")


def obstacle(cpuinfo: Path = _CPUINFO) -> str | None:
    """Return the sentence that says why the embedded model cannot run here, or None when it can.

    Loads nothing: a processor without AVX2 would end the whole process at the first token, and a
    missing system library shows only on import, which the engine's own process tries.
    """
    if find_spec("xllamacpp") is None:
        return (
            "The embedded model needs the package xllamacpp, which is not installed: "
            "install storyloom[local], or use another model."
        )
    if not _has_avx2(cpuinfo):
        return (
            "The embedded model needs a processor with AVX2, which this one lacks: "
            "use another model, by a key or on a server of your own."
        )
    return None


def _has_avx2(cpuinfo: Path) -> bool:
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        # Every Intel Mac that runs a supported system has AVX2; ARM does without.
        return True
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    flags = [line for line in text.splitlines() if line.startswith("flags")]
    return not flags or "avx2" in flags[0].split()
