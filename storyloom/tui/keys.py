"""The one table of commands and their keys, screen by screen.

A key press, a `:` line and the command palette all reach a command by its name; help, key line and
`storyloom bindings` are drawn from the same entries. Keys are from the set that every terminal,
tmux and SSH pass on: letters, digits, plain punctuation, Space, Enter, Tab, arrows, paging keys
and a few of Control. Escape always has a faster twin.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding

__all__ = ["EDITOR", "FETCH", "HELP", "LEGEND", "LIBRARY", "LOOM", "NEW_STORY", "PICKER",
           "READER", "SCREENS", "SPLIT", "Command", "bindings", "named", "shown_key"]  # fmt: skip


@dataclass(frozen=True)
class Command:
    """One thing an author can do on one screen."""

    name: str
    """What `:` takes; the screen does it in its method `do_<name>`."""
    keys: tuple[str, ...]
    help: str
    """A sentence without its full stop."""
    group: str
    short: str = ""
    """Its word on the key line; empty keeps it off."""
    takes: str = ""
    """What may stand behind the name on a `:` line; empty for nothing."""


def _c(name: str, keys: str, help: str, group: str, short: str = "", takes: str = "") -> Command:  # noqa: A002
    return Command(name, tuple(keys.split()), help, group, short, takes)


_EVERYWHERE = (
    _c("command", ":", "Type a command by its name", "leave"),
    _c("help", "?", "Show the keys of this screen", "leave", "?"),
)

LOOM = (
    _c("parent", "h left", "Go to the parent", "move"),
    _c("next", "j down", "Go to the next branch of this fork", "move"),
    _c("previous", "k up", "Go to the previous branch of this fork", "move"),
    _c(
        "child", "l right", "Go on to the child last looked at, the woven one, or the first", "move"
    ),
    _c("root", "< home", "Go to the beginning", "move"),
    _c("tip", "> end", "Go to the tip of the weave, or of this strand", "move"),
    _c("fork-before", "[", "Go to the fork before", "move"),
    _c("fork-after", "]", "Go to the next fork on this strand", "move"),
    _c("chapter-before", "{", "Go to the chapter before", "move"),
    _c("chapter-after", "}", "Go to the next chapter on the weave", "move"),
    _c("nth", "1 2 3 4 5 6 7 8 9", "Go to the branch of that number", "move", "", "NUMBER"),
    _c("go", "", "Go to a node", "move", "", "NODE"),
    _c("page-down", "pagedown ctrl+f", "Read on in the strand", "move"),
    _c("page-up", "pageup ctrl+e", "Read back in the strand", "move"),
    _c("search", "/", "Find words in the story", "move", "", "WORDS"),
    _c("search-next", "n", "Go to the next hit", "move"),
    _c("search-previous", "N", "Go to the previous hit", "move"),
    _c("generate", "space g", "Grow branches from here with the plan in force", "make", "grow"),
    _c("again", ".", "Ask for as many again at this fork", "make"),
    _c("more", "+", "One branch more in the next batch", "make"),
    _c("fewer", "-", "One branch fewer in the next batch", "make"),
    _c("models", "m", "Choose the models from here down", "make", "models"),
    _c("why", "a", "Say what the next fork from here is for", "make", "", "TEXT"),
    _c("reason", "A", "Say why this branch was chosen", "make", "", "TEXT"),
    _c("write", "i", "Write what comes next by hand", "make", "write"),
    _c("write-sibling", "o", "Write another branch of this fork by hand", "make"),
    _c("stop", "ctrl+g", "Stop what is being written", "make"),
    _c("edit", "e", "Edit this passage here", "shape", "edit"),
    _c("editor", "E", "Edit this passage in $EDITOR", "shape"),
    _c("split", "s", "Split this passage in two", "shape", "split"),
    _c("join", "J", "Join this passage with its parent", "shape"),
    _c("prune", "x", "Prune this branch and all below it", "shape", "prune"),
    _c("keep-only", "X", "Prune all other branches of this fork", "shape"),
    _c("restore", "U", "Bring this fork's pruned branches back", "shape"),
    _c("move-up", "", "Move this branch up among those of its fork", "shape"),
    _c("move-down", "", "Move this branch down among those of its fork", "shape"),
    _c("move-to", "", "Hang this branch on another node", "shape", "", "NODE"),
    _c("copy-to", "", "Copy this branch and what is below it", "shape", "", "NODE"),
    _c("purge", "", "Delete what is pruned here for good; asks first", "shape"),
    _c("weave", "w", "Lead the weave to here, or one of that name", "shape", "weave", "NAME"),
    _c("chapter", "C", "Begin a chapter before this passage", "shape", "", "TITLE"),
    _c("note", ";", "Write a note on this passage", "shape", "", "TEXT"),
    _c("tag", "", "Give this passage a tag, or take it away", "shape", "", "NAME"),
    _c("bookmark", "", "Set a bookmark here, or take it away", "shape", "", "NAME"),
    _c("undo", "u", "Take the last step back", "shape", "undo"),
    _c("redo", "ctrl+r", "Make it again", "shape"),
    _c("read", "r", "Read the weave as a book", "look", "read"),
    _c("view", "v", "Show the tree or the branches", "look"),
    _c("fold", "z", "Fold what is below, or show it again", "look"),
    _c("export", "", "Write the weave to a Markdown file", "look", "", "FILE"),
    _c("theme", "", "Change the colour theme", "look", "", "NAME"),
    _c("title", "", "Change the story's title", "look", "", "TEXT"),
    _c("premise", "", "Change what the story is about", "look", "", "TEXT"),
    _c("style", "", "Change the style that every model is told", "look", "", "TEXT"),
    _c("library", "q escape", "Go to the library", "leave"),
    _c("quit", "", "Leave Storyloom", "leave"),
    *_EVERYWHERE,
)

LEGEND = (
    ("*", "on the weave, the path that is the story"),
    (">", "where the cursor is"),
    ("▌", "lines of the passage under the cursor"),
    ("•", "a branch that came in and was not looked at yet"),
    ("~", "behind a model's name: edited by hand since"),
    ("+3", "three branches go on from here; in the tree, three nodes are folded away"),
    ("31w", "how many words it has"),
    ("H", "written by hand; other letters are models"),
    ("x 2 pruned", "two branches that U brings back"),
)
"""What the loom's marks mean, for its help."""

