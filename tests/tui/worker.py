"""A models' process that knows a few models and asks nobody, for the picker's tests.

It speaks the protocol of the real one: JSON lines in and out.
"""

import json
import sys
from typing import Any

_ROWS: list[dict[str, Any]] = [
    {"model": "local/smollm2", "mode": "text", "window": 2048, "provider": "embedded"},
    {
        "model": "anthropic/claude-sonnet-4-5", "mode": "prefill", "window": 200_000,
        "in_price": 3e-06, "out_price": 15e-06, "known": True, "provider": "anthropic",
        "key_missing": "ANTHROPIC_API_KEY",
    },
    {
        "model": "azure/gpt-4o-mini", "window": 128_000, "in_price": 1.7e-07,
        "out_price": 6.6e-07, "known": True, "provider": "azure",
    },
    {
        "model": "gpt-4o-mini", "window": 128_000, "in_price": 1.5e-07, "out_price": 6e-07,
        "known": True, "provider": "openai", "key_missing": "OPENAI_API_KEY",
    },
    {"model": "nebius/unknown-price", "known": True, "provider": "nebius"},
]  # fmt: skip

_TAKEN: dict[str, dict[str, Any]] = {"anthropic": {"refuses": ["seed"], "hottest": 1.0}}
"""What of its own a provider says besides, once it is asked about one model."""


def _served(server: dict[str, Any]) -> dict[str, Any]:
    """The server of an entry called den has two models, and Ollama is here with one; the one of
    `cellar` is dead, and nobody else has anything.
    """
    host = server["base"].split("/")[2]
    say, models = "", list[dict[str, Any]]()
    if server["place"] == "den":
        models = [
            {"model": "qwen2.5-7b@den", "window": 32_768, "provider": "openai"},
            {"model": "org/llama-3-base@den", "mode": "text", "window": 8_192},
            {"model": "/home/ann/models/mistral-7b.gguf@den"},
        ]
    elif server["dialect"] == "ollama" and sys.argv[2:] != ["alone"]:
        models = [{"model": "ollama_chat/mistral:7b", "provider": "ollama_chat"}]
    elif server["place"] == "cellar":
        say = f"{host} does not answer."
    return {"host": host, "say": say, "models": models}


def main() -> None:
    """Answer until nobody asks any more. With a number, so many models more are in the list."""
    extra = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    rows = _ROWS + [{"model": f"zoo/model-{n:05}", "provider": "zoo"} for n in range(extra)]
    if sys.argv[2:] == ["hostile"]:
        rows.append({"model": "evil/\x1b]52;c;eA==\x07[/]\u202e", "provider": "\x9b31m[/x]"})
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "models":
            answer = {"is": "catalogue", "models": rows}
        elif asked["do"] == "describe":
            known = {row["model"]: row for row in rows}.get(asked["model"], {})
            facts = {"model": asked["model"], "mode": asked.get("mode") or "chat", **known}
            answer = {"is": "facts", **facts, **_TAKEN.get(str(facts.get("provider")), {})}
        elif asked["do"] == "servers":
            answer = {"is": "served", "servers": [_served(server) for server in asked["servers"]]}
        else:
            continue
        print(json.dumps({**answer, "id": asked["id"]}), flush=True)


if __name__ == "__main__":
    main()
