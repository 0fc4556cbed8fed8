"""What can go wrong between us and a model server, as sentences: which of it may pass, and which may not."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from continualcode.engine.base import EngineError

LONGEST_WAIT = 60.0  # seconds that a server may ask for before we give up
SHOWN = 200  # characters of what a server says


class Trouble(Exception):
    """A try that failed and may be made again; `after`: seconds that the server asks to wait."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Refused(EngineError):
    """The server refuses the request itself (400, 422); `said` is its own word."""

    def __init__(self, sentence: str, said: str) -> None:
        super().__init__(sentence)
        self.said = said


def package() -> Any:
    """The official client. Raises EngineError when it is not installed."""
    try:
        return importlib.import_module("openai")
    except ImportError:
        raise EngineError(
            "engine=openai needs the package openai: pip install openai (or 'continualcode[distill]')."
        ) from None


def translated(error: Any, where: str, model: str, key_name: str) -> Exception:
    """A client's exception as Trouble or EngineError; what is neither comes back as it is. `where`: the server's
    address."""
    openai = package()
    if isinstance(error, openai.APIStatusError):
        return _status(error.status_code, error, where, model, key_name)
    if isinstance(error, openai.APITimeoutError):
        return Trouble("it gave no answer in time")
    if isinstance(error, openai.APIConnectionError):
        cause = type(error.__cause__).__name__ if error.__cause__ else ""
        if cause in ("ConnectError", "ConnectTimeout"):
            return Trouble("nobody answers there; is the server running?")
        return Trouble("the connection broke off")
    if isinstance(error, openai.APIError):
        return Trouble(f"it reported an error within its answer: {said(error)}")
    if isinstance(error, ValueError):  # what parsing junk raises
        return Trouble("its answer cannot be read")
    return error


def _status(status: int, error: Any, where: str, model: str, key_name: str) -> Exception:
    words = said(error)
    if status in (401, 403):
        return EngineError(f"The server at {where} refuses the key ({words}); put the right one into {key_name}.")
    if "insufficient_quota" in words:
        return EngineError(f"The account at {where} has no quota left: {words}")
    if status == 404:
        return EngineError(
            f"The server at {where} knows no model {model} ({words}); look at its list, or put /v1 at the end of base_url."
        )
    if status in (408, 409, 425, 429) or status >= 500:
        return Trouble(f"it answered {status}: {words}", retry_after(error.response.headers))
    if status in (400, 413, 422) and ("context" in words.lower() or status == 413):
        return Refused(
            f"The conversation is longer than {model} at {where} reads ({words}); start afresh, or set context_length.",
            words,
        )
    return Refused(f"The server at {where} refused the request with {status}: {words}", words)


def said(error: Any) -> str:
    """What a server says of an error, in one line; of a page in HTML nothing but that it is one."""
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        words = inner.get("message") or inner.get("detail") or inner if isinstance(inner, Mapping) else inner
        code = inner.get("code") if isinstance(inner, Mapping) else None
        text = f"{words} {code}" if isinstance(code, str) and code not in str(words) else str(words)
    else:
        text = str(body or error)
    text = " ".join(text.split())
    if text[:200].lstrip().lower().startswith(("<!doctype", "<html", "error code: 5")):
        return "a web page"
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait, None when it does not say (or says it as a date)."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if seconds >= 0:
            return seconds
    return None
