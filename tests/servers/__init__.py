"""A provider of language models on 127.0.0.1, for tests and for trying the program by hand."""

from tests.servers.provider import Provider
from tests.servers.script import (
    Cut,
    Drop,
    End,
    Fault,
    Hold,
    Pause,
    Raw,
    Reply,
    Request,
    Text,
    Thought,
    Usage,
    page,
    refuses,
    says,
)

__all__ = [
    "Cut", "Drop", "End", "Fault", "Hold", "Pause", "Provider", "Raw", "Reply", "Request", "Text",
    "Thought", "Usage", "page", "refuses", "says",
]  # fmt: skip
