"""The whole program, in a real terminal of its own."""