LIBRARY = (
    _c("next", "j down", "Go to the next story", "move"),
    _c("previous", "k up", "Go to the previous story", "move"),
    _c("page-down", "pagedown ctrl+f", "A page on", "move"),
    _c("page-up", "pageup ctrl+e", "A page back", "move"),
    _c("first", "< home", "Go to the first story", "move"),
    _c("last", "> end", "Go to the last story", "move"),
    _c("open", "enter l right", "Open the story", "make", "open"),
    _c("new", "n", "Begin a new story", "make", "new"),
    _c("read", "r", "Read its weave as a book", "look", "read"),
    _c("export", "E", "Write its weave to a Markdown file", "look", "export", "FILE"),
    _c("theme", "", "Change the colour theme", "look", "", "NAME"),
    _c("reload", "ctrl+l", "Read the folder again", "look"),
    _c("quit", "q escape", "Leave Storyloom", "leave", "quit"),
    *_EVERYWHERE,
)

READER = (
    _c("down", "j down", "One line on", "move", "line"),
    _c("up", "k up", "One line back", "move"),
    _c("page-down", "space pagedown ctrl+f", "A page on", "move", "page"),
    _c("page-up", "b pageup ctrl+e", "A page back", "move"),
    _c("top", "< home", "The beginning", "move"),
    _c("bottom", "> end", "The end", "move"),
    _c("chapter-before", "{", "The chapter before", "move"),
    _c("chapter-after", "}", "The next chapter", "move", "chapter"),
    _c("origins", "p", "Show who wrote each line", "look", "origins"),
    _c("open", "enter", "Open the loom at this place", "look", "loom"),
    _c("export", "E", "Write the weave to a Markdown file", "look", "", "FILE"),
    _c("back", "q escape ctrl+g", "Back", "leave", "back"),
    *_EVERYWHERE,
)

