"""How much of a story file there is to be verified, and what each part of that costs."""

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping

from storyloom.text import Refusal

__all__ = ["costs", "sizes"]

_SIZES = {
    "page": "PRAGMA page_count",
    "rev": "SELECT max(id) FROM rev",
    "op": "SELECT max(id) FROM op",
    "change": "SELECT max(seq) FROM change",
    "node": "SELECT max(id) FROM node",
    "attr": "SELECT count(*) FROM attr",
    "request": "SELECT count(*) FROM request",
}
_COSTS = {
    "the pages": ("page", 24.0),
    "the references": ("node", 0.8),
    "the texts": ("rev", 8.0),
    "what models were sent": ("request", 50.0),
    "the log": ("op", 58.0),
    "the tables": ("change", 6.4),
    "the tree": ("node", 10.7),
    "what is said of nodes": ("attr", 2.6),
    "the search index": ("rev", 0.5),
}
"""What a part goes through, and microseconds for each row, measured; only their ratio counts."""


def sizes(db: sqlite3.Connection) -> dict[str, int]:
    """Return about how many rows each table has, 1 where that cannot be read."""
    found: dict[str, int] = {}
    for table, query in _SIZES.items():
        found[table] = 1
        with contextlib.suppress(Refusal, ValueError, TypeError):
            found[table] = max(1, int(db.execute(query).fetchone()[0]))
    return found


def costs(parts: Iterable[str], rows: Mapping[str, int]) -> dict[str, float]:
    """Return what each part of a check costs: seconds, on some machine."""
    return {name: rows[_COSTS[name][0]] * _COSTS[name][1] / 1e6 for name in parts}
