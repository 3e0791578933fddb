"""Replay: the log seen again."""
