"""How a model's branches come into the tree: placeholders, flushes, ends, recovery.

A batch is one step of the author's, `gen.request`: it adds a node for each branch and stores what
was sent. The text then streams into each node's unfinished revision, which is no history yet, and
one operation of the model's closes it: `gen.result`, `gen.error` or `gen.interrupted`.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from storyloom.story import drawn, origins
from storyloom.story.act import Act
from storyloom.story.drawn import DrawnToken
from storyloom.story.kept import kept, kept_json
from storyloom.story.origins import Runs
from storyloom.story.schema import STREAMING, writable_log
from storyloom.story.shape import keys_at_end
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["Asked", "Earlier", "Placeholder", "Result", "Spent", "between", "count_cost",
           "digest_of", "earlier", "finish", "flush", "keep_tokens", "recover", "request",
           "request_of", "result_of", "spent"]  # fmt: skip

_LARGEST_REQUEST = 64 * 1024 * 1024
_EMBEDDED = "local/"
"""How the names of models begin that run in the program itself and cost nothing."""


@dataclass(frozen=True)
class Asked:
    """What one branch of a batch asks of which model."""

    model: str
    """The name the author knows it by."""
    body: dict[str, Any]
    """The messages or the prompt, exactly as they go out."""
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    vary: str = ""
    """What this branch was told to be other in than those beside it, such as `tone: dry`; kept
    with the parameters, though it is none that is sent.
    """


@dataclass(frozen=True)
class Placeholder:
    """A node that waits for its text."""

    node: int
    rev: int
    gen: int
    asked: Asked


@dataclass(frozen=True)
class Result:
    """How a branch ended."""

    finish: str
    """stop, length, cut_off, empty, stopped, refused, interrupted, or error."""
    say: str = ""
    """The sentence for the author, when it did not end well."""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    """Returned model, provider, tokens, cost and the like; only what is known."""


def request(
    story: Story,
    parent: int,
    asked: list[Asked],
    *,
    why: str = "",
    plan: str = "",
    towards: int = 0,
    sketch: bool = False,
    run: Mapping[str, Any] | None = None,
) -> list[Placeholder]:
    """Add a node below `parent` for each branch, in order, and store what each is sent.

    `towards` is the branch of `parent` that they are to lead to; 0 for none. Those of a `sketch`
    are marked as that. `run` is what a re-run says of itself in the log (see `batches`); its
    branches have the tag `run:` with its `id`.
    """
    data: dict[str, Any] = {"parent": parent, "count": len(asked), "why": why, "plan": plan}
    if towards:
        data["towards"] = towards
    data |= {"sketch": True} if sketch else {}
    data |= {"run": dict(run)} if run else {}
    if not asked:
        raise Refusal("A batch needs at least one model to write.")
    with story.act("gen.request", data=data) as act:
        if parent:
            act.settled(parent)
        placed: list[Placeholder] = []
        for index, (ask, key) in enumerate(
            zip(asked, keys_at_end(act, parent, len(asked)), strict=True)
        ):
            body, digest = _stored(ask.body)
            _keep_body(act, digest, zlib.compress(body))
            vary = {"vary": kept(ask.vary)} if ask.vary else {}
            params = json.dumps(ask.params | vary, sort_keys=True)
            gen = act.generation(index, kept(ask.model), params, digest)
            node = act.add(parent, key, "", flags=STREAMING, gen=gen)
            if sketch:
                act.change(node, "sketch", 1)
            if run:
                act.change(node, f"tag:run:{run['id']}", 1)
            state = act.node(node)
            placed.append(Placeholder(node, state.rev, gen, ask))
        return placed


def digest_of(body: Mapping[str, Any]) -> str:
    """Return the sha256, in hex, by which a story file knows what is sent."""
    return _stored(body)[1].hex()


def _stored(body: Mapping[str, Any]) -> tuple[bytes, bytes]:
    # Escaped, so that even what is no Unicode is stored exactly as it is sent.
    text = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return text, hashlib.sha256(text).digest()


def _keep_body(act: Act, digest: bytes, body: bytes) -> None:
    row = act.db.execute("SELECT length(body) FROM request WHERE hash = ?", (digest,)).fetchone()
    if row is None:
        act.db.execute("INSERT INTO request VALUES(?,?)", (digest, body))
    elif not row[0]:
        # It was purged, and is sent again, or drawn again.
        with writable_log(act.db, "request_no_update"):
            act.db.execute("UPDATE request SET body = ? WHERE hash = ?", (body, digest))


def flush(story: Story, texts: dict[int, str]) -> None:
    """Keep what has streamed in so far: the whole text of each unfinished revision by its id."""
    with story.quick() as db:
        db.executemany(
            "UPDATE rev SET text = ? WHERE id = ? AND op IS NULL",
            [(kept(text), rev) for rev, text in texts.items()],
        )


def finish(
    story: Story,
    branch: Placeholder,
    text: str,
    result: Result,
    tokens: Sequence[DrawnToken] = (),
) -> None:
    """Close a branch with its text. One without any text leaves no node behind, only the log.

    `tokens` are those of the text as it is kept, where they are known. A branch that another
    program took for dead and closed gets what is more now, unless it was changed since.
    """
    kind = "gen.error" if result.finish == "error" else "gen.result"
    if result.finish == "interrupted":
        kind = "gen.interrupted"
    _finish(
        story, branch.node, branch.rev, branch.gen, kept(branch.asked.model), kept(text), result,
        kind, tokens,
    )  # fmt: skip


def _finish(
    story: Story,
    node: int,
    rev: int,
    gen: int,
    model: str,
    text: str,
    result: Result,
    kind: str,
    tokens: Sequence[DrawnToken] = (),
) -> None:
    facts = {"finish": result.finish, **({"say": result.say} if result.say else {}), **result.facts}
    facts = kept_json(facts)
    with story.act(kind, actor="model", data={"gen": gen}) as act:
        runs = origins.whole(text, origins.model_origin(model), gen)
        if act.finished(rev):
            _finish_again(act, node, rev, text, runs, tokens)
        else:
            act.finish(rev, text, runs)
            keep_tokens(act, tokens)
            act.change(node, "streaming", 0)
            if not text.strip():
                act.change(node, "gone", 1)
        act.change(node, "result", json.dumps(facts, ensure_ascii=False, separators=(",", ":")))
        count_cost(act, facts.get("cost"), wrote=bool(text))


def keep_tokens(act: Act, tokens: Sequence[DrawnToken]) -> None:
    """Keep the tokens of the one text that an act finishes, which then names them."""
    if tokens:
        body = drawn.dumped(tokens)
        digest = drawn.digest(body)
        _keep_body(act, digest, zlib.compress(body))
        act.data["drawn"] = digest.hex()


def _finish_again(
    act: Act, node: int, rev: int, text: str, runs: Runs, tokens: Sequence[DrawnToken]
) -> None:
    before, _ = act.text(rev)
    state = act.tables.node(node)
    if before == text or state is None:
        return
    revised = act.revise(node, text, runs)
    keep_tokens(act, tokens)
    if state.rev == rev:
        act.change(node, "rev", revised)
        if not before.strip():
            act.change(node, "gone", 0)


def count_cost(act: Act, cost: object, *, wrote: bool) -> None:
    """Add what a call cost to the story's running total; one of unknown price is only counted, and
    only when it `wrote` something.
    """
    if isinstance(cost, int | float):
        before = int(act.tables.attribute(0, "spent") or 0)
        act.change(0, "spent", before + round(cost * 1e9))
    elif wrote:
        act.change(0, "unpriced", int(act.tables.attribute(0, "unpriced") or 0) + 1)


class Spent(NamedTuple):
    """What a story's generations cost, pruned and undone ones too."""

    dollars: float
    unpriced: int
    """Branches with text whose price is not known, and is not in `dollars`."""


