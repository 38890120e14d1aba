"""The language model, when one is configured. llama-index is imported inside the functions: it costs seconds and 100 MB at first use."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

logger = logging.getLogger(__name__)

PROVIDERS = ("openai", "anthropic", "ollama")
BREAKER = "llm-breaker"
BREAKER_SECONDS = 60


class LLMUnavailable(Exception):
    """The model did not give a usable answer. The passage itself is quoted instead."""


def is_configured() -> bool:
    return bool(settings.LLM_PROVIDER)


def get_llm() -> LLM:
    """The configured provider's model. Raises ImproperlyConfigured with what to set."""
    provider = settings.LLM_PROVIDER
    if provider not in PROVIDERS:
        raise ImproperlyConfigured(f"LLM_PROVIDER must be one of {', '.join(PROVIDERS)} or empty, not {provider!r}.")
    if not settings.LLM_MODEL:
        raise ImproperlyConfigured("Set LLM_MODEL to the name of the model to use.")
    return {"openai": _openai, "anthropic": _anthropic, "ollama": _ollama}[provider]()


def _openai() -> LLM:
    """Any server that speaks OpenAI's wire format."""
    from llama_index.llms.openai_like import OpenAILike

    return OpenAILike(
        model=settings.LLM_MODEL,
        api_key=settings.LLM_API_KEY or "none",
        api_base=settings.LLM_BASE_URL or "https://api.openai.com/v1",
        is_chat_model=True,
        context_window=16_000,
        temperature=0.0,
        max_tokens=700,
        max_retries=0,
        timeout=settings.LLM_TIMEOUT,
    )


def _anthropic() -> LLM:
    from llama_index.llms.anthropic import Anthropic

    return Anthropic(
        model=settings.LLM_MODEL,
        api_key=settings.LLM_API_KEY,
        base_url=settings.LLM_BASE_URL or None,
        temperature=0.0,
        max_tokens=700,
        max_retries=0,
        timeout=settings.LLM_TIMEOUT,
    )


def _ollama() -> LLM:
    from llama_index.llms.ollama import Ollama

    return Ollama(
        model=settings.LLM_MODEL,
        base_url=settings.LLM_BASE_URL or "http://localhost:11434",
        temperature=0.0,
        context_window=8_000,
        request_timeout=settings.LLM_TIMEOUT,
    )


def trip(error: Exception) -> None:
    """After a failure the model is left alone for a while: customers should not each wait for the same time-out."""
    logger.warning("The language model failed, quoting passages for %s seconds: %s", BREAKER_SECONDS, error)
    cache.set(BREAKER, f"{type(error).__name__}: {error}"[:300], timeout=BREAKER_SECONDS)


def is_tripped() -> bool:
    return cache.get(BREAKER) is not None
