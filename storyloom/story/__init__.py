"""The story file: a tree in SQLite, every change one event. Knows no model and no screen."""