PICKER = (
    _c("next", "j down", "Go to the next model", "move"),
    _c("previous", "k up", "Go to the previous model", "move"),
    _c("page-down", "pagedown ctrl+f", "A page on", "move"),
    _c("page-up", "pageup ctrl+e", "A page back", "move"),
    _c("toggle", "space", "Take the model into the plan, or out of it", "make", "tick"),
    _c("count", "1 2 3 4 5 6 7 8 9", "Ask for that many of its branches", "make", "1-9 branches"),
    _c("filter", "/", "Show only models whose name has these letters", "make", "filter"),
    _c("model", "", "Take a model that no list has, by litellm's name for it", "make", "", "NAME"),
    _c("inherit", "I", "Have no plan here; use the one from above", "make", "inherit"),
    _c("accept", "enter", "Use this plan from here down", "make", "use here"),
    _c("accept-story", "S", "Use this plan for the whole story", "make", "whole story"),
    _c("back", "q escape ctrl+g", "Back, nothing changed", "leave", "back"),
    *_EVERYWHERE,
)

HELP = (
    _c("down", "j down", "One line on", "move", "line"),
    _c("up", "k up", "One line back", "move"),
    _c("page-down", "space pagedown ctrl+f", "A page on", "move", "page"),
    _c("page-up", "b pageup ctrl+e", "A page back", "move"),
    _c("back", "q escape ctrl+g ?", "Back", "leave", "back"),
)

EDITOR = (
    _c("save", "ctrl+o ctrl+s", "Keep the text and go back", "leave", "^o keep"),
    _c(
        "leave",
        "ctrl+g escape",
        "Go back; what was changed is kept as a draft",
        "leave",
        "^g leave",
    ),
)

NEW_STORY = (
    _c("create", "ctrl+o ctrl+s", "Create the story and open it", "make", "^o create"),
    _c(
        "leave", "ctrl+g escape", "Go back; asks once when something was typed", "leave", "^g leave"
    ),
)

FETCH = (
    _c("fetch", "enter", "Fetch the embedded model", "make", "fetch"),
    _c("back", "q escape ctrl+g", "Go back; a fetch that runs is stopped", "leave", "back"),
    *_EVERYWHERE,
)

SPLIT = (
    _c("word-after", "l right", "Move the mark a word on", "move", "word"),
    _c("word-before", "h left", "Move the mark a word back", "move"),
    _c("sentence-after", "j down", "Move the mark a sentence on", "move", "sentence"),
    _c("sentence-before", "k up", "Move the mark a sentence back", "move"),
    _c("split", "enter s", "Split here", "make", "split here"),
    _c("back", "q escape ctrl+g", "Back, nothing changed", "leave", "back"),
    *_EVERYWHERE,
)

SCREENS: dict[str, tuple[Command, ...]] = {
    "library": LIBRARY,
    "loom": LOOM,
    "reader": READER,
    "models": PICKER,
    "new": NEW_STORY,
    "fetch": FETCH,
    "editor": EDITOR,
    "split": SPLIT,
    "help": HELP,
}

_SHOWN = {
    "space": "Space", "enter": "Enter", "escape": "Esc", "left": "Left", "right": "Right",
    "up": "Up", "down": "Down", "home": "Home", "end": "End", "pageup": "PgUp",
    "pagedown": "PgDn", "tab": "Tab",
}  # fmt: skip


def shown_key(key: str) -> str:
    """Return how a key is written for the author."""
    return f"^{key[5:]}" if key.startswith("ctrl+") else _SHOWN.get(key, key)


def bindings(commands: Iterable[Command]) -> list[Binding]:
    """Return Textual's bindings of a screen's commands; a digit goes to its command with it."""
    made: list[Binding] = []
    for command in commands:
        for key in command.keys:
            argument = key if key.isdigit() else ""
            made.append(
                Binding(key, f"do({command.name!r}, {argument!r})", command.help, show=False)
            )
    return made


def named(commands: Iterable[Command], name: str) -> Command | None:
    """Return the command of that name, or the only one that begins with it."""
    found = [command for command in commands if command.name.startswith(name)]
    exact = [command for command in found if command.name == name]
    if exact:
        return exact[0]
    return found[0] if len(found) == 1 else None
