"""The one table of commands and their keys, screen by screen.

It is long so that what a key does on every screen, and which are free, is seen in one place.
"""

from dataclasses import replace

from storyloom.tui.keys import Command, Table

__all__ = ["COMPARE", "CONTEXT", "COST", "EDITOR", "EXPORT", "FETCH", "FOUND", "GENERATION", "HELP",
           "LIBRARY", "LOOM", "LORE", "LORE_ENTRY", "NEW_STORY", "PICKER", "READER", "REPLAY",
           "SCREENS", "SPLIT", "THEMES", "WEAVES"]  # fmt: skip


def _c(name: str, keys: str, help: str, group: str, short: str = "", takes: str = "") -> Command:  # noqa: A002
    return Command(name, tuple(keys.split()), help, group, short, takes)


def _screen(name: str, *commands: Command) -> Table:
    return tuple(replace(command, screen=name) for command in commands)


_EVERYWHERE = (
    _c("command", ":", "Type a command by its name", "leave"),
    _c("help", "?", "Show the keys of this screen", "leave", "keys"),
)

LOOM = _screen(
    "loom",
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
    _c("to-bookmark", "'", "Go to a bookmark", "move", "", "NAME"),
    _c(
        "pane-after",
        "tab",
        "Give j and k to the next pane: branches, strand, tree or timeline",
        "move",
    ),
    _c("pane-before", "shift+tab", "Give them to the pane before", "move"),
    _c("visit", "enter", "Go to what a step of the timeline was done to; elsewhere: now", "move"),
    _c("page-down", "pagedown ctrl+f", "Read on in the strand", "move"),
    _c("page-up", "pageup ctrl+e", "Read back in the strand", "move"),
    _c("search", "/", "Find words in the story", "move", "", "WORDS"),
    _c("search-next", "n", "Go to the next hit", "move"),
    _c("search-previous", "N", "Go to the previous hit", "move"),
    _c("generate", "space g", "Grow branches from here with the plan in force", "make", "grow"),
    _c("again", ".", "Ask for as many again at this fork", "make"),
    _c("more", "+", "One branch more in the next batch", "make"),
    _c("fewer", "-", "One branch fewer in the next batch", "make"),
    _c("why", "a", "Say what the next fork from here is for", "make", "", "TEXT"),
    _c("reason", "A", "Say why this branch was chosen", "make", "", "TEXT"),
    _c("write", "i", "Write what comes next by hand", "make", "write"),
    _c("write-sibling", "o", "Write another branch of this fork by hand", "make"),
    _c("stop", "ctrl+g", "Stop what is being written", "make"),
    _c("now", "", "Ask again at once for a branch that waits to be asked again", "make"),
    _c("edit", "e", "Edit this passage here", "shape", "edit"),
    _c("editor", "E", "Edit this passage in $EDITOR", "shape"),
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
    _c("tag", "t", "Give this passage a tag, or take it away", "shape", "", "NAME"),
    _c("bookmark", "b", "Set a bookmark here, or take it away", "shape", "", "NAME"),
    _c("undo", "u", "Take the last step back", "shape"),
    _c("redo", "ctrl+r", "Make it again", "shape"),
    _c("compare", "c", "Read the branches of this fork side by side", "look", "compare"),
    _c("read", "r", "Read the weave as a book", "look", "read"),
    _c("replay", "R", "Watch the story grow again, event by event", "look"),
    _c("models", "m", "Choose the models from here down", "make", "models"),
    _c("preset", "p", "Take a preset of yours from here down", "make", "", "NAME"),
    _c("generation", "G", "Set length, temperature and the like from here down", "make"),
    _c("split", "s", "Split this passage in two", "shape", "split"),
    _c("weaves", "W", "Show the weaves, follow one, begin another", "look"),
    _c("context", "I", "Show what the models would be sent from here", "look"),
    _c("lore", "L", "Show and change what is true in the story's world", "look"),
    _c("cost", "$", "Show what the models have cost, and set a cap on it", "look"),
    _c("view", "v", "Go on to the next view: branches or strand, tree, timeline", "look"),
    _c("log", "", "Show what was done in this story, step by step", "look"),
    _c("fold", "z", "Fold what is below, or show it again", "look"),
    _c("fold-others", "Z", "One strand with its forks in the tree, or the whole tree", "look"),
    _c("copy", "y", "Copy this passage to the clipboard", "look"),
    _c("export", "", "Write the weave to files, or what leads here", "look", "export", "FILE"),
    _c("theme", "", "Choose the colour theme", "look", "", "NAME"),
    _c("hints", "", "Show hints for the first steps, or hide them", "look"),
    _c("title", "", "Change the story's title", "look", "", "TEXT"),
    _c("premise", "", "Change what the story is about", "look", "", "TEXT"),
    _c("style", "", "Change the style that every model is told", "look", "", "TEXT"),
    _c("library", "q", "Go to the library", "leave"),
    _c("quit", "", "Leave Storyloom", "leave"),
    *_EVERYWHERE,
)

