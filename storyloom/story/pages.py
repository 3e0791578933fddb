"""Rows found in the raw pages of an SQLite file, when what leads to them is damaged.

Every leaf of a table's tree is a page that tells by itself which rows it holds. The format is that
of https://www.sqlite.org/fileformat2.html (sections 1.6 and 2.1): cells of a length, a row id and
a record, whose rest may lie in a chain of overflow pages. Which table a row is of is told from
what it holds. Pages that are no longer used may hold rows as they were earlier.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

__all__ = ["Found", "fits", "found"]

Found: TypeAlias = "tuple[str, tuple[Any, ...]]"
"""The name of a table, and a row of it: its row id, then the other columns in their order."""

_TABLE_LEAF = 0x0D
_LARGEST = 64 * 1024 * 1024
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Bytes of an integer by its serial type."""


def found(path: Path) -> Iterator[Found]:
    """Yield the rows of the log's tables and of `node` that lie in any page of the file."""
    with open(path, "rb") as source:
        size = _page_size(source.read(18))
        page = b""
        number = 0
        while True:
            source.seek(number * size)
            page = source.read(size)
            number += 1
            if len(page) < size:
                return
            start = 100 if number == 1 else 0
            if page[start] == _TABLE_LEAF:
                yield from _rows(source, page, start)


def _page_size(header: bytes) -> int:
    size = int.from_bytes(header[16:18], "big")
    sound = header.startswith(b"SQLite format 3\0") and size in [2**n for n in range(9, 16)]
    # One stands for the largest; what is damaged is taken for the usual size.
    return 65536 if header[16:18] == b"\0\1" else size if sound else 4096


def _rows(source: BinaryIO, page: bytes, start: int) -> Iterator[Found]:
    cells = int.from_bytes(page[start + 3 : start + 5], "big")
    for cell in range(min(cells, len(page) // 4)):
        at = start + 8 + 2 * cell
        try:
            row = _row(source, page, int.from_bytes(page[at : at + 2], "big"))
        except (IndexError, ValueError, struct.error):
            continue
        table = _table(row)
        if table is not None:
            yield table, row


def _row(source: BinaryIO, page: bytes, at: int) -> tuple[Any, ...]:
    length, at = _number(page, at)
    rowid, at = _number(page, at)
    if not 0 < length <= _LARGEST:
        raise ValueError
    record = _payload(source, page, at, length)
    end, at = _number(record, 0)
    kinds: list[int] = []
    while at < end:
        kind, at = _number(record, at)
        kinds.append(kind)
    values: list[Any] = []
    for kind in kinds:
        value, at = _value(record, at, kind)
        values.append(value)
    # A table's own key is its row id, and nothing stands in its column.
    return (_signed(rowid), *values[1:])


def _payload(source: BinaryIO, page: bytes, at: int, length: int) -> bytes:
    size = len(page)
    if length <= size - 35:
        return page[at : at + length]
    least = (size - 12) * 32 // 255 - 23
    local = least + (length - least) % (size - 4)
    if local > size - 35:
        local = least
    parts = [page[at : at + local]]
    passed: set[int] = set()
    following = int.from_bytes(page[at + local : at + local + 4], "big")
    missing = length - local
    while missing > 0:
        # Damage may lead round in a circle.
        if not following or following in passed:
            raise ValueError
        passed.add(following)
        source.seek((following - 1) * size)
        overflow = source.read(size)
        if len(overflow) < size:
            raise ValueError
        following = int.from_bytes(overflow[:4], "big")
        parts.append(overflow[4 : 4 + min(missing, size - 4)])
        missing -= size - 4
    return b"".join(parts)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where it ends."""
    number = 0
    for count in range(8):
        byte = data[at + count]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, at + count + 1
    return number << 8 | data[at + 8], at + 9


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number


def _value(record: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind == 7:
        return struct.unpack(">d", record[at : at + 8])[0], at + 8
    length = _INTEGERS.get(kind) or (kind - 12) // 2
    if kind in (10, 11) or at + length > len(record):
        raise ValueError
    data = record[at : at + length]
    if kind < 7:
        return int.from_bytes(data, "big", signed=True), at + length
    return (data.decode() if kind % 2 else data), at + length


_NUMBER, _TEXT, _HASH, _VALUE = (int,), (str,), (bytes,), (int, float, str, type(None))
_PERHAPS, _PERHAPS_HASH = (int, type(None)), (bytes, type(None))
_SHAPES: dict[str, tuple[tuple[type, ...], ...]] = {
    "op": (_NUMBER, _TEXT, _TEXT, _TEXT, _PERHAPS, _TEXT, _HASH),
    "rev": (_NUMBER, _PERHAPS, _PERHAPS_HASH, _TEXT, _TEXT),
    "gen": (_NUMBER, _NUMBER, _TEXT, _TEXT, _HASH),
    "change": (_NUMBER, _NUMBER, _TEXT, _VALUE, _VALUE),
    "node": (_NUMBER, _TEXT, _NUMBER, _PERHAPS, _NUMBER, _NUMBER),
}


def fits(table: str, row: tuple[Any, ...]) -> bool:
    """Whether a row, its id first, could be one of that table."""
    shape = _SHAPES[table]
    return len(row) == len(shape) + 1 and all(
        isinstance(value, kinds) for value, kinds in zip(row[1:], shape, strict=True)
    )


def _table(row: tuple[Any, ...]) -> str | None:
    return next((table for table in _SHAPES if fits(table, row)), None)
