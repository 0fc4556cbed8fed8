"""The routes: `/v1/chat/completions`, `/v1/models`, `/v1/feedback`, `/health`.

Each request but `/health` carries the key. A request waits in line (`line.py`) and is answered by the desk (`desk.py`);
a client that goes away takes its request with it, but not its correction. While a stream waits, comments keep it open.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from continualcode import __version__
from continualcode.agent.loop import Taught
from continualcode.errors import UserError
from continualcode.serve import replies, requests
from continualcode.serve.desk import Desk, Judged
from continualcode.serve.errors import ServeError
from continualcode.serve.line import Job, Line
from continualcode.serve.replies import Answer
from continualcode.serve.requests import Asked
from continualcode.serve.sessions import Session, Sessions

MOST_BYTES = 8 << 20  # of a body
STILL_HERE = 10.0  # seconds of silence after which a stream gets a comment
LOOK = 0.2  # seconds between two looks whether a client is still there


def make(desk: Desk, line: Line, key: str, counts: dict[str, int]) -> FastAPI:
    """The application. `counts`: requests and lessons so far, kept up to date."""
    app = FastAPI(title="continualcode", version=__version__, openapi_url=None)
    sessions = Sessions()
    born = int(time.time())

    @app.exception_handler(ServeError)
    async def refused(_: Request, error: ServeError) -> JSONResponse:
        return _answer(error)

    @app.exception_handler(UserError)
    async def failed(_: Request, error: UserError) -> JSONResponse:
        return _answer(_from_user(error))

    @app.exception_handler(HTTPException)
    async def unknown(_: Request, error: HTTPException) -> JSONResponse:
        return _answer(
            ServeError(error.status_code, f"{error.detail}: see /v1/models, /v1/chat/completions, /v1/feedback.")
        )

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return _answer(ServeError(500, f"The server failed ({type(error).__name__}); its own output says where."))

    def model() -> dict[str, Any]:
        return {
            "id": desk.engine.model_id, "object": "model", "created": born, "owned_by": "continualcode",
            "max_model_len": desk.engine.context_length, "learns": _learns(desk),
        }  # fmt: skip

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "model": desk.engine.model_id, "learns": _learns(desk), "sessions": len(sessions),
                "waiting": line.length, "version": __version__}  # fmt: skip

    @app.get("/v1/models")
    async def models(request: Request) -> dict[str, Any]:
        _admit(request, key)
        return {"object": "list", "data": [model()]}

    @app.get("/v1/models/{name:path}")
    async def one_model(name: str, request: Request) -> dict[str, Any]:
        _admit(request, key)
        _known(name, desk)
        return model()

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Any:
        _admit(request, key)
        asked = requests.chat(await _body(request))
        _known(asked.model, desk)
        session = sessions.get(requests.session_name(request.headers.get("x-session"), asked.user))
        counts["completions"] += 1
        if asked.stream:
            return await _stream(desk, line, session, asked)
        id = _new_id()
        job = line.put(session.name, Job(lambda cancel: desk.complete(session, asked, id, cancel, lambda _: None)))
        answer: Answer = await _while_there(request, job)
        return JSONResponse(answer.body())

    @app.post("/v1/feedback")
    async def feedback(request: Request) -> Any:
        _admit(request, key)
        said = requests.feedback(await _body(request))
        named = request.headers.get("x-session") or said.user
        session, given = sessions.find(said.completion_id, requests.session_name(named, "") if named else None)
        kept = await asyncio.to_thread(desk.keep, session, given, said)
        counts["corrections"] += kept is not None
        job = Job(
            lambda cancel: desk.judge(session, given, said, kept, cancel),
            lambda: desk.later(session, given, said, kept),
        )
        try:
            judged: Judged = await asyncio.shield(_value(line.put(session.name, job).future))
        except ServeError as error:
            if kept is None:
                raise
            raise ServeError(error.status, error.message, error.code, kept=kept.id) from None
        counts["lessons"] += judged.taught is not None
        return JSONResponse(
            {"object": "feedback", "session": session.name, "scope": session.scope, **_shown(judged, desk)}
        )

    return app


# -- who may ask, and what


def _admit(request: Request, key: str) -> None:
    given = request.headers.get("authorization", "").partition("Bearer ")[2].strip()
    if not secrets.compare_digest(given.encode(), key.encode()):
        raise ServeError(401, "The key is missing or wrong; send `Authorization: Bearer KEY`.", "invalid_api_key")


def _known(name: str, desk: Desk) -> None:
    if name != desk.engine.model_id:
        raise ServeError(
            404, f"There is no model {name[:80]} here; it has {desk.engine.model_id}.", "model_not_found", "model"
        )


def _learns(desk: Desk) -> bool:
    return desk.engine.capabilities.trains and desk.settings.enable_training


async def _body(request: Request) -> bytes:
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > MOST_BYTES:
            raise ServeError(413, f"A request may have {MOST_BYTES >> 20} MiB.", "too_large")
    return data


# -- answers


async def _value(future: Future[Any]) -> Any:
    return await asyncio.wrap_future(future)


async def _while_there(request: Request, job: Job) -> Any:
    """The job's value; a client that goes away cuts it off."""
    waiting = asyncio.ensure_future(_value(job.future))
    try:
        while not (await asyncio.wait({waiting}, timeout=LOOK))[0]:
            if await request.is_disconnected():
                raise ServeError(499, "The client went away.")
        return waiting.result()
    finally:
        if not waiting.done():
            job.cancel.set()
            waiting.cancel()


