"""Errors as OpenAI's clients read them: a status, and `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

from typing import Any


class ServeError(Exception):
    """A request that cannot be answered: one sentence, with its status and code. `kept`: what was kept all the same."""

    def __init__(
        self, status: int, message: str, code: str | None = None, param: str | None = None, kept: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param, self.kept = status, message, code, param, kept

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        kind = {401: "authentication_error", 429: "rate_limit_error"}.get(self.status)
        kind = kind or ("server_error" if self.status >= 500 else "invalid_request_error")
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return {"error": error | ({"kept": self.kept} if self.kept else {})}


def bad(message: str, param: str | None = None, code: str | None = None) -> ServeError:
    """A request that is wrong in itself."""
    return ServeError(400, message, code, param)


def ending() -> ServeError:
    """The server is going away."""
    return ServeError(503, "The server is ending; ask again when it is back.", "ending")
