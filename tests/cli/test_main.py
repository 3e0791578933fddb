"""The command line as a whole: help, refusals, exit codes."""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom import __version__
from storyloom.cli import catalog
from storyloom.cli.main import grammar, main
from tests.cli.conftest import Run

HEAVY = ("litellm", "tiktoken", "textual", "sqlite_utils", "xllamacpp", "asyncio", "rich")


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every command with its parser, those of a command's own commands too."""

    def below(name: str, parser: argparse.ArgumentParser) -> Iterator:  # type: ignore[type-arg]
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for verb, each in action.choices.items():
                    yield f"{name} {verb}".strip(), each
                    yield from below(f"{name} {verb}".strip(), each)

    yield from below("", grammar()[0])


COMMANDS = dict(commands())


def run_process(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "storyloom", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        **options,  # type: ignore[call-overload]
    )


def test_help_has_every_command_and_examples(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    assert not ran.err
    for name in COMMANDS:
        if " " not in name:
            assert re.search(rf"^    {name} ", ran.out, re.MULTILINE), name
        assert len(re.findall(rf"^    {name} ", ran.out, re.MULTILINE)) <= 1
    assert "storyloom try" in ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_fits_a_terminal(run: Run, name: str) -> None:
    ran = run(*name.split(), "--help")
    assert ran.code == 0
    assert COMMANDS[name].description
    assert max(map(len, ran.out.splitlines())) <= 96


@pytest.mark.parametrize("name", [*COMMANDS, ""])
def test_every_example_is_a_command(name: str) -> None:
    parser, known = grammar()
    epilog = COMMANDS[name].epilog if name else parser.epilog
    for line in re.findall(r"^  (.*storyloom .*)$", epilog or "", re.MULTILINE):
        words = shlex.split(re.split(r"\s{3,}", line.rpartition("storyloom ")[2])[0])
        for sign in ("|", ">"):
            if sign in words:
                words = words[: words.index(sign)]
        if not words[0].endswith(".loom"):
            parser.parse_args(known.completed(words))


def test_each_command_is_made_by_the_module_it_is_said_to_be() -> None:
    assert set(grammar()[1].names) == set(catalog.MODULES)
    for name in catalog.MODULES:
        assert name in grammar((name,))[1].names


def test_help_and_a_command_load_no_other_command(tide: str) -> None:
    program = (
        "import sys; from storyloom.cli.main import main\nmain(sys.argv[1:])\n"
        "print(*sorted({'growing', 'models', 'node', 'stories'} & "
        "{n.removeprefix('storyloom.cli.') for n in sys.modules}), file=sys.stderr)"
    )
    for arguments, loaded in ((["--help"], ""), (["tree", tide], "stories")):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True
        )
        assert done.stderr == f"{loaded}\n"


def test_the_version(run: Run) -> None:
    assert run("--version").out == f"storyloom {__version__}\n"