LIBRARY = _screen(
    "library",
    _c("next", "j down", "Go to the next story", "move"),
    _c("previous", "k up", "Go to the previous story", "move"),
    _c("page-down", "pagedown ctrl+f", "A page on", "move"),
    _c("page-up", "pageup ctrl+e", "A page back", "move"),
    _c("first", "< home", "Go to the first story", "move"),
    _c("last", "> end", "Go to the last story", "move"),
    _c("open", "enter l right", "Open the story", "make", "open"),
    _c("new", "n", "Begin a new story", "make", "new"),
    _c(
        "import",
        "i",
        "Bring in a story: a text, Markdown, or another .loom file",
        "make",
        "import",
        "PATH",
    ),
    _c("stop", "ctrl+g", "Stop what is being brought in", "make"),
    _c(
        "archive",
        "x",
        "Put the story away in the archive, or take it out again",
        "shape",
    ),
    _c("archived", "A", "Show the archive, or the library again", "look"),
    _c("find", "/", "Find words in all stories, and titles", "look", "find", "WORDS"),
    _c("sort", "s", "Sort by last opened, title, or size", "look"),
    _c("read", "r", "Read its weave as a book", "look", "read"),
    _c("replay", "R", "Watch it grow again, event by event", "look"),
    _c("export", "E", "Write it to files", "look", "export", "FILE"),
    _c("theme", "", "Choose the colour theme", "look", "", "NAME"),
    _c("reload", "ctrl+l", "Read the folder again", "look"),
    _c("quit", "q", "Leave Storyloom", "leave", "quit"),
    *_EVERYWHERE,
)

FOUND = _screen(
    "found",
    _c("next", "j down", "Go to the next place", "move"),
    _c("previous", "k up", "Go to the place before", "move"),
    _c("page-down", "pagedown ctrl+f", "A page on", "move"),
    _c("page-up", "pageup ctrl+e", "A page back", "move"),
    _c("first", "< home", "Go to the first place", "move"),
    _c("last", "> end", "Go to the last place", "move"),
    _c("open", "enter l right", "Open the story there", "make", "open there"),
    _c("find", "/", "Find other words", "look", "find", "WORDS"),
    _c("stop", "ctrl+g", "Stop searching, and go back when that is over", "leave", "stop"),
    _c("back", "q escape h left", "Back to the library", "leave", "back"),
    *_EVERYWHERE,
)

READER = _screen(
    "reader",
    _c("down", "j down", "One line on", "move", "line"),
    _c("up", "k up", "One line back", "move"),
    _c("page-down", "space pagedown ctrl+f", "A page on", "move", "page"),
    _c("page-up", "b pageup ctrl+e", "A page back", "move"),
    _c("top", "< home", "The beginning", "move"),
    _c("bottom", "> end", "The end", "move"),
    _c("chapter-before", "{", "The chapter before", "move"),
    _c("chapter-after", "}", "The next chapter", "move", "chapter"),
    _c("fork-before", "[", "The fork before", "move"),
    _c("fork-after", "]", "The next fork", "move", "fork"),
    _c("find", "/", "Find words in the book", "move", "find", "WORDS"),
    _c("find-next", "n", "The next place", "move"),
    _c("find-previous", "N", "The place before", "move"),
    _c("origins", "p", "Show who wrote each line", "look", "origins"),
    _c("forks", "v", "Show what else was offered, or hide it", "look", "forks"),
    _c("open", "enter", "Open the loom at this place", "look", "loom"),
    _c("copy", "y", "Copy the page to the clipboard", "look"),
    _c("export", "E", "Write what is read here to files", "look", "", "FILE"),
    _c("back", "q escape ctrl+g", "Back", "leave", "back"),
    *_EVERYWHERE,
)

