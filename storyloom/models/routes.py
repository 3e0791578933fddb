"""How a model is reached: litellm's name for it, its address, its key, and how patient to be."""

import contextlib
import ipaddress
import os
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from storyloom.models import lookup
from storyloom.models.keys import Key
from storyloom.models.protocol import Kind
from storyloom.models.variables import given_otherwise, variable_of
from storyloom.text import Refusal

__all__ = [
    "NO_KEY_NEEDED", "Patience", "Route", "Unroutable", "elsewhere", "is_local", "look_up", "route",
    "runs_here", "unaddressed",
]  # fmt: skip

NO_KEY_NEEDED = Key("none")
"""Sent to a server of one's own, as litellm would otherwise look for, and send, the real key."""

_OPENAI_TEXT = "text-completion-openai"
_OPENAI_LIKE = {"openai", "custom_openai", "openrouter", _OPENAI_TEXT, "openai_like"}
_CHAT_ONLY = {"anthropic", "gemini", "ollama_chat", "mistral", "vertex_ai", "bedrock", "azure_ai"}
_BASES = {
    "openrouter": "https://openrouter.ai/api/v1",
    "lm_studio": "http://localhost:1234/v1",
}
"""Addresses for text completion that litellm knows only inside its chat code."""
_OWN_SERVERS = {"ollama", "ollama_chat", "lm_studio", "llamafile", "hosted_vllm", "xinference"}
_UNTOLD = {"openai", _OPENAI_TEXT}
"""Where litellm says that nothing is missing although a key is needed."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for text, in seconds."""

    first: float = 60
    """Until the first token."""
    next: float = 30
    """From one token to the next."""


SLOW = Patience(first=600, next=120)
"""For a machine of one's own, which may load a model and read a long story without a GPU."""


@dataclass(frozen=True)
class Route:
    """How one model is reached."""

    asked: str
    """The name the author uses."""
    model: str
    """The name to give to litellm, which may send text completion another way."""
    provider: str
    name: str
    """The model's name without the provider."""
    host: str
    """Who answers, as the author knows it: the address of a server of one's own, or a provider."""
    api_base: str | None = None
    api_key: Key | None = None
    key_env: str | None = None
    """The variable that holds the key, as far as known."""
    key_missing: str | None = None
    key_trouble: str = ""
    """Why the file of keys was not used, where one is missing."""
    own: bool = False
    """The address is not the provider's own, so that the list's prices do not hold."""
    patience: Patience = Patience()


class Unroutable(Exception):
    """A model cannot be asked in this way; holds the kind of fault and the sentence."""

    def __init__(self, kind: Kind, say: str) -> None:
        super().__init__(say)
        self.kind: Kind = kind


def is_local(model: str) -> bool:
    """Return whether the embedded engine runs `model`."""
    return model.startswith("local/")


def runs_here(model: str, api_base: str | None = None) -> bool:
    """Return whether a model runs on a machine of one's own, where nobody sells its tokens: in the
    embedded engine, or on a server with a private address.
    """
    if is_local(model):
        return True
    if api_base is not None:
        return _is_private(api_base)
    return model.split("/", 1)[0] in _OWN_SERVERS


def route(
    library: Any,
    model: str,
    *,
    api_base: str | None = None,
    key_env: str | None = None,
    text: bool = False,
) -> Route:
    """Return how to reach `model`, for text completion when `text`. Raises Unroutable."""
    if is_local(model):
        name = model.removeprefix("local/")
        return Route(model, model, "local", name, "the embedded model", patience=_patience(SLOW))
    if not api_base:
        _refuse_elsewhere(library, model)
    name, provider, found_key, found_base = _provider(library, model, api_base)
    wanted = key_env or (None if api_base else _variable(library, model, provider))
    given = found_key is not None and not key_env and found_key.reveal() in os.environ.values()
    key, trouble = _key(wanted) if wanted and not given else (None, "")
    found = key is not None or (found_key is not None and not key_env)
    own_machine = provider in _OWN_SERVERS or _is_private(api_base or found_base)
    known = Route(
        asked=model,
        model=model if model.startswith(f"{provider}/") or not api_base else f"{provider}/{name}",
        provider=provider,
        name=name,
        host=_host(api_base) or provider,
        api_base=api_base,
        api_key=key or (NO_KEY_NEEDED if api_base and not key_env else None),
        key_env=wanted,
        key_missing=wanted if wanted and not found else None,
        key_trouble=trouble,
        own=api_base is not None or provider in _OWN_SERVERS,
        patience=_patience(SLOW if own_machine else Patience()),
    )
    return _as_text(library, known, found_base, key or found_key) if text else known


