"""The environment variable that holds each provider's key, known without litellm.

The rule is `PROVIDER_API_KEY`, and litellm has a few exceptions. A test holds all of it to
litellm's own `validate_environment`.
"""

import os

__all__ = ["PROVIDERS", "all_variables", "given_otherwise", "settable", "variable_of"]

_EXCEPTIONS = {
    "ai21_chat": "AI21_API_KEY",
    "datarobot": "DATAROBOT_API_TOKEN",
    "perplexity": "PERPLEXITYAI_API_KEY",
    "text-completion-codestral": "CODESTRAL_API_KEY",
    "text-completion-inception": "INCEPTION_API_KEY",
    "text-completion-openai": "OPENAI_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
}
_ALSO = {
    "anthropic": ("ANTHROPIC_AUTH_TOKEN",),
    "fireworks_ai": ("FIREWORKS_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN"),
    "gemini": ("GOOGLE_API_KEY",),
    "qwen_ai_platform": ("DASHSCOPE_API_KEY",),
    "qwencloud": ("DASHSCOPE_API_KEY",),
}
"""What litellm reads from the environment as well."""
PROVIDERS = (
    "ai21", "anthropic", "azure", "baseten", "cerebras", "cloudflare", "codestral", "cohere",
    "dashscope", "datarobot", "deepinfra", "deepseek", "edenai", "featherless_ai", "fireworks_ai",
    "gemini", "groq", "huggingface", "inception", "infinity", "mistral", "modelscope", "moonshot",
    "nadir", "nebius", "nlp_cloud", "novita", "nvidia_nim", "openai", "openrouter", "perplexity",
    "qwen_ai_platform", "qwencloud", "replicate", "tencent", "together_ai", "vercel_ai_gateway",
    "volcengine", "voyage", "wandb", "xai",
)  # fmt: skip
"""The providers that litellm knows to want a key; other ones are named by their variable."""


def variable_of(provider: str) -> str:
    """Return the variable that holds the key of a provider, by litellm's name for it."""
    usual = provider.upper().replace("-", "_") + "_API_KEY"
    return _EXCEPTIONS.get(provider, usual)


def given_otherwise(provider: str) -> str | None:
    """Return another variable that litellm takes the provider's key from, if one is set."""
    return next((name for name in _ALSO.get(provider, ()) if os.environ.get(name)), None)


def all_variables() -> dict[str, str]:
    """Return the variable of each of `PROVIDERS`, and whose it is."""
    return {variable_of(provider): provider for provider in PROVIDERS}


def settable(variable: str) -> str:
    """Return what `storyloom keys set` is to be given for a variable: its provider, or itself."""
    return all_variables().get(variable, variable)
