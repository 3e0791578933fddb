"""What went wrong with a branch, in the few words that a row has room for."""

__all__ = ["in_words"]

_BY_KIND = {
    "no_key": "no key",
    "auth": "key not accepted",
    "not_found": "no such model",
    "rate_limit": "asked too often",
    "bad_request": "request not taken",
    "context_too_long": "too much was sent",
    "refused": "declined",
    "server": "server error",
    "connection": "cannot be reached",
    "timeout": "no answer in time",
    "stalled": "fell silent",
    "cut_off": "broke off",
    "no_engine": "no engine",
    "worker_died": "its process ended",
}
_BY_FINISH = {
    "cut_off": "cut off",
    "empty": "no text",
    "interrupted": "interrupted",
    "refused": "refused",
    "stopped": "stopped",
    "error": "broke off",
}


def in_words(finish: str, kind: str = "", status: int | None = None) -> str:
    """Return how a branch ended, such as `server error (503)`; empty when it ended well.

    `kind` and `status` are those of a fault: what it is, and the HTTP status it came with. All
    may be read from a file, and anything.
    """
    said = _BY_KIND.get(kind) if finish == "error" else None
    said = said or _BY_FINISH.get(finish, "")
    return f"{said} ({status})" if said and isinstance(status, int) else said
