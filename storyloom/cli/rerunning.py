"""The command `rerun`: a recorded story's batches asked for once more."""

import contextlib
import json
import shlex
import sys
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storyloom.cli.growing import until_signal
from storyloom.cli.opening import SUFFIX, node_id, opened, present
from storyloom.cli.parsing import Commands
from storyloom.cli.progress import Bar
from storyloom.cli.terminal import data, is_terminal, json_line, say
from storyloom.text import Refusal, first_words, one_line

if TYPE_CHECKING:
    from storyloom.curate.reruns import Line
    from storyloom.generate.cassette import Cassette
    from storyloom.generate.repeating import Wish
    from storyloom.generate.rerun import Run
    from storyloom.generate.rerun_preview import Preview
    from storyloom.models.client import Client
    from storyloom.settings import Settings
    from storyloom.story.story import Story

__all__ = ["add"]

_MODES = ("siblings", "parallel", "verify")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "rerun",
        "Ask for a recorded story's batches again: of another model, or to compare.",
        "storyloom rerun tide.loom -m openai/gpt-4o-mini",
        "storyloom rerun tide.loom -m openai/gpt-4o-mini --preview",
        "storyloom rerun tide.loom -m local/smollm2 --mode parallel -o tide-2.loom",
        "storyloom rerun tide.loom --mode verify --node n12",
        "storyloom rerun tide.loom --resume r1",
        "storyloom rerun tide.loom -m openai/gpt-4o-mini --cassette",
        more="siblings  sends exactly what was sent to another model; its answers hang beside\n"
        "          the branches of then with the tag run:r1, run:r2 and so on\n"
        "parallel  grows a new story: the same hands and choices, the other model's words\n"
        "verify    sends each model what it was sent, says whether the same comes, and\n"
        "          leaves what came pruned\n"
        "^C stops; what has arrived is kept, and --resume goes on from there. With --cassette\n"
        "the answers of an earlier run are taken, and nothing is sent to anybody.",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("-m", "--model", metavar="MODEL", help="whom to ask; not for verify")
    parser.add_argument("--mode", choices=_MODES, default=None, help="siblings, if nothing is said")
    parser.add_argument("--node", type=node_id, action="append", metavar="ID",
                        help="only what was grown from that node; may be said again")  # fmt: skip
    parser.add_argument("--pruned", action="store_true", help="also what is below pruned passages")
    parser.add_argument("--cap", type=_dollars, metavar="DOLLARS", help="what the run may cost")
    parser.add_argument("-o", "--output", metavar="STORY", help="the new story of --mode parallel")
    parser.add_argument("--cassette", nargs="?", const="", metavar="STORY",
                        help="take recorded answers, of this story or another one")  # fmt: skip
    parser.add_argument("--resume", metavar="RUN", help="go on with a run that was stopped")
    parser.add_argument("--preview", action="store_true", help="say what it would do, and end")
    parser.add_argument("--report", metavar="RUN", help="what a run has brought, beside what was")
    parser.add_argument("--json", action="store_true", help="the report as a line for each branch")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask before money is spent")
    parser.set_defaults(run=_rerun)


def _dollars(value: str) -> float:
    from storyloom.generate.caps import amount

    try:
        dollars = amount(value)
    except Refusal as refusal:
        raise ArgumentTypeError(str(refusal)) from None
    if dollars is None:
        raise ArgumentTypeError("a cap is an amount of dollars such as 0.50")
    return dollars


def _rerun(options: Namespace) -> int:
    from storyloom import settings

    chosen = settings.load()
    if options.report:
        return _report(options)
    output = _output(options)
    # A new story leaves the one of then as it is.
    with opened(options.file, writing=not options.preview and output is None) as story:
        if options.resume and output is not None:
            from storyloom.generate import parallel

            with contextlib.closing(parallel.opened(output, story)) as target:
                wish = _wish(target, options)
                if wish.mode != "parallel":
                    raise Refusal(
                        f"{one_line(options.resume)} grew no new story: leave -o out, and name "
                        f"{one_line(str(output))} as FILE."
                    )
                if options.cassette is None:
                    _fetch(story, chosen, wish)
                return until_signal(_run(story, target, chosen, wish, options))
        wish = _wish(story, options)
        if (wish.mode == "parallel") != (output is not None):
            raise Refusal("--mode parallel grows a new story, which -o names; no other mode does.")
        if output is not None and output.exists():
            raise Refusal(f"{one_line(str(output))} is there already; --resume goes on with it.")
        _ready(story, chosen, wish, options)
        return until_signal(_run(story, None, chosen, wish, options))


