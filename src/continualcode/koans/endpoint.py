"""A stronger model behind an HTTP endpoint: one question, one answer, and what it costs.

Two kinds of endpoint, each through its maker's own package (`pip install 'continualcode[distill]'`): `openai` is
every OpenAI-compatible server (vLLM, llama.cpp, Ollama, a hosted one), `anthropic` the Messages API. Busy servers
(429, 5xx, nobody listening) and answers lost on the way are tried again, as late as `Retry-After` asks or with
growing pauses. `Purse` counts before it lets anything be sent: a question goes out only if its worst case still
fits into the limits, and an answer that was lost counts at its worst, for it may have been charged.
"""

from __future__ import annotations

import email.utils
import importlib
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from continualcode.errors import UserError

TRIES = 7  # of one question
LONGEST_PAUSE = 60.0  # seconds between tries, unless the server asks for more
LONGEST_WAIT = 600.0  # seconds that a server may ask for; beyond that one comes back another day
_SECONDS = 300.0  # limit of one answer
_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


class EndpointError(UserError):
    """The endpoint cannot be used, or not now: one sentence. What was kept stays kept."""


class Spent(Exception):
    """The next question might go beyond a limit; `limit` is `max_cost` or `max_tokens`."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(frozen=True)
class Answer:
    """What came back, and its tokens as the server counted them (our upper bound where it did not)."""

    text: str
    tokens_in: int
    tokens_out: int


class Trouble(Exception):
    """One try that failed and may be repeated. `lost`: the question was sent, so it may have been charged."""

    def __init__(self, why: str, *, lost: bool, after: float | None = None) -> None:
        super().__init__(why)
        self.lost, self.after = lost, after


class Endpoint(Protocol):
    """Who is asked. One try: raises Trouble, or EndpointError when trying again is of no use."""

    model: str

    def ask(self, system: str, user: str, most_tokens: int) -> Answer: ...


@dataclass
class Purse:
    """Tokens used so far against the limits. Prices: USD for a million tokens. `lost_in`, `lost_out`: worst cases
    of answers that never came."""

    price_in: float = 0.0
    price_out: float = 0.0
    max_cost: float | None = None
    max_tokens: int | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    lost_in: int = 0
    lost_out: int = 0

    @property
    def cost(self) -> float:
        """USD, lost answers at their worst."""
        return self._cost(self.tokens_in + self.lost_in, self.tokens_out + self.lost_out)

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.lost_in + self.tokens_out + self.lost_out

    def _cost(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6

    def allow(self, worst_in: int, worst_out: int) -> None:
        """Raises Spent when so many more tokens would go beyond a limit."""
        if self.max_cost is not None and self.cost + self._cost(worst_in, worst_out) > self.max_cost:
            raise Spent("max_cost")
        if self.max_tokens is not None and self.tokens + worst_in + worst_out > self.max_tokens:
            raise Spent("max_tokens")


def most_tokens_in(*texts: str) -> int:
    """An upper bound of a prompt's tokens: no tokenizer makes more than one of a byte; 64 for the roles."""
    return 64 + sum(len(text.encode()) for text in texts)