def look_up(library: Any, model: str, api_base: str | None, key_env: str | None) -> None:
    """Look for the key of `model` where that may take seconds: call it in a thread, and `route`
    then takes none. Raises nothing.
    """
    with contextlib.suppress(Exception):  # `route` will say it
        route(library, model, api_base=api_base, key_env=key_env)


_ELSEWHERE = re.compile(r"[^/]@(?!(?:\d+|default|latest)$)([^@/]+)$")
"""How a name ends that `Settings.entry` would have led to an entry's server. Vertex AI has versions
there, which this leaves alone.
"""


def elsewhere(model: str) -> str:
    """Return the entry of a config file whose server a model is on, when there is no such entry
    here: as in a story that was begun on another machine. Empty for every other name.
    """
    found = _ELSEWHERE.search(model)
    return found[1] if found is not None else ""


def _refuse_elsewhere(library: Any, model: str) -> None:
    """Refuse a model of another machine's server: what is in front of the @ may look like a
    provider's, who must not get the story.
    """
    if (place := elsewhere(model)) and model not in library.model_cost:
        raise Unroutable(
            "not_found",
            f"{model} is on a server that the config file here has no entry {place!r} for: "
            f"storyloom models add {place} MODEL --api-base URL",
        )


def _provider(
    library: Any, model: str, api_base: str | None
) -> tuple[str, str, Key | None, str | None]:
    try:
        name, provider, key, base = library.get_llm_provider(model)
        return name, provider, Key(key) if key is not None else None, base
    except Exception as error:
        if api_base:
            return model, "openai", None, api_base
        raise Unroutable(
            "not_found",
            f"No provider is known for {model}: write it as provider/model, such as "
            "openai/gpt-4o-mini, or give it an api_base.",
        ) from error


def _variable(library: Any, model: str, provider: str) -> str | None:
    """Return the variable that holds or has to hold the key, None when none is needed or known."""
    if provider in _UNTOLD:
        return variable_of(provider)
    missing: list[str] = library.validate_environment(model)["missing_keys"]
    # Where more than a key is asked for (a cloud's project, region), it may be set up elsewhere.
    if missing and all(name.endswith(("_API_KEY", "_API_TOKEN")) for name in missing):
        return missing[-1]
    usual = variable_of(provider)
    if (missing and usual not in missing) or given_otherwise(provider):
        return None
    return usual if _key(usual)[0] else None


def _key(variable: str) -> tuple[Key | None, str]:
    """Return the key of a variable, and what is wrong with the file that might have it."""
    try:
        found = lookup.find(variable)
    except Refusal as refusal:
        return None, str(refusal)
    return (found.key if found else None), ""


def _as_text(library: Any, known: Route, found_base: str | None, key: Key | None) -> Route:
    """Send text completion where litellm really sends it as such; elsewhere it makes chat of it."""
    if known.provider in _CHAT_ONLY:
        raise Unroutable(
            "bad_request",
            f"{known.host} has no text completion for {known.asked}: set its mode to chat, without "
            "fill.",
        )
    if known.provider not in _OPENAI_LIKE | set(library.openai_compatible_providers):
        return known
    base = known.api_base or found_base or _BASES.get(known.provider)
    if base is None and known.provider not in _UNTOLD:
        raise Unroutable("bad_request", f"Give {known.asked} its address as api_base.")
    return replace(
        known,
        model=f"{_OPENAI_TEXT}/{known.name}",
        api_base=base,
        api_key=known.api_key or key or (NO_KEY_NEEDED if base else None),
    )


def _host(api_base: str | None) -> str:
    return urlsplit(api_base).netloc.rpartition("@")[2] if api_base else ""


def unaddressed(sentence: str, api_base: str | None, name: str) -> str:
    """Return a sentence with a model's `name` in the place of its server's address.

    For what is kept: a story travels, and where its author's servers are is nobody's business.
    """
    for address in (api_base, _host(api_base)):
        if address:
            sentence = sentence.replace(address, name)
    return sentence


def _is_private(address: str | None) -> bool:
    host = urlsplit(address).hostname if address else None
    if not host:
        return False
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(".local")


def _patience(default: Patience) -> Patience:
    """Return `default`, or what STORYLOOM_WAIT says: `first,next` in seconds."""
    try:
        first, following = map(float, os.environ.get("STORYLOOM_WAIT", "").split(","))
        return Patience(first, following)
    except ValueError:
        return default
