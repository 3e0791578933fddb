"""Which parameters a model's provider takes, and up to where, as far as anybody says so."""

from collections.abc import Iterable
from typing import Any

from storyloom.models.routes import Route

__all__ = ["hottest", "left_out"]

_HOTTEST = {"anthropic": 1.0, "mistral": 1.5}
"""The highest temperature of providers whose own reference states one below 2."""


def left_out(library: Any, way: Route, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the parameters `names` that litellm leaves out for this model, sorted."""
    if way.provider == "local":
        return ()
    try:
        taken = library.get_supported_openai_params(
            model=way.name, custom_llm_provider=way.model.split("/", 1)[0]
        )
    except Exception:  # only a courtesy: a fault here must not cost the branch
        return ()
    if not taken:
        return ()
    known: set[str] = set(library.OPENAI_CHAT_COMPLETION_PARAMS)
    return tuple(sorted(name for name in names if name in known and name not in taken))


def hottest(way: Route) -> float | None:
    """Return the highest temperature that the provider takes; None where none is known."""
    return None if way.own else _HOTTEST.get(way.provider)