def _output(options: Namespace) -> Path | None:
    if options.output is None:
        return None
    path = Path(options.output).expanduser()
    return path if path.suffix or not path.name else path.with_suffix(SUFFIX)


def _wish(story: "Story", options: Namespace) -> "Wish":
    from dataclasses import replace

    from storyloom.generate.repeating import Wish
    from storyloom.generate.rerun_preview import resumed

    if options.resume:
        if options.model or options.mode or options.node or options.pruned:
            raise Refusal("--resume goes on as the run was begun: it takes -o, --cap, --cassette.")
        wish = resumed(story, options.resume)
        return wish if options.cap is None else replace(wish, cap=options.cap)
    mode = options.mode or "siblings"
    if mode == "verify" and options.model:
        raise Refusal("verify asks each model that was asked then, so it takes no -m.")
    if mode != "verify" and not options.model:
        raise Refusal("Name the model that is to be asked, such as -m openai/gpt-4o-mini.")
    return Wish(mode, options.model or "", options.cap, tuple(options.node or ()), options.pruned)


def _ready(story: "Story", settings: "Settings", wish: "Wish", options: Namespace) -> None:
    """Look at the forks that were named, and say of runs that were stopped."""
    from storyloom.generate.rerun_preview import unfinished

    for node in wish.forks:
        present(story, node)
    fresh = wish.mode != "parallel" and not options.resume
    for name in unfinished(story, settings, wish) if fresh else ():
        say(f"{name} was stopped before its end; '--resume {one_line(name)}' goes on with it.")
    if options.cassette is None:
        _fetch(story, settings, wish)


def _fetch(story: "Story", settings: "Settings", wish: "Wish") -> None:
    """Fetch the embedded model when it is to be asked."""
    from storyloom.cli import weights
    from storyloom.models.weights import EMBEDDED
    from storyloom.story import reading

    names = reading.models(story) if wish.mode == "verify" else [wish.model]
    if any(settings.entry(name).model == EMBEDDED for name in names):
        weights.ensure()


async def _run(
    story: "Story",
    target: "Story | None",
    settings: "Settings",
    wish: "Wish",
    options: Namespace,
) -> int:
    """Tell what the run would do, do it, and tell what came. `target` is the story that an earlier
    part of it has grown.
    """
    from storyloom.generate import parallel
    from storyloom.generate.rerun_preview import preview
    from storyloom.generate.rerun_told import foretold

    with contextlib.ExitStack() as stack:
        source = _source(story, target, options.cassette, stack)
        try:
            ahead = await preview(story, source, settings, wish, options.resume or "", target)
            for sentence in foretold(ahead, cassette=options.cassette is not None):
                say(sentence)
            if options.preview or (not ahead.due and target is None):
                return 0 if ahead.due or ahead.done else 1
            # One that goes on may have all its batches, and not yet what is written by hand.
            if ahead.due:
                await _confirm(ahead, options)
            output = _output(options)
            if output is not None and target is None:
                parallel.begun(output, story, wish.model)
                target = stack.enter_context(contextlib.closing(parallel.opened(output, story)))
            return await _watched(_made(story, target, source, settings, ahead), story, output)
        finally:
            await source.close()


def _source(
    story: "Story", target: "Story | None", cassette: str | None, stack: contextlib.ExitStack
) -> "Client | Cassette":
    """Return who is asked: the models, or a cassette of this story, or of the one that is named."""
    from storyloom.generate.cassette import Cassette
    from storyloom.models.client import Client

    if cassette is None:
        return Client()
    if cassette:
        return Cassette(stack.enter_context(opened(cassette)))
    return Cassette(target or story)