def spent(story: Story) -> Spent:
    """Return what the story's generations have cost so far."""
    rows = story.read.execute(
        "SELECT key, value FROM attr WHERE owner = 0 AND key IN ('spent', 'unpriced')"
    ).fetchall()
    found = dict(rows)
    return Spent(found.get("spent", 0) / 1e9, found.get("unpriced", 0))


def recover(story: Story) -> list[int]:
    """Close the branches that a program which is no more left open; return their nodes.

    Each keeps the text that had arrived and is marked interrupted. A branch that another program
    is writing right now is left alone.
    """
    if story.readonly:
        return []
    rows = story.read.execute(
        "SELECT node.id, node.rev, gen.id, gen.model, op.session, rev.text FROM node "
        "JOIN gen ON gen.id = node.gen JOIN op ON op.id = gen.op JOIN rev ON rev.id = node.rev "
        f"WHERE node.flags & {STREAMING}"
    ).fetchall()
    recovered: list[int] = []
    for node, rev, gen, model, session, text in rows:
        if story.session_alive(session):
            continue
        say = "The program ended while this was being written; what had arrived is kept."
        facts = {"cost": 0.0} if model.startswith(_EMBEDDED) else {}
        result = Result("interrupted", say, facts)
        _finish(story, node, rev, gen, model, text, result, "gen.interrupted")
        recovered.append(node)
    return recovered