REPLAY = _screen(
    "replay",
    _c("second-before", "h left", "Five seconds back", "move"),
    _c("second-after", "l right", "Five seconds on", "move", "5 s"),
    _c("event-before", "H k up", "One event back", "move"),
    _c("event-after", "L j down", "One event on", "move", "event"),
    _c("choice-before", "[", "Go to the choice before", "move"),
    _c("choice-after", "]", "Go to the next choice", "move", "choice"),
    _c("chapter-before", "{", "Go to the chapter mark before", "move"),
    _c("chapter-after", "}", "Go to the next chapter mark", "move"),
    _c("share", "0 1 2 3 4 5 6 7 8 9", "Go to so many tenths of the time", "move", "", "TENTHS"),
    _c("first", "< home", "Go to the beginning", "move"),
    _c("last", "> end", "Go to the end", "move"),
    _c("go", "g", "Go to a time, an event or a share of the time", "move", "go to", "14:30"),
    _c("play", "space", "Play, or pause", "make", "play"),
    _c("faster", "+", "Play faster, up to 16x and max", "make", "speed"),
    _c("slower", "-", "Play slower, down to 0.25x", "make"),
    _c("loop-begin", "a", "Begin the loop A..B here, or no longer", "make"),
    _c("loop-end", "b", "End the loop A..B here, or no longer", "make"),
    _c("open", "o enter", "Open the loom at this node as it is today", "leave", "loom"),
    _c("back", "q escape ctrl+g", "Back", "leave", "back"),
    *_EVERYWHERE,
)

