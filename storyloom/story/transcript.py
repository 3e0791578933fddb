"""A story made again of the lines that its log was written out in."""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from storyloom.story import check, file, growth, origins
from storyloom.story.act import text_hash
from storyloom.story.rebuild import gather_steps, project
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["write"]

_AT_ONCE = 200
# The text of a branch that was still being written is in no operation.
_UNFINISHED = """
INSERT INTO rev(id, node, runs, text)
SELECT json_extract(new, '$[2]'), owner, '[]', '' FROM change WHERE key = 'add'
AND json_extract(new, '$[2]') NOT IN (SELECT id FROM rev)
"""


def write(
    path: Path,
    lines: Iterable[dict[str, Any]],
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Create the story `path` of its log's lines as `log.as_json` gives them; return its nodes.

    The story is equal to the one that they are of, hash for hash; what could be undone there can
    be here. `progress` is told how many lines are in. Raises Refusal when a line is none, or the
    log that they give is not sound; no file is left then.
    """
    with file.draft(path) as made:
        with closing(sqlite3.connect(made, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute("BEGIN IMMEDIATE")
            for number, line in enumerate(lines, 1):
                if line.get("seq", number) != number:
                    raise Refusal(
                        f"Line {number} of it is operation {one_line(str(line['seq']))}; "
                        "take all lines of the log, in their order."
                    )
                try:
                    _lay(db, line)
                except (KeyError, ValueError, TypeError, sqlite3.Error) as error:
                    raise Refusal(f"Line {number} of it is no line of a story's log.") from error
                if number % _AT_ONCE == 0:
                    progress(number)
            try:
                db.execute(_UNFINISHED)
                gather_steps(db)
                nodes = project(db)
            except (ValueError, TypeError, LookupError, sqlite3.Error) as error:
                raise Refusal("These lines are not the whole log of a story.") from error
            db.execute("COMMIT")
        _refuse_unsound(made)
        with Story(made) as story:
            growth.recover(story)
    return nodes


def _refuse_unsound(made: Path) -> None:
    faults = check.check_file(made).faults
    if faults:
        raise Refusal(
            f"These lines are not the log of a story as it was written out: {one_line(faults[0])}"
        )


def _lay(db: sqlite3.Connection, line: dict[str, Any]) -> None:
    op = int(line["seq"])
    data = _compact(line["data"])
    head = (op, int(line["t"]), str(line["session"]), str(line["actor"]), str(line["type"]),
            line["reverts"], data, bytes.fromhex(line["hash"]))  # fmt: skip
    db.execute("INSERT INTO op VALUES(?,?,?,?,?,?,?,?)", head)
    db.executemany(
        "INSERT INTO change(op, owner, key, old, new) VALUES(?,?,?,?,?)",
        [(op, *_four(each)) for each in line["changes"]],
    )
    for text in line["texts"]:
        runs = tuple(origins.Run(*run) for run in text["runs"])
        body = str(text["text"])
        db.execute(
            "INSERT INTO rev(id, node, op, hash, runs, text) VALUES(?,?,?,?,?,?)",
            (int(text["rev"]), int(text["node"]), op, text_hash(body), origins.dumped(runs), body),
        )
    for body in cast("dict[str, str]", line["requests"]).items():
        _keep_request(db, *body)
    for each in line["generations"]:
        params = json.dumps(each["params"], sort_keys=True)
        db.execute(
            "INSERT INTO gen(id, op, idx, model, params, request) VALUES(?,?,?,?,?,?)",
            (int(each["gen"]), op, int(each["index"]), str(each["model"]), params,
             bytes.fromhex(each["request"])),
        )  # fmt: skip


def _four(change: list[Any]) -> tuple[int, str, Any, Any]:
    owner, key, old, new = change
    return int(owner), str(key), old, new


def _keep_request(db: sqlite3.Connection, digest: str, body: str) -> None:
    if body and hashlib.sha256(body.encode()).hexdigest() != digest:
        raise ValueError(digest)
    db.execute(
        "INSERT INTO request VALUES(?,?) ON CONFLICT DO UPDATE SET body = excluded.body "
        "WHERE body = x''",
        (bytes.fromhex(digest), zlib.compress(body.encode()) if body else b""),
    )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