def request_of(story: Story, gen: int) -> dict[str, Any]:
    """Return the messages or prompt that a generation was sent; empty when unknown or purged."""
    row = story.read.execute(
        "SELECT body FROM request JOIN gen ON gen.request = request.hash WHERE gen.id = ?", (gen,)
    ).fetchone()
    if row is None or not row[0]:
        return {}
    # Bounded, as a file from elsewhere may hold a few bytes that unpack to more than the memory.
    return json.loads(zlib.decompressobj().decompress(row[0], _LARGEST_REQUEST))


def between(story: Story, node: int) -> tuple[int, int] | None:
    """Return the two nodes that a passage was written to lie between; None where it was not."""
    row = story.read.execute(
        "SELECT json_extract(op.data, '$.parent'), json_extract(op.data, '$.towards') FROM node "
        "JOIN gen ON gen.id = node.gen JOIN op ON op.id = gen.op "
        "WHERE node.id = ? AND json_valid(op.data)",
        (node,),
    ).fetchone()
    if row is None or not all(isinstance(each, int) and each > 0 for each in row):
        return None
    return int(row[0]), int(row[1])


class Earlier(NamedTuple):
    """What a branch was asked for."""

    parent: int
    asked: Asked
    why: str
    towards: int
    """The branch that it was to lead to; 0 for one that only goes on."""
    sketch: bool


def earlier(story: Story, node: int) -> Earlier:
    """Return what a branch was asked for, also one that brought no text and so is no passage.

    Raises Refusal when no model was asked for it, it is still being written, or what was sent was
    purged.
    """
    row = story.read.execute(
        "SELECT node.parent, node.flags, gen.id, gen.model, gen.params, op.data FROM node "
        "LEFT JOIN gen ON gen.id = node.gen LEFT JOIN op ON op.id = gen.op WHERE node.id = ?",
        (node,),
    ).fetchone()
    if row is None:
        raise Refusal(f"There is no node n{node} in this story.")
    parent, flags, gen, model, params, data = row
    if gen is None:
        raise Refusal(f"No model was asked for n{node}, so there is nothing to ask again.")
    if flags & STREAMING:
        raise Refusal(f"n{node} is still being written.")
    body = request_of(story, gen)
    if not body:
        raise Refusal(f"What n{node} was asked with was purged; grow its fork anew.")
    said = json.loads(data)
    sampled = json.loads(params)
    asked = Asked(model, body, sampled, str(sampled.pop("vary", "")))
    why, towards = said.get("why"), said.get("towards")
    return Earlier(
        parent,
        asked,
        why if isinstance(why, str) else "",
        towards if isinstance(towards, int) else 0,
        bool(said.get("sketch")),
    )


def result_of(story: Story, node: int) -> dict[str, Any]:
    """Return how a node's generation ended: finish, say, tokens, cost; empty for a human's node."""
    row = story.read.execute(
        "SELECT value FROM attr WHERE owner = ? AND key = 'result'", (node,)
    ).fetchone()
    return json.loads(row[0]) if row else {}
