"""Formats a story can be made of, one module each; `storyloom.exchange.detecting` knows which."""
