"""The command `node`: all that can be done with one node, a verb each."""

from storyloom.cli import editing, marking, placing, pruning, purging, showing, tokens
from storyloom.cli.parsing import Commands

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command with its verbs."""
    verbs = commands.group(
        "node",
        "Do anything with one node: show, write, move, copy, tag, purge ...",
        "storyloom node show tide.loom --node n4 --json",
        'id=$(storyloom node write tide.loom --node n4 --text "She waited.")',
        "storyloom node move tide.loom --node n4 --before n3",
        more="A verb that makes a node prints its id, and nothing else, on standard output. Verbs\n"
        "that are commands too (write, edit, prune ...) are the same there.",
    )
    showing.add(verbs)
    editing.add(verbs)
    placing.add(verbs)
    pruning.add(verbs)
    purging.add(verbs)
    marking.add_to_node(verbs)
    tokens.add(verbs)
