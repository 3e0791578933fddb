"""Whose the characters of some texts are, by the revisions that the texts have."""

import json
import sqlite3
from collections.abc import Iterable

from storyloom.story import origins

__all__ = ["whose"]


def whose(db: sqlite3.Connection, revisions: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return for each revision how many code points each origin has; one that is not there has
    none.
    """
    rows = db.execute(
        "SELECT rev.id, rev.runs FROM json_each(?) AS wanted "
        "CROSS JOIN rev ON rev.id = wanted.value",
        (json.dumps(list(revisions)),),
    )
    return {rev: origins.by_origin(origins.loaded(runs)) for rev, runs in rows}
