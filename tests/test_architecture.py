"""The rooms keep their arrows, and starting up imports nothing heavy."""

import ast
import importlib.util
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import storyloom

PACKAGE = Path(storyloom.__file__).parent
ROOT = Path(__file__).parents[1]
MODULES = sorted(PACKAGE.rglob("*.py"))

HEAVY = (
    "litellm",
    "tiktoken",
    "textual",
    "sqlite_utils",
    "xllamacpp",
    "openai",
    "pydantic",
    "keyring",
)
AT_HOME = {
    "litellm": ("models/library.py", "models/worker*.py", "models/embedded*.py"),
    "xllamacpp": ("models/engine*.py",),
    "tiktoken": ("models/tokens.py",),
    "keyring": ("models/keyring_process.py",),
    "sqlite_utils": ("story/*.py",),
    "textual": ("tui/*.py", "tui/*/*.py"),
    "rich": ("tui/*.py", "tui/*/*.py"),
}
"""Which modules may import a library at all."""
IN_FUNCTIONS_ONLY = ("litellm", "xllamacpp", "tiktoken", "sqlite_utils", "keyring")
"""Libraries that cost too much to be loaded with a module of ours."""


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def libraries(node: ast.AST, *, inside_functions: bool) -> set[str]:
    """Return the first names of what `node` imports when it runs, types aside."""
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                found |= {alias.name.partition(".")[0] for alias in child.names}
            case ast.ImportFrom(level=0, module=str(module)):
                found.add(module.partition(".")[0])
            case ast.FunctionDef() | ast.AsyncFunctionDef() if not inside_functions:
                pass
            case ast.If() if "TYPE_CHECKING" in ast.unparse(child.test):
                pass
            case _:
                found |= libraries(child, inside_functions=inside_functions)
    return found


def test_the_import_contracts_hold() -> None:
    linter = Path(sysconfig.get_path("scripts")) / "lint-imports"
    if not linter.exists():
        pytest.skip("import-linter is not installed here")
    run = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_begins_with_one_sentence_of_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "there is no docstring"
    first_line = docstring.splitlines()[0]
    assert re.match(r"\S.{8,}?\S\.( |$)", first_line), first_line


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_library_is_imported_at_its_home_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for library in libraries(tree, inside_functions=True) & AT_HOME.keys():
        homes = AT_HOME[library]
        assert any(path.relative_to(PACKAGE).match(home) for home in homes), f"{library}: {homes}"
    for library in libraries(tree, inside_functions=False):
        assert library not in IN_FUNCTIONS_ONLY, f"{library} is to be imported inside a function"


def asks_sqlite(code: str) -> list[int]:
    """Return the lines of `code` that have SQL executed, or take the method that does."""
    names = ("execute", "executemany", "executescript")
    return sorted(
        node.lineno
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and node.attr in names
    )


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_sql_is_in_the_room_of_the_story_alone(path: Path) -> None:
    if path.parent.name != "story":
        assert asks_sqlite(path.read_text(encoding="utf-8")) == []


def test_the_search_for_sql_finds_it() -> None:
    assert asks_sqlite("x = 1\nrow = story.read.execute('SELECT 1')\nask = db.executescript") == [
        2,
        3,
    ]


def loaded_by(code: str) -> set[str]:
    """Return which heavy libraries a fresh Python has loaded after `code`."""
    report = (
        f"{code}\nimport sys\n"
        f"print('LOADED', *[name for name in {HEAVY} if name in sys.modules], file=sys.__stderr__)"
    )
    run = subprocess.run(
        [sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    last = run.stderr.strip().splitlines()[-1] if run.stderr.strip() else run.stderr
    assert last.startswith("LOADED"), run.stderr
    return set(last.split()[1:])


def needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not there yet")


COMMAND = """
from storyloom.cli.main import main
try:
    main({arguments!r})
except SystemExit:
    pass
"""


def test_the_probe_sees_a_heavy_library() -> None:
    assert loaded_by("import sqlite_utils") == {"sqlite_utils"}


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    needs("storyloom.cli.main")
    assert loaded_by("import storyloom.cli.main") == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["grow", "--help"]], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    needs("storyloom.cli.main")
    assert loaded_by(COMMAND.format(arguments=arguments)) == set()


def test_opening_a_story_loads_neither_a_model_nor_the_screen(tmp_path: Path) -> None:
    needs("storyloom.cli.main")
    story = str(tmp_path / "a.loom")
    code = COMMAND.format(arguments=["new", story, "--opening", "The ferry was late."])
    code += COMMAND.format(arguments=["tree", story])
    assert loaded_by(code) <= {"sqlite_utils"}
    assert Path(story).exists()
