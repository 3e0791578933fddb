"""Commands that keep a story file safe: check, backup, recover."""

import time
from argparse import Namespace
from pathlib import Path

from storyloom.cli.opening import SUFFIX, existing, say_of_large
from storyloom.cli.parsing import Commands
from storyloom.cli.progress import Bar
from storyloom.cli.terminal import can_draw, counted, data, say
from storyloom.text import Refusal, one_line

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    check = commands.add(
        "check",
        "Verify story files: their integrity, the log's chain, every text.",
        "storyloom check tide.loom",
        "storyloom check drafts/*.loom",
        "storyloom check tide.loom --rebuild -o new.loom",
        more="Nothing is changed. The exit code is 1 when something is wrong. --rebuild writes a\n"
        "new file whose tables are made again from the log, if the log is sound.",
    )
    check.add_argument("files", metavar="FILE", nargs="+")
    check.add_argument("--rebuild", action="store_true", help="make the tables again, elsewhere")
    check.add_argument("-o", "--output", metavar="OUT", help="default: NAME-rebuilt.loom beside it")
    check.set_defaults(run=_check)
    backup = commands.add(
        "backup",
        "Copy a story as it is at this moment; the copy's name is printed.",
        "storyloom backup tide.loom",
        "storyloom backup tide.loom -o /mnt/stick",
        more="Other programs may have the story open meanwhile. Nothing is replaced.",
    )
    backup.add_argument("file", metavar="FILE")
    backup.add_argument(
        "-o", "--output", metavar="OUT", help="file or folder; default: NAME-DATE.loom beside it"
    )
    backup.set_defaults(run=_backup)
    recover = commands.add(
        "recover",
        "Save what the log of a damaged story still proves, into a new file.",
        "storyloom recover tide.loom",
        more="The damaged file is not touched. The new file's name is printed.",
    )
    recover.add_argument("file", metavar="FILE")
    recover.add_argument(
        "-o", "--output", metavar="OUT", help="default: NAME-recovered.loom beside it"
    )
    recover.set_defaults(run=_recover)


def _check(options: Namespace) -> int:
    if options.output is not None and not options.rebuild:
        raise Refusal("-o says where --rebuild writes to; leave it out, or say --rebuild.")
    if options.rebuild:
        if len(options.files) > 1:
            raise Refusal("--rebuild takes one file at a time.")
        return _rebuild(options.files[0], options.output)
    return max(_checked(name) for name in options.files)


def _checked(name: str) -> int:
    """Check one file, print what was found, and return 1 when something is wrong."""
    path = existing(name)
    try:
        return _told(path, name)
    except Refusal as refusal:
        data(_of(path, name, str(refusal)))
        return 1


def _told(path: Path, name: str) -> int:
    """Check a file as `_checked` does. Raises Refusal when it cannot be opened."""
    from storyloom.story.check import check_file

    shown = one_line(name)
    _say_of_large(path, f"Checking {shown}; it is large, so this takes a while.")
    with Bar() as bar:
        report = check_file(path, lambda part: bar.part(f"checking {shown}", part))
    for fault in report.faults:
        data(_of(path, name, fault))
    found = ((report.ops, "operation"), (report.nodes, "node"), (report.texts, "text"))
    counts = ", ".join(counted(*each) for each in found)
    if report.faults:
        say(f"{shown}: {counted(len(report.faults), 'fault')} ({counts}).")
        if report.ops:
            say(f"'storyloom recover {shown}' saves what its log still proves.")
    else:
        data(f"{shown}: all is well ({counts}).")
    if report.erased:
        many = counted(report.erased, "operation")
        data(f"{shown}: {many} cannot be verified word for word, as those words were purged.")
    return int(bool(report.faults))


def _of(path: Path, name: str, sentence: str) -> str:
    """Return a sentence on a file, with the file's name where it does not name it."""
    named = one_line(name) in one_line(sentence) or one_line(str(path)) in one_line(sentence)
    return one_line(sentence) if named else f"{one_line(name)}: {one_line(sentence)}"


def _rebuild(name: str, output: str | None) -> int:
    from storyloom.story.file import is_current
    from storyloom.story.rebuild import rebuild

    path = existing(name)
    # What is no story at all is refused before anything is said of it.
    is_current(path)
    target = _target(path, output, "-rebuilt")
    _told(path, name)
    _say_of_large(path, "Making its tables again from its log; that takes a while too.")
    with Bar() as bar:
        nodes = rebuild(path, target, lambda part: bar.part("making its tables again", part))
    # All tables but the log are new, so what is wrong now is wrong in the log.
    if _is_faulty(target):
        target.unlink(missing_ok=True)
        raise Refusal(
            f"The log of {one_line(name)} is faulty itself, so nothing can be made from it as it "
            f"is; 'storyloom recover {one_line(name)}' saves what it still proves."
        )
    say(f"The tables of {counted(nodes, 'node')} are made again.")
    data(one_line(str(target)))
    return 0


def _is_faulty(made: Path) -> bool:
    """Whether a new file is no sound story; one that is not checked to its end does not stay."""
    from storyloom.story.check import check_file

    try:
        with Bar() as bar:
            report = check_file(made, lambda part: bar.part("checking what was made", part))
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    return bool(report.faults)


def _say_of_large(path: Path, sentence: str) -> None:
    """Say what takes long, where no bar is to be seen that says it better."""
    if not can_draw():
        say_of_large(path, sentence)


def _backup(options: Namespace) -> int:
    from storyloom.story import rebuild

    path = existing(options.file)
    target = _target(path, options.output, time.strftime("-%Y-%m-%d"))
    shown = one_line(options.file)
    _say_of_large(path, f"Copying {shown}; it is large, so this takes a while.")
    with Bar() as bar:
        rebuild.back_up(path, target, lambda part: bar.part(f"copying {shown}", part))
    data(one_line(str(target)))
    return 0


def _recover(options: Namespace) -> int:
    from storyloom.story.recovery import recover

    path = existing(options.file)
    target = _target(path, options.output, "-recovered")
    say_of_large(path, f"Reading {one_line(options.file)}; it is large, so this takes a while.")
    found = recover(path, target)
    say(
        f"Saved: {counted(found.nodes, 'node')}. Of {counted(found.ops, 'operation')} that could "
        f"be read, the log's chain proves {found.proven}; the others are kept as they were read."
    )
    if found.ops_lost or found.texts_lost:
        lost = (counted(found.ops_lost, "operation"), counted(found.texts_lost, "text"))
        say(f"Lost: {', '.join(lost)}.")
    data(one_line(str(target)))
    if found.texts_lost >= found.nodes:
        say("Not one text could be saved.")
        return 1
    return 0


def _target(path: Path, output: str | None, added: str) -> Path:
    """Return where a new file is written: as said, else beside `path` under a name that is free."""
    if output is not None and "\0" in output:
        raise Refusal("A file's name cannot hold a NUL character.")
    given = Path(output).expanduser() if output is not None else path.parent
    if output is not None and not given.is_dir():
        return given
    target = given / f"{path.stem}{added}{SUFFIX}"
    number = 1
    while target.exists():
        number += 1
        target = given / f"{path.stem}{added}-{number}{SUFFIX}"
    return target
