"""Rows that no program of ours wrote cost a recovered story themselves, and nothing else."""

from pathlib import Path

import pytest

from storyloom.story.schema import GONE
from tests.story.wrecks import TEXTS, as_it_was, forged, laid, recovered, rows


@pytest.fixture
def target(path: Path) -> Path:
    """Where what is recovered goes."""
    return path.with_name("saved.loom")


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("op", "UPDATE op SET data = CAST(data AS BLOB) WHERE id = 9"),
        ("op", "UPDATE op SET session = x'ff' WHERE id = 9"),
        ("op", "UPDATE op SET data = 'no JSON' WHERE id = 9"),
        ("op", "UPDATE op SET reverts = 9999 WHERE id = 9"),
        ("op", "UPDATE op SET ts = 'noon' WHERE id = 9"),
        ("change", "UPDATE change SET new = CAST(new AS BLOB) WHERE seq = 9"),
        ("change", "UPDATE change SET owner = 'n9' WHERE seq = 9"),
        ("change", "UPDATE change SET key = x'ff' WHERE seq = 9"),
        ("change", "UPDATE change SET new = 'no JSON' WHERE key = 'add' AND owner = 5"),
        ("change", "UPDATE change SET new = '[1,\"a0\",99999,0,null]' WHERE key = 'add'"
         " AND owner = 5"),
        ("change", "UPDATE change SET new = '[5,\"a0\",7,0,null]' WHERE key = 'add' AND owner = 5"),
        ("change", "UPDATE change SET key = 'chapters', new = '[[' WHERE key = 'note'"),
        ("change", "UPDATE change SET new = 'no JSON' WHERE key LIKE 'lore:%'"),
        ("change", "UPDATE change SET new = NULL WHERE key = 'add' AND owner = 5"),
        ("change", "UPDATE change SET new = NULL WHERE key = 'place'"),
        ("change", "UPDATE change SET new = NULL WHERE key = 'rev'"),
        ("change", "UPDATE change SET new = '[1,\"a0\",' || 9e29 || ',0,null]' WHERE owner = 5"
         " AND key = 'add'"),
        ("change", "UPDATE change SET new = '[1,\"a0\",99999999999999999999,0,null]'"
         " WHERE owner = 5 AND key = 'add'"),
        ("gen", "UPDATE gen SET model = x'ff' WHERE id = 1"),
        ("gen", "UPDATE gen SET idx = 'first' WHERE id = 1"),
        ("gen", "UPDATE gen SET request = 'none' WHERE id = 1"),
        ("rev", "UPDATE rev SET runs = 'no JSON' WHERE id = 3"),
        ("rev", "UPDATE rev SET text = CAST(text AS BLOB) WHERE id = 3"),
        ("rev", "UPDATE rev SET node = 77777 WHERE id = 3"),
        ("rev", "UPDATE rev SET hash = NULL WHERE id = 3"),
        ("node", "UPDATE node SET ord = x'ff' WHERE id = 5"),
        ("node", "UPDATE node SET parent = 77777 WHERE id = 5"),
        ("node", "UPDATE node SET flags = 'none' WHERE id = 5"),
        ("request", "UPDATE request SET body = x'00ff'"),
        ("request", "UPDATE request SET body = 'text'"),
        ("undoable", "UPDATE undoable SET session = x'ff'"),
        ("attr", "UPDATE attr SET value = x'ff' WHERE key = 'note'"),
        ("attr", "UPDATE attr SET value = 'no JSON' WHERE key = 'chapters' OR key LIKE 'lore:%'"),
    ],
)  # fmt: skip
def test_one_row_of_nonsense_does_not_keep_the_rest_from_being_saved(
    path: Path, target: Path, table: str, statement: str
) -> None:
    laid(path)
    forged(path, table, statement)
    assert recovered(path, target)


@pytest.mark.parametrize(
    "statement",
    ["parent = 0", "parent = 77777", "parent = 40", "ord = 'Zz'", "flags = 1", "flags = 2",
     "rev = 1"],
)  # fmt: skip
@pytest.mark.parametrize("gone", [True, False])
def test_a_wholly_proven_log_is_believed_and_not_the_tables(
    path: Path, target: Path, gone: bool, statement: str
) -> None:
    sound = laid(path)
    flag = "" if gone else "NOT"
    (node,) = rows(path, f"SELECT max(id) FROM node WHERE {flag} flags & {GONE}")[0]
    forged(path, "node", f"UPDATE node SET {statement} WHERE id = {node}")
    found = recovered(path, target)
    assert found
    assert found.proven == found.ops
    as_it_was(path, sound, target)


def test_a_text_belongs_to_the_node_that_shows_it(path: Path, target: Path) -> None:
    laid(path)
    before = rows(path, TEXTS)
    forged(path, "rev", "UPDATE rev SET node = 77777 WHERE id IN (3, 9)")
    found = recovered(path, target)
    assert found
    assert found.texts_lost == 0
    assert rows(target, TEXTS) == before