PICKER = _screen(
    "models",
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

HELP = _screen(
    "help",
    _c("down", "j down", "One line on", "move", "line"),
    _c("up", "k up", "One line back", "move"),
    _c("page-down", "space pagedown ctrl+f", "A page on", "move", "page"),
    _c("page-up", "b pageup ctrl+e", "A page back", "move"),
    _c("back", "q escape ctrl+g ?", "Back", "leave", "back"),
)

EDITOR = _screen(
    "editor",
    _c("save", "ctrl+o ctrl+s", "Keep the text and go back", "leave", "^o keep"),
    _c(
        "suggest",
        "tab ctrl+t",
        "Ask the models for three short ways on from the cursor",
        "make",
        "suggest",
    ),
    _c("forget", "ctrl+l", "Forget what was changed; asks first", "leave", "^l forget"),
    _c(
        "leave",
        "ctrl+g escape",
        "Go back; what was changed is kept as a draft",
        "leave",
        "^g leave",
    ),
)

NEW_STORY = _screen(
    "new",
    _c("create", "ctrl+o ctrl+s", "Create the story, open it", "make", "^o create  Tab next box"),
    _c(
        "leave", "ctrl+g escape", "Go back; asks once when something was typed", "leave", "^g leave"
    ),
)

FETCH = _screen(
    "fetch",
    _c("fetch", "enter", "Fetch the embedded model", "make", "fetch"),
    _c("back", "q escape ctrl+g", "Go back; a fetch that runs is stopped", "leave", "back"),
    *_EVERYWHERE,
)

COMPARE = _screen(
    "compare",
    _c("column-after", "l right", "Go to the next branch", "move", "column"),
    _c("column-before", "h left", "Go to the branch before", "move"),
    _c("down", "j down", "Read on, one line", "move", "scroll"),
    _c("up", "k up", "Read back, one line", "move"),
    _c("page-down", "space pagedown ctrl+f", "Read on, a page", "move"),
    _c("page-up", "b pageup ctrl+e", "Read back, a page", "move"),
    _c("pick", "enter", "Choose this branch and go back to the loom with it", "make"),
    _c(
        "pick-nth",
        "1 2 3 4 5 6 7 8 9",
        "Choose the branch of that number",
        "make",
        "1-9 pick",
        "NUMBER",
    ),
    _c("diff", "d", "Show what differs from this branch, word by word", "look", "diff"),
    _c(
        "blind",
        "Z",
        "Shuffle the branches and hide their models until one is chosen",
        "look",
        "blind",
    ),
    _c("weave", "w", "Lead the weave to this branch", "shape", "weave"),
    _c("prune", "x", "Prune this branch and all below it", "shape", "prune"),
    _c("keep-only", "X", "Prune all other branches of this fork", "shape"),
    _c("undo", "u", "Take the last step back", "shape"),
    _c("first-version", "e", "Compare this passage with its own first version", "look"),
    _c("reveal", "r", "Show the models again", "look"),
    _c("copy", "y", "Copy this branch to the clipboard", "look"),
    _c("back", "q escape ctrl+g", "Back to the loom", "leave", "back"),
    *_EVERYWHERE,
)

CONTEXT = _screen(
    "context",
    _c("next", "j down", "Go to the next block", "move", "block"),
    _c("previous", "k up", "Go to the block before", "move"),
    _c("page-down", "space pagedown ctrl+f", "Read the block's text on", "move", "read on"),
    _c("page-up", "b pageup ctrl+e", "Read it back", "move"),
    _c("model", "m", "Show what the next model of the plan is sent", "look", "model"),
    _c(
        "sent",
        "s",
        "Show what was sent for this branch, or what would be sent next",
        "look",
        "sent",
    ),
    _c("diff", "d", "Show how it differs from what was sent last", "look", "diff"),
    _c("copy", "y", "Copy the block's text to the clipboard", "look", "copy"),
    _c("dump", "D", "Write the whole request to a file", "look", "", "FILE"),
    _c("back", "q escape ctrl+g", "Back to the loom", "leave", "back"),
    *_EVERYWHERE,
)

COST = _screen(
    "cost",
    _c("next", "j down", "Go to the next row", "move"),
    _c("previous", "k up", "Go to the row before", "move"),
    _c("page-down", "pagedown ctrl+f space", "A page on", "move"),
    _c("page-up", "pageup ctrl+e b", "A page back", "move"),
    _c("first", "< home", "Go to the first row", "move"),
    _c("last", "> end", "Go to the last row", "move"),
    _c("open", "enter", "Go to where this chapter begins", "move"),
    _c(
        "view",
        "v",
        "Show it by model, by session, by chapter, or by what became of the branches",
        "look",
        "view",
    ),
    _c("cap", "c", "Set what this story may cost", "make", "story's cap", "DOLLARS"),
    _c(
        "day-cap",
        "C",
        "Set what all stories together may cost in a day",
        "make",
        "day's cap",
        "DOLLARS",
    ),
    _c("back", "q escape ctrl+g", "Back to the loom", "leave", "back"),
    *_EVERYWHERE,
)

LORE = _screen(
    "lore",
    _c("next", "j down", "Go to the next entry", "move"),
    _c("previous", "k up", "Go to the entry before", "move"),
    _c("page-down", "pagedown ctrl+f", "A page on", "move"),
    _c("page-up", "pageup ctrl+e", "A page back", "move"),
    _c("first", "< home", "Go to the first entry", "move"),
    _c("last", "> end", "Go to the last entry", "move"),
    _c("read-on", "l right", "Read the entry on", "move"),
    _c("read-back", "h left", "Read it back", "move"),
    _c("new", "n", "Write a new entry", "make", "new"),
    _c("edit", "enter e", "Change this entry", "shape", "edit"),
    _c("toggle", "space", "Turn this entry off, or on again", "shape", "on/off"),
    _c("remove", "x", "Take this entry out of the lore", "shape", "remove"),
    _c("duplicate", "D", "Add a copy of this entry", "make"),
    _c("undo", "u", "Take the last step in the lore back", "shape", "undo"),
    _c("redo", "ctrl+r", "Make it again", "shape"),
    _c("find", "/", "Show only entries that have these words", "look", "find", "WORDS"),
    _c("fires", "f", "Show only what would fire here, or all again", "look", "fires here"),
    _c("copy", "y", "Copy the entry's text to the clipboard", "look"),
    _c("back", "q escape ctrl+g", "Back to the loom", "leave", "back"),
    *_EVERYWHERE,
)

LORE_ENTRY = _screen(
    "lore-entry",
    _c("save", "ctrl+o ctrl+s", "Keep the entry, go back", "leave", "^o keep  Tab next field"),
    _c("more", "ctrl+t", "Show the rest of what an entry has, or hide it", "look", "^t more"),
    _c("forget", "ctrl+l", "Forget what was changed; asks first", "leave", "^l forget"),
    _c(
        "leave",
        "ctrl+g escape",
        "Go back; what was changed is kept as a draft",
        "leave",
        "^g leave",
    ),
)

WEAVES = _screen(
    "weaves",
    _c("next", "j down", "Go to the next weave", "move"),
    _c("previous", "k up", "Go to the weave before", "move"),
    _c("open", "enter", "Go to the tip of this weave", "move", "go"),
    _c("read", "r", "Read this weave as a book", "look", "read"),
    _c("new", "n", "Begin a weave that leads to where the cursor is", "make", "new", "NAME"),
    _c("rename", "e", "Give this weave another name", "shape", "rename", "NAME"),
    _c("delete", "x", "Delete this weave; the passages stay", "shape", "delete"),
    _c("compare", "c", "Show where this weave and the main one part", "look", "compare"),
    _c("back", "q escape ctrl+g", "Back to the loom", "leave", "back"),
    *_EVERYWHERE,
)

GENERATION = _screen(
    "generation",
    _c("next", "j down", "Go to the next setting", "move"),
    _c("previous", "k up", "Go to the setting before", "move"),
    _c("edit", "enter", "Give it another value; of the models, choose them", "make", "edit"),
    _c("inherit", "I", "Let it be inherited again", "make", "inherit"),
    _c("scope", "s", "Go to the whole story's settings, or back to those of the place", "look",
       "story/here"),
    _c("models", "m", "Choose the models", "make", "models"),
    _c("back", "q escape ctrl+g", "Back to the loom", "leave", "back"),
    *_EVERYWHERE,
)  # fmt: skip

EXPORT = _screen(
    "export",
    _c("next", "j down", "Go to the next row, or a line on in the pane that Tab went to", "move"),
    _c("previous", "k up", "Go to the row before, or a line back", "move"),
    _c("page-down", "pagedown ctrl+f", "A page on", "move"),
    _c("page-up", "pageup ctrl+e", "A page back", "move"),
    _c("first", "< home", "Go to the first row, or the top of the pane", "move"),
    _c("last", "> end", "Go to the last row, or the end of the pane", "move"),
    _c("pane-after", "tab", "Give j and k to the next pane", "move", "pane"),
    _c("pane-before", "shift+tab", "Give them to the pane before", "move"),
    _c("toggle", "space", "Take this source or format, or the next there is", "make", "take"),
    _c("edit", "enter", "Type which chapters, or another title, sign, folder", "make", "edit"),
    _c("export", "x", "Write the files", "make", "export"),
    _c("chapters", "", "Export some chapters alone, or all", "make", "", "1-2"),
    _c("view", "v", "Show what would be written, in each format", "look", "preview"),
    _c("stop", "ctrl+g", "Stop what is being written; go back when nothing is", "leave"),
    _c("back", "q escape", "Back", "leave", "back"),
    *_EVERYWHERE,
)

THEMES = _screen(
    "themes",
    _c("next", "j down", "Look at the next theme", "move"),
    _c("previous", "k up", "Look at the theme before", "move"),
    _c("accept", "enter", "Use this theme from now on", "make", "use"),
    _c("back", "q escape ctrl+g", "Back to the theme before", "leave", "back"),
    *_EVERYWHERE,
)

SPLIT = _screen(
    "split",
    _c("word-after", "l right", "Move the mark a word on", "move", "word"),
    _c("word-before", "h left", "Move the mark a word back", "move"),
    _c("sentence-after", "j down", "Move the mark a sentence on", "move", "sentence"),
    _c("sentence-before", "k up", "Move the mark a sentence back", "move"),
    _c("split", "enter s", "Split here", "make", "split here"),
    _c("back", "q escape ctrl+g", "Back, nothing changed", "leave", "back"),
    *_EVERYWHERE,
)

SCREENS: dict[str, Table] = {
    "library": LIBRARY,
    "loom": LOOM,
    "found": FOUND,
    "reader": READER,
    "replay": REPLAY,
    "models": PICKER,
    "generation": GENERATION,
    "new": NEW_STORY,
    "fetch": FETCH,
    "editor": EDITOR,
    "context": CONTEXT,
    "cost": COST,
    "split": SPLIT,
    "compare": COMPARE,
    "lore": LORE,
    "lore-entry": LORE_ENTRY,
    "weaves": WEAVES,
    "export": EXPORT,
    "themes": THEMES,
    "help": HELP,
}