def ask(
    endpoint: Endpoint,
    purse: Purse,
    system: str,
    user: str,
    most_tokens: int,
    *,
    sent: Callable[[int, int], None] = lambda worst_in, worst_out: None,
    came: Callable[[Answer | None, bool], None] = lambda answer, lost: None,
    say: Callable[[str], None] = lambda text: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """One answer, tried up to TRIES times. `sent(worst_in, worst_out)` is called before each try, `came(answer,
    lost)` behind it. Raises Spent before a try that the purse does not allow, EndpointError when no try helped."""
    worst_in = most_tokens_in(system, user)
    for attempt in range(1, TRIES + 1):
        purse.allow(worst_in, most_tokens)
        sent(worst_in, most_tokens)
        try:
            answer = endpoint.ask(system, user, most_tokens)
        except Trouble as trouble:
            if trouble.lost:
                purse.lost_in += worst_in
                purse.lost_out += most_tokens
            came(None, trouble.lost)
            if attempt == TRIES:
                raise EndpointError(f"The endpoint failed {TRIES} times ({trouble}); call again to go on.") from None
            pause = trouble.after
            if pause is None:
                pause = min(LONGEST_PAUSE, 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)
            if pause > LONGEST_WAIT:
                raise EndpointError(
                    f"The endpoint asks to wait {pause / 60:.0f} minutes ({trouble}); call again then."
                ) from None
            say(f"{trouble}; trying again in {pause:.1f} s")
            sleep(pause)
        except EndpointError:
            came(None, False)
            raise
        except BaseException:  # Ctrl-C while the answer was on its way
            purse.lost_in += worst_in
            purse.lost_out += most_tokens
            came(None, True)
            raise
        else:
            purse.tokens_in += answer.tokens_in
            purse.tokens_out += answer.tokens_out
            came(answer, False)
            return answer
    raise AssertionError("unreachable: the last try returns or raises")


def connect(api: str, model: str, base_url: str | None = None, key_name: str | None = None) -> Endpoint:
    """The endpoint; nothing is sent yet. Without `base_url`, OPENAI_BASE_URL or ANTHROPIC_BASE_URL is looked at. The key is taken from the environment variable `key_name`
    (OPENAI_API_KEY or ANTHROPIC_API_KEY unless given); an own server may do without. Raises EndpointError."""
    if api not in _KEYS:
        raise EndpointError(f"There is no api `{api}`: give openai or anthropic.")
    base_url = base_url or os.environ.get(f"{api.upper()}_BASE_URL") or None
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise EndpointError(f"--base-url must begin with http:// or https://, not `{base_url}`.")
    name = key_name or _KEYS[api]
    key = os.environ.get(name, "")
    if not key and (base_url is None or key_name is not None):
        raise EndpointError(f"Set {name}, or name an own server with --base-url.")
    try:
        package = importlib.import_module(api)
    except ImportError:
        raise EndpointError(
            f"The package {api} is not installed: pip install 'continualcode[distill]' (or {api})."
        ) from None
    made = {"openai": OpenAIEndpoint, "anthropic": AnthropicEndpoint}[api]
    return made(package, model, base_url, key or "none")


class OpenAIEndpoint:
    """Chat completions."""

    def __init__(self, package: Any, model: str, base_url: str | None, key: str) -> None:
        self.package, self.model = package, model
        self.client = package.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=_SECONDS)
        self.limit = "max_tokens"  # newer hosted models want the other name, own servers know this one

    def ask(self, system: str, user: str, most_tokens: int) -> Answer:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        try:
            said = self._create(messages, most_tokens)
        except EndpointError as error:
            if self.limit != "max_tokens" or "max_completion_tokens" not in str(error):
                raise
            self.limit = "max_completion_tokens"
            said = self._create(messages, most_tokens)
        choices = getattr(said, "choices", None)
        if not isinstance(choices, list) or not choices:
            raise Trouble("the endpoint's answer holds no text", lost=True)
        return _answer(
            getattr(getattr(choices[0], "message", None), "content", None) or "",
            getattr(said, "usage", None),
            ("prompt_tokens", "completion_tokens"),
            most_tokens_in(system, user),
            most_tokens,
        )

    def _create(self, messages: list[dict[str, str]], most_tokens: int) -> Any:
        return _tried(
            self.package,
            lambda: self.client.chat.completions.create(
                model=self.model, messages=messages, **{self.limit: most_tokens}
            ),
        )


class AnthropicEndpoint:
    """The Messages API."""

    def __init__(self, package: Any, model: str, base_url: str | None, key: str) -> None:
        self.package, self.model = package, model
        self.client = package.Anthropic(base_url=base_url, api_key=key, max_retries=0, timeout=_SECONDS)

    def ask(self, system: str, user: str, most_tokens: int) -> Answer:
        said = _tried(
            self.package,
            lambda: self.client.messages.create(
                model=self.model, system=system, messages=[{"role": "user", "content": user}], max_tokens=most_tokens
            ),
        )
        blocks = getattr(said, "content", None)
        if not isinstance(blocks, list):
            raise Trouble("the endpoint's answer holds no text", lost=True)
        return _answer(
            "".join(str(getattr(block, "text", None) or "") for block in blocks),
            getattr(said, "usage", None),
            ("input_tokens", "output_tokens"),
            most_tokens_in(system, user),
            most_tokens,
        )


def _answer(text: str, usage: Any, names: tuple[str, str], most_in: int, most_out: int) -> Answer:
    counts = [getattr(usage, name, None) for name in names]
    tokens_in, tokens_out = (c if isinstance(c, int) and c >= 0 else None for c in counts)
    text = text if isinstance(text, str) else ""
    return Answer(
        text,
        most_in if tokens_in is None else tokens_in,
        min(most_out, len(text.encode()) + 1) if tokens_out is None else tokens_out,
    )


def _tried(package: Any, create: Callable[[], Any]) -> Any:
    """What `create` gives; the package's errors as ours."""
    try:
        return create()
    except package.APIStatusError as error:
        status, said = error.status_code, _said(error)
        if "insufficient_quota" in said or (status < 500 and status not in (408, 409, 425, 429)):
            hint = " (does --base-url want /v1 at its end?)" if status == 404 else ""
            raise EndpointError(f"The endpoint refused with {status}: {said}{hint}") from None
        raise Trouble(
            f"the endpoint answered {status}", lost=False, after=retry_after(error.response.headers)
        ) from None
    except package.APIConnectionError as error:
        cause = type(error.__cause__).__name__ if error.__cause__ else ""
        if cause in ("ConnectError", "ConnectTimeout"):
            raise Trouble("the endpoint cannot be reached", lost=False) from None
        raise Trouble(f"the connection broke off ({cause or 'no answer'})", lost=True) from None
    except (package.APIError, ValueError) as error:
        raise Trouble(f"the endpoint's answer cannot be read ({type(error).__name__})", lost=True) from None


def _said(error: Any) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            return f"{inner.get('message') or inner} {inner.get('code') or ''}".strip()[:300]
    return str(error)[:300]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a `Retry-After` asks for (a number or a date; `retry-after-ms` too), None without one."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
            except ValueError:
                continue
        if seconds == seconds:  # not NaN
            return max(0.0, seconds)
    return None
