"""Measures what it costs to tell which lore entries fire at the end of a long strand.

    python -m benchmarks.lore [ENTRIES ...] [--nodes N] [--keys K]

Milliseconds are CPU of this process, the least of several runs. "plain" is one search for each key
in the same 2,000 characters by Python's own `re`, compiled before; the lore's own search also reads
the entries and the strand from the file, looks through what fired, and counts its tokens.
"""

import argparse
import random
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.stories import build
from storyloom.generate.firing import firings
from storyloom.settings import Settings
from storyloom.story import lore, reading
from storyloom.story.story import Story

KINDS = ("words", "parts of words", "regexes", "regexes that never end")


def least(work: Callable[[], object], times: int) -> float:
    """Return the milliseconds of CPU that `work` takes, the least of several runs."""
    taken: list[float] = []
    for _ in range(times):
        began = time.process_time_ns()
        work()
        taken.append((time.process_time_ns() - began) / 1e6)
    return min(taken)


def entry(numbers: random.Random, words: list[str], kind: str, keys: int) -> lore.Entry:
    """Return an entry of 40 words; one key in a thousand is in the story."""
    chosen = [
        numbers.choice(words) if numbers.random() < 0.001 else f"zz{numbers.randrange(10**6)}"
        for _ in range(keys)
    ]
    if kind == "regexes":
        chosen = [rf"/\b{key}s?\b/i" for key in chosen]
    if kind == "regexes that never end":
        chosen = [rf"/^(\w|\w\w|\W)+\d{{5}}$(?#{key})/" for key in chosen]
    content = " ".join(f"said{numbers.randrange(10**6)}" for _ in range(40))
    return {"content": content, "keys": chosen, "whole_words": kind != "parts of words"}


def measured(path: Path, node: int, entries: int, keys: int, kind: str) -> str:
    """Return a row of the table."""
    numbers = random.Random(f"{entries} {keys} {kind}")
    with Story(path) as story:
        strand = reading.strand_text(story, node, least=2_000)[-2_000:]
        words = re.findall(r"\w{4,}", strand)
        made = {f"{number}": entry(numbers, words, kind, keys) for number in range(1, entries + 1)}
        for uid, each in made.items():
            lore.set_entry(story, each, uid)
        found = firings(story, Settings(), node)
        taken = least(lambda: firings(story, Settings(), node), 5)
    patterns = [re.compile(rf"(?<!\w){re.escape(key)}(?!\w)") for each in made.values()
                for key in each["keys"]]  # fmt: skip
    plain = least(lambda: [pattern.search(strand) for pattern in patterns], 3)
    fires = sum(each.fires for each in found)
    return f"| {entries:,} | {keys} | {kind} | {fires} | **{taken:.1f}** | {plain:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", nargs="*", type=int, default=[30, 1_000])
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--keys", type=int, default=10)
    options = parser.parse_args()
    print("| entries | keys each | kind | fire | CPU ms | plain |")
    print("| --- | --- | --- | --- | --- | --- |")
    for entries in options.entries:
        for kind in KINDS:
            with tempfile.TemporaryDirectory() as folder:
                built = build(Path(folder, "lore.loom"), options.nodes, "spine")
                print(measured(built.path, built.deepest, entries, options.keys, kind), flush=True)


if __name__ == "__main__":
    main()
