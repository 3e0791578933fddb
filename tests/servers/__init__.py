"""A provider of language models on 127.0.0.1, for tests and for trying the program by hand."""