async def _stream(desk: Desk, line: Line, session: Session, asked: Asked) -> StreamingResponse:
    """A streamed answer. It begins when the first word is there, so that what is refused has its status."""
    id, loop = _new_id(), asyncio.get_running_loop()
    growing: asyncio.Queue[str] = asyncio.Queue()

    def show(text: str) -> None:
        loop.call_soon_threadsafe(growing.put_nowait, text)

    job = line.put(session.name, Job(lambda cancel: desk.complete(session, asked, id, cancel, show)))
    whole = asyncio.ensure_future(_value(job.future))
    created = int(time.time())

    async def next_text(seconds: float) -> str | None:
        """The text so far, when it has grown; None when it has not, or when the answer is there."""
        if not growing.empty():
            return growing.get_nowait()
        more = asyncio.ensure_future(growing.get())
        await asyncio.wait({more, whole}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if more.done():
            return more.result()
        more.cancel()
        return None

    async def events() -> AsyncIterator[str]:
        shown = ""
        try:
            yield _event(replies.chunk(id, created, desk.engine.model_id, {"role": "assistant", "content": ""}))
            while not whole.done() or not growing.empty():
                text = await next_text(STILL_HERE)
                if text is None and not whole.done():
                    yield ": waiting\n\n"
                elif text is not None and len(text) > len(shown) and text.startswith(shown):
                    piece, shown = text[len(shown) :], text
                    yield _event(replies.chunk(id, created, desk.engine.model_id, {"content": piece}))
            try:
                answer: Answer = whole.result()
            except (ServeError, UserError) as error:
                yield _event((error if isinstance(error, ServeError) else _from_user(error)).body())
                return
            for chunk in answer.last_chunks(shown, asked.usage):
                yield _event(chunk)
            yield "data: [DONE]\n\n"
        finally:
            job.cancel.set()
            whole.cancel()

    first = asyncio.ensure_future(growing.get())
    try:
        await asyncio.wait({first, whole}, timeout=STILL_HERE, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        job.cancel.set()
        raise
    if first.done():
        growing.put_nowait(first.result())
    else:
        first.cancel()
    if whole.done() and whole.exception() is not None:
        whole.result()
    return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-cache"})


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


def _answer(error: ServeError) -> JSONResponse:
    headers = {"retry-after": "5"} if error.status in (429, 503) else {}
    return JSONResponse(error.body(), error.status, headers)


def _from_user(error: UserError) -> ServeError:
    """What a room below says: the request was well-formed, so it is the server's."""
    return ServeError(500, str(error), "engine")


def _new_id() -> str:
    return f"chatcmpl-{secrets.token_hex(12)}"


def _shown(judged: Judged, desk: Desk) -> dict[str, Any]:
    """What feedback came to, with the lesson's proof as the store has it."""
    return {
        "action": judged.action,
        "correction": judged.correction_id or None,
        "lesson": _lesson(judged.taught, desk) if judged.taught is not None else None,
    }


def _lesson(taught: Taught, desk: Desk) -> dict[str, Any]:
    record = desk.store.get_lesson(taught.lesson_id) if taught.lesson_id else None
    proof = record.proof if record is not None and taught.outcome != "queued" else {}
    return {
        "id": taught.lesson_id or None,
        "outcome": taught.outcome,
        "line": taught.line,
        "seconds": taught.seconds,
        "steps": record.steps if record is not None else 0,
        "drift": record.drift if record is not None else 0.0,
        "proof": {k: v for k, v in proof.items() if isinstance(v, (bool, int, float, str)) or v is None},
    }