async def _confirm(ahead: "Preview", options: Namespace) -> None:
    """Ask a person before money may be spent; a script has said what it wants."""
    if ahead.dollars == 0 or options.yes or not is_terminal(sys.stdin):
        return
    sys.stderr.write("Begin? y/n ")
    sys.stderr.flush()
    if (await _typed()).strip().lower() not in ("y", "yes"):
        raise Refusal("Nothing was sent.")


async def _typed() -> str:
    """Return the next line that a person types; ^C and a signal to end are obeyed meanwhile."""
    import asyncio

    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()


def _made(
    story: "Story",
    target: "Story | None",
    source: "Client | Cassette",
    settings: "Settings",
    ahead: "Preview",
) -> "Run":
    from storyloom.generate.parallel import Regrowth
    from storyloom.generate.rerun import Rerun

    if target is not None:
        return Regrowth(target, story, source, settings, ahead)
    return Rerun(story, source, settings, ahead)


async def _watched(run: "Run", story: "Story", output: Path | None) -> int:
    """Do a run, and tell what has come by its end, however it ends."""
    from storyloom.generate.parallel import Regrowth

    name, whole = run.preview.run, len(run.preview.due)
    other = story if isinstance(run, Regrowth) else None
    try:
        with Bar() as bar:
            run.listen(lambda *_: bar.show(f"Run {name}", run.done, whole))
            await run.run()
    finally:
        _print(_lines(run.story, name, other))
        for note in run.notes if isinstance(run, Regrowth) else ():
            say(f"n{note.node} of the original {note.what}." if note.node else f"{note.what}.")
        _end(run, whole, output)
    return 0 if (run.done or not whole) and not run.halted else 1


def _end(run: "Run", whole: int, output: Path | None) -> None:
    name = run.preview.run
    say(f"{one_line(name)}: {run.done} of {whole} {'batch' if whole == 1 else 'batches'} done.")
    if run.halted:
        say(run.halted)
    # One that has asked for nothing yet is not in the log: it is begun as this one was.
    if (run.logged or run.preview.done) and (run.done < whole or run.failed):
        into = "" if output is None else f" -o {shlex.quote(one_line(str(output)))}"
        say(f"'storyloom rerun FILE --resume {one_line(name)}{into}' asks for what is missing.")
    if run.spent:
        say(f"It cost ${run.spent:.4f}.")


def _report(options: Namespace) -> int:
    from storyloom.curate.reruns import runs

    with contextlib.ExitStack() as stack:
        story = stack.enter_context(opened(options.file))
        output = _output(options)
        other = story if output is not None else None
        if output is not None:
            story = stack.enter_context(opened(str(output)))
        known = runs(story)
        if options.report not in known:
            there = f"it has {', '.join(map(one_line, known))}" if known else "it has none"
            raise Refusal(f"There is no re-run {one_line(options.report)!r} there; {there}.")
        lines = _lines(story, options.report, other)
        if options.json:
            for line in lines:
                json_line(json.dumps(_object(line), ensure_ascii=False))
        else:
            _print(lines)
    return 0 if lines else 1


def _lines(story: "Story", run: str, original: "Story | None") -> "list[Line]":
    from storyloom.curate.reruns import compared

    return compared(story, run, original)


def _object(line: "Line") -> dict[str, Any]:
    return {**line._asdict(), "equal": line.equal}


def _print(lines: "list[Line]") -> None:
    fork = -1
    for line in lines:
        if line.fork != fork:
            fork = line.fork
            data(f"n{fork}" if fork else "the beginning")
        if line.equal:
            how = "equal"
        elif line.alike is not None:
            how = f"{line.alike:.2f}"
        else:
            how = line.fault or "no text"
        data(f"  n{line.original} -> n{line.node}  {how:9} {one_line(line.model)}  "
             f"{first_words(line.now, 40)}")  # fmt: skip
