"""Where an export is written: names made of titles, and files that are whole or not there."""

import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from storyloom.text import Refusal, one_line

__all__ = ["refuse_taken", "slug", "write_new"]

_LONGEST = 60


def slug(title: str) -> str:
    """Return a file name made of `title`: a-z, 0-9 and hyphens only, at most 60 of them."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"'", "", plain)
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].rstrip("-") or "story"


def refuse_taken(path: Path) -> None:
    """Raise Refusal when there is something of that name already."""
    if os.path.lexists(path):
        raise Refusal(_taken(one_line(str(path))))


def write_new(path: Path, text: str | Iterable[str], *, replace: bool = False) -> None:
    """Write `text`, or its parts in their order, as UTF-8 to a file that is whole as soon as it has
    its name. What making a part raises leaves nothing behind.

    Raises Refusal when there is something of that name already, unless `replace`, or when it
    cannot be written.
    """
    name = one_line(str(path))
    if path.is_dir():
        raise Refusal(f"{name} is a folder; name a file in it.")
    if not replace:
        refuse_taken(path)
    draft: Path | None = None
    try:
        handle, drafted = tempfile.mkstemp(prefix=".storyloom-", dir=path.parent)
        draft = Path(drafted)
        with open(handle, "w", encoding="utf-8", newline="\n", errors="replace") as out:
            out.writelines((text,) if isinstance(text, str) else text)
            out.flush()
            os.fsync(out.fileno())
        # An export is made to be passed on, so it gets the rights that other new files get.
        draft.chmod(0o666 & ~_umask())
        _put(draft, path, replace=replace)
    except FileExistsError:
        raise Refusal(_taken(name)) from None
    except OSError as error:
        raise Refusal(f"{name} cannot be written: {error.strerror or error}.") from error
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


def _put(draft: Path, path: Path, *, replace: bool) -> None:
    if replace:
        # Through a link, so that a file kept elsewhere is the one that changes.
        os.replace(draft, path.resolve())
        return
    try:
        # A link is made only where there is nothing yet; renaming would replace what is there.
        os.link(draft, path)
        return
    except FileExistsError:
        raise
    except OSError:
        # A file system without links: the name is taken first, so nothing is replaced.
        pass
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    os.replace(draft, path)


def _taken(name: str) -> str:
    return f"{name} is there already; choose another name, or say --force to replace it."


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