WRONG = [
    (["grwo", "tide.loom"], "There is no command 'grwo'; did you mean 'grow'?"),
    (["grwo"], "no story and no command 'grwo'; did you mean 'grow'?"),
    (["nothing.loom"], "There is no file nothing.loom"),
    (["tree", "nothing.loom"], "There is no file nothing.loom"),
    (["tree"], "required: FILE"),
    (["tree", "."], "is a folder"),
    (["tree", "a\0b"], "NUL"),
    (["prune", "x.loom", "--node", "zz"], "'zz' is not a node; nodes are written n12 or 12"),
    (["prune", "x.loom", "--node", "n0"], "'n0' is not a node"),
    (["prune", "x.loom", "--node", "²"], "is not a node"),
    (["tree", "x.loom", "--ful"], "Unrecognized arguments: --ful"),
    (["tree", "x.loom", "--zork\x1b[31m"], "--zork␛[31m"),
    (["tree", "\x1b[31m.loom"], "␛[31m.loom"),
    (["plan"], "show|set|clear|save"),
    (["--", "a", "b"], "There is no command"),
    (["--zork"], "Unrecognized arguments: --zork"),
    (["-"], "There is no file -"),
    (["grow", "x.loom", "--api-key", "sk-very-secret"], "A key is never an option"),
    (["grow", "x.loom", "--api-key=sk-very-secret"], "A key is never an option"),
    (["undo", "x.loom", "-n", "-3"], "-n"),
    (["undo", "x.loom", "-n", "0"], "1 or more"),
    (["undo", "x.loom", "-n", "100001"], "100000 or less"),
    (["node"], "required: VERB"),
    (["node", "grwo"], "invalid choice: 'grwo'"),
    (["node", "show", "x.loom"], "required: --node"),
    (["node", "show", "nothing.loom", "--node", "1"], "There is no file nothing.loom"),
    (["find", "x.loom"], "required: WORDS"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_bad_input_is_one_sentence_and_exit_code_2(
    run: Run, arguments: list[str], said: str
) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("storyloom: ")
    assert ran.err.count("\n") == 1
    assert said in ran.err
    assert "\x1b" not in ran.err
    assert "sk-very-secret" not in ran.err


@pytest.mark.parametrize("term", ["xterm", "dumb", ""])
def test_the_screens_need_a_terminal(
    run: Run, tide: str, monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    monkeypatch.setenv("TERM", term)
    for arguments in ((), (tide,), ("tide",), ("--", tide)):
        ran = run(*arguments)
        assert ran.code == 2
        assert "needs a terminal" in ran.err
        assert ran.err.count("\n") == 1


def test_a_story_in_the_library_opens_by_its_name(run: Run, tmp_path: Path) -> None:
    saves = tmp_path / "home" / "storyloom" / "saves"
    saves.mkdir(parents=True)
    run("new", str(saves / "tide.loom"), "--opening", "The tide went out.")
    assert "The tide went out." in run("tree", "tide").out
    assert "The tide went out." in run("tree", "tide.loom").out
    assert run("tree", "./tide").code == 2


def test_settings_that_are_wrong_are_a_sentence(run: Run, tide: str, tmp_path: Path) -> None:
    config = tmp_path / "config" / "storyloom" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("themes = 1\n")
    ran = run("grow", tide)
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'theme'?" in ran.err
    assert run("tree", tide).code == 0


def test_nothing_heavy_is_imported_for_help_or_a_tree(tide: str) -> None:
    program = (
        "import sys; from storyloom.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        f"print([n for n in {HEAVY!r} if n in sys.modules], code, file=sys.stderr)"
    )
    for arguments in (
        ["--help"],
        ["list", "."],
        ["tree", tide],
        ["read", tide],
        ["export", tide, "-o", "-"],
        ["node", "show", tide, "--node", "n2"],
        ["nodes", tide, "--leaves"],
        ["find", tide, "bell"],
        ["log", tide],
        ["weave", tide, "--list"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True
        )
        assert done.stderr == "[] 0\n"


def test_a_process_ends_with_the_code_and_no_traceback(tide: str) -> None:
    done = run_process("tree", tide)
    assert (done.returncode, done.stderr) == (0, "")
    done = run_process("tree", "nothing.loom")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    done = run_process()
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr


def test_output_that_nobody_reads_is_no_fault(run: Run, tide: str) -> None:
    run("edit", tide, "--node", "1", "--text", "The tide went out. " * 20_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "storyloom", "read", tide],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 128 + signal.SIGPIPE
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_output_that_cannot_be_written_is_said(tide: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "storyloom", "tree", tide],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "storyloom: No space left on device.\n"


def test_a_locale_without_the_characters_gets_question_marks(run: Run, tide: str) -> None:
    run("edit", tide, "--node", "1", "--text", "Ét門")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = run_process("read", tide, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "?t?\n", "")


def test_main_takes_its_arguments_from_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["storyloom", "--version"])
    assert main() == 0
