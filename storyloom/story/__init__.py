"""The story file: a tree in SQLite, every change one event. Knows no model and no screen.

Where a line is to be looked for:

* How a change is made: `story` (an open file), `act` (one operation, its changes, its place in the
  chain), `tables` (the projection, and the one `apply` that folds a change into it), `schema`,
  `file` (created, recognised, opened), `guard` (other programs), `kept` and `origins` (text and who
  wrote it).
* What an author does: `shape`, `placing`, `purging`, `weaves`, `marks`, `lore`, `history` (undo);
  and `growth`, what a model writes.
* What a screen or a command asks: `reading`, `rows`, `jumps`, `walk`, `search`, `tips`, `log`,
  `shelf` (a folder of stories), `place` (how the screen was left).
* What follows from the rest and makes that quick: `tally` and `recount` (how many nodes are below
  each), `leaps`, `said`.
* What concerns a file as a whole: `check`, `rebuild`, `recovery` with `salvage`,
  `pages` and `sense`.
"""
