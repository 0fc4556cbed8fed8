"""The line to a Tinker service: who answers there, what it holds, and its troubles as sentences.

The client asks a dead server again without end, so the health page is asked first, and again while a call takes long.
Its log and its telemetry are kept off the terminal.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from continualcode.engine.base import EngineError
from continualcode.engine.remote_errors import said
from continualcode.engine.waiting import wait

HOSTED = "https://tinker.thinkingmachines.dev/services/tinker-prod"
KEY = "TINKER_API_KEY"
HEALTH_SECONDS = 4.0  # for the health page


def package() -> Any:
    """The official client. Raises EngineError when it is not installed."""
    os.environ.setdefault("TINKER_TELEMETRY", "0")
    try:
        return importlib.import_module("tinker")
    except ImportError:
        raise EngineError("engine=tinker needs the package tinker: pip install 'continualcode[tinker]'.") from None


@atexit.register
def _quiet() -> None:
    """The client's sessions close themselves when they are collected, which fails loudly once the interpreter ends."""
    holders = sys.modules.get("tinker.lib.internal_client_holder")
    if holders is not None:
        holders.InternalClientHolder.__del__ = lambda self: None


class Service:
    """`seconds`: the longest that one call may take. `cancelled`: who may stop one (`waiting.heeding`). Raises EngineError
    when there is no key, nobody answers, or the key is refused."""

    def __init__(self, base_url: str = "", *, seconds: float = 600.0) -> None:
        self.tinker = package()
        self.base_url = (base_url or os.environ.get("TINKER_BASE_URL") or HOSTED).rstrip("/")
        self.seconds = seconds
        self.cancelled: Callable[[], bool] = lambda: False
        if not self.base_url.startswith(("http://", "https://")):
            raise EngineError(f"base_url must begin with http:// or https://, not `{self.base_url}`.")
        self._key = os.environ.get(KEY, "")
        if not self._key.startswith("tml-"):
            what = "Put your key into" if not self._key else "Keys of Tinker begin with `tml-`; put yours into"
            raise EngineError(f"{what} {KEY} (a server of your own takes any that begins with `tml-`).")
        logging.getLogger("tinker").setLevel(logging.CRITICAL)
        self.check()
        self.client: Any = self.ask(
            lambda: self.tinker.ServiceClient(base_url=self.base_url, api_key=self._key), "to open a session"
        )

    @property
    def hosted(self) -> bool:
        """Whether this is the maker's own service, not a server of the user's."""
        return self.base_url == HOSTED

    def ask(self, work: Callable[[], Any], what: str) -> Any:
        """What a call of the client gives, its futures waited for; `what` says in words what it is for. Raises EngineError
        (Stopped when the user stopped it)."""
        late = (
            f"The Tinker server at {self.base_url} took longer than {self.seconds:.0f} s {what}; nothing is lost, ask again, "
            "or give it more with request_seconds."
        )
        try:
            return wait(work, cancelled=self.cancelled, seconds=self.seconds, late=late, alive=self.check)
        except EngineError:
            raise
        except Exception as error:
            raise self._sentence(error, what) from None

    def check(self) -> None:
        """Raises EngineError when nobody answers at the health page."""
        import httpx

        try:
            answer = httpx.get(
                f"{self.base_url}/api/v1/healthz", headers={"X-API-Key": self._key}, timeout=HEALTH_SECONDS
            )
        except httpx.TimeoutException:
            raise EngineError(
                f"The Tinker server at {self.base_url} does not answer within {HEALTH_SECONDS:.0f} s; nothing is lost, ask "
                "again when it does."
            ) from None
        except httpx.HTTPError as error:
            raise EngineError(
                f"Nobody answers at {self.base_url} ({type(error).__name__}); is the Tinker server running? Nothing is lost."
            ) from None
        if answer.status_code in (401, 403):
            raise self._refused(f"status {answer.status_code}")
        if answer.status_code >= 500:
            raise EngineError(f"The Tinker server at {self.base_url} is not well: it answers {answer.status_code}.")
        kind = answer.headers.get("content-type", "")
        if answer.status_code != 200 or "json" not in kind:
            raise EngineError(f"What answers at {self.base_url} is not a Tinker server.")

    def models(self) -> dict[str, Mapping[str, Any]]:
        """The models that the service holds, by name, with what it tells of each."""
        told = self.ask(self.client.get_server_capabilities, "to list its models")
        return {str(m.model_name): m.__dict__ for m in told.supported_models if m.model_name}

    def _refused(self, words: str) -> EngineError:
        return EngineError(
            f"The Tinker server at {self.base_url} refuses the key ({words}); put the right one into {KEY}."
        )

    def _sentence(self, error: Exception, what: str) -> EngineError:
        status = getattr(error, "status_code", None)
        words = said(error) if hasattr(error, "body") else " ".join(str(error).split())[:200] or type(error).__name__
        if status in (401, 403):
            return self._refused(words)
        if status == 402:
            return EngineError(f"The account at {self.base_url} is not paid up: {words}")
        return EngineError(f"The Tinker server at {self.base_url} could not be brought {what}: {words}.")
