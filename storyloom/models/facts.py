"""What litellm knows of a model before it is asked."""

import re
from typing import Any

from storyloom.models import lookup
from storyloom.models.protocol import SAMPLED, Facts, Mode
from storyloom.models.routes import Unroutable, route
from storyloom.models.taken import hottest, left_out
from storyloom.models.variables import all_variables, variable_of

__all__ = ["catalogue", "describe", "mode_by_name"]

_BASE_MODEL = re.compile(
    r"(^|/)text-completion-\w+/|-base\b|davinci-002|babbage-002|gpt-3\.5-turbo-instruct",
    re.IGNORECASE,
)
"""Names of models that only continue text and were never taught to answer."""


def describe(
    library: Any,
    model: str,
    *,
    api_base: str | None = None,
    key_env: str | None = None,
    mode: Mode | None = None,
) -> Facts:
    """Return the facts of `model`; a configured `mode` wins over what its name says."""
    info = _info(library, model, api_base)
    chosen = _mode(model, info) if mode is None else mode
    try:
        way = route(library, model, api_base=api_base, key_env=key_env, text=chosen == "text")
    except Unroutable:
        return Facts(model, chosen, known=bool(info))
    # A server of one's own sells nothing at the list's prices, whatever its model is called.
    return Facts(
        model,
        chosen,
        window=info.get("max_input_tokens"),
        in_price=None if way.own else _price(info, "input_cost_per_token"),
        out_price=None if way.own else _price(info, "output_cost_per_token"),
        known=bool(info),
        provider=way.provider,
        key_missing=way.key_missing,
        refuses=left_out(library, way, SAMPLED),
        hottest=hottest(way),
    )


def catalogue(library: Any) -> list[Facts]:
    """Return the facts of every model in litellm's list that writes text, by name."""
    rows: list[Facts] = []
    missing: dict[str, str | None] = {}
    table: dict[str, dict[str, Any]] = library.model_cost
    providers = {str(info.get("litellm_provider", "")) for info in table.values()}
    # At once: one after the other, each would take a keyring's while.
    lookup.sources({*map(variable_of, providers), *all_variables()})
    for model, info in sorted(table.items()):
        provider = str(info.get("litellm_provider", ""))
        if info.get("mode") not in ("chat", "completion") or model == "sample_spec":
            continue
        if provider not in missing:
            missing[provider] = _missing(library, model)
        rows.append(
            Facts(
                model,
                _mode(model, info),
                window=_tokens(info.get("max_input_tokens")),
                in_price=_price(info, "input_cost_per_token"),
                out_price=_price(info, "output_cost_per_token"),
                known=True,
                provider=provider,
                key_missing=missing[provider],
            )
        )
    return rows


def _info(library: Any, model: str, api_base: str | None) -> dict[str, Any]:
    # litellm asks the server what the model is, else at the address that is Ollama's own.
    where = {"api_base": api_base} if api_base and model.startswith("ollama") else {}
    try:
        return dict(library.get_model_info(model, **where))
    except Exception:  # litellm raises for what is not in its list
        return {}


def _mode(model: str, info: dict[str, Any]) -> Mode:
    if info.get("mode") == "completion" or _BASE_MODEL.search(model):
        return "text"
    return "prefill" if info.get("supports_assistant_prefill") else "chat"


def mode_by_name(model: str) -> Mode:
    """Return how a model that no list knows is made to continue, as its name suggests."""
    return _mode(model, {})


def _price(info: dict[str, Any], name: str) -> float | None:
    """Return dollars per token; where both prices are 0, the list just has none."""
    prices = [info.get("input_cost_per_token"), info.get("output_cost_per_token")]
    value = info.get(name)
    return float(value) if any(prices) and isinstance(value, int | float) else None


def _tokens(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _missing(library: Any, model: str) -> str | None:
    try:
        return route(library, model).key_missing
    except Unroutable:
        return None
