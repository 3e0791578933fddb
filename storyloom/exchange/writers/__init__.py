"""Formats a story can be written in, one module each."""
