"""What a story keeps of a fault: the sentence, without the address of a server of one's own.

A story file may be given away, and its log is shown when it is replayed; where its author's server
stands is nobody else's business, and no later step takes it out of the log again.
"""

from urllib.parse import urlsplit

from storyloom.settings import ModelEntry
from storyloom.text import one_line

__all__ = ["unplaced"]


def unplaced(say: str, entry: ModelEntry) -> str:
    """Return `say` with the model's name in the place of the host and port of its `api_base`."""
    host = urlsplit(entry.api_base or "").netloc.rpartition("@")[2]
    return say.replace(host, f"the server of {one_line(entry.name)}") if host else say
