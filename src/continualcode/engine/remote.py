"""The engine behind an OpenAI-compatible server: Ollama, vLLM, TGI, a llama.cpp server, a hosted one.

It samples, and that is all: the weights are elsewhere, so it neither scores, nor learns, nor takes an adapter, and says
so in `capabilities`; corrections wait for a night that can train (`agent/queued.py`). Replies are streamed. A server
that is down, busy, silent or breaks off is asked again a few times with growing pauses; what cannot help is one
sentence (`remote_errors.py`). An option that a server does not know (log-probabilities, a seed) is left out from then on.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from continualcode.engine import remote_wire as wire
from continualcode.engine.base import Capabilities, Completion, EngineError, Message, SampleParams, ToolCall
from continualcode.engine.calls import parse_reply
from continualcode.engine.remote_errors import LONGEST_WAIT, Refused, Trouble, package, translated

if TYPE_CHECKING:
    from continualcode.config import Settings

TRIES = 4  # of one request
PAUSE = 1.0  # seconds before the second try; each further one waits twice as long
AT_ONCE = 8  # requests that are on their way together
CONNECT_SECONDS = 10.0
LIST_SECONDS = 20.0  # for the list of models, which nobody can cancel
UNKNOWN_CONTEXT = 32_768  # tokens; of a server that does not say how much its model reads
OPTIONAL = ("logprobs", "seed", "top_p", "temperature")  # left out where a server refuses them
HOSTED = "https://api.openai.com/v1"


class RemoteEngine:
    """See the module docstring. `key_name`: the environment variable that holds the key; `silence`: seconds without a
    word after which a try has failed. Raises EngineError when the server cannot be used: nothing is loaded, so all that
    can be known beforehand is whether it answers, takes the key and has the model."""

    adapter_ref: str | None = None
    capabilities = Capabilities(trains=False, full_distributions=False, teacher_kinds=(), hot_swap=False)

    def __init__(
        self,
        base_url: str = "",
        model: str = "",
        *,
        key_name: str = "OPENAI_API_KEY",
        context_length: int = 0,
        profile: Literal["compact", "full"] = "full",
        silence: float = 120.0,
        tries: int = TRIES,
        pause: float = PAUSE,
    ) -> None:
        openai = package()
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or HOSTED).rstrip("/")
        if not self.base_url.startswith(("http://", "https://")):
            raise EngineError(f"base_url must begin with http:// or https://, not `{self.base_url}`.")
        key = os.environ.get(key_name, "")
        if not key and self.base_url == HOSTED:
            raise EngineError(f"Put your key into {key_name}, or name a server of your own with base_url=….")
        self.profile: Literal["compact", "full"] = profile
        self._key_name, self._silence, self._tries, self._pause = key_name, silence, tries, pause
        self._client = openai.OpenAI(
            base_url=self.base_url, api_key=key or "none", max_retries=0,
            timeout=openai.Timeout(silence, connect=min(silence, CONNECT_SECONDS)),
        )  # fmt: skip
        self._refused: set[str] = set()
        self._limit = "max_tokens"  # newer hosted models want the other name, own servers know this one
        self.model_id = model
        listed = self._listed()
        self.model_id = self._chosen(model, listed)
        told = (listed or {}).get(self.model_id, {}).get("max_model_len")
        self.context_length = context_length or (told if isinstance(told, int) and told > 0 else UNKNOWN_CONTEXT)

    @classmethod
    def from_settings(cls, settings: Settings) -> RemoteEngine:
        """The server and the model that the settings name. Raises EngineError."""
        return cls(
            settings.base_url,
            "" if settings.model_name == "bundled" else settings.model_name,
            key_name=settings.key_name,
            context_length=settings.context_length,
            profile="compact" if settings.profile == "compact" else "full",
            silence=settings.request_seconds,
        )

    @property
    def model_hash(self) -> str:
        """The weights are not here: the address and the model's name stand for their hash."""
        return f"{self.base_url} {self.model_id}"

    # -- what the server has

    def _listed(self) -> dict[str, Mapping[str, Any]] | None:
        """The server's models by name; None when it keeps no list."""

        def ask() -> Any:
            try:
                return self._client.models.with_raw_response.list(
                    timeout=min(self._silence, LIST_SECONDS)
                ).http_response
            except package().NotFoundError:
                return None

        answer = self._tried(lambda: self._translating(ask), lambda: False)
        if answer is None:
            return None
        try:
            rows = answer.json()["data"]
            return {str(row["id"]): row for row in rows}
        except (ValueError, KeyError, TypeError):
            raise EngineError(
                f"What answers at {self.base_url} is not an OpenAI-compatible server; its address often ends in /v1."
            ) from None

    def _chosen(self, model: str, listed: Mapping[str, Any] | None) -> str:
        if listed is None:
            if not model:
                raise EngineError(f"The server at {self.base_url} lists no models; name one with model_name=….")
            return model
        shown = ", ".join(list(listed)[:8]) + (", …" if len(listed) > 8 else "")
        if not model:
            if len(listed) != 1:
                raise EngineError(f"Name one of the server's models with model_name=…; it has: {shown or 'none'}.")
            return next(iter(listed))
        for name in (model, f"{model}:latest"):  # Ollama lists a tag, and takes the name without it
            if name in listed:
                return name
        raise EngineError(f"The server at {self.base_url} has no model {model}; it has: {shown or 'none'}.")

    # -- text and ids

    def encode(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        generation_prompt: bool = True,
    ) -> list[int]:
        """Ids that spell the conversation; see `remote_wire`."""
        return wire.spell(wire.conversation(messages, tools))

    def encode_reply(self, message: Message) -> list[int]:
        return wire.spell(wire.call_text(message.content, message.tool_calls).encode("utf-8", "replace"))

    def decode(self, ids: Sequence[int]) -> str:
        return wire.read(ids).decode("utf-8", "replace")

    def parse(self, text: str) -> tuple[str, tuple[ToolCall, ...], str | None]:
        return parse_reply(text)

    # -- sampling

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        params: SampleParams | Sequence[SampleParams],
        *,
        on_text: Callable[[int, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Completion]:
        """See `engine.base.Engine.sample`; several prompts are asked side by side. How far a seed makes a draw
        repeatable is the server's affair. `logprobs` is empty where the server gives none."""
        each = [params] * len(prompts) if isinstance(params, SampleParams) else list(params)
        streams = range(len(prompts)) if isinstance(params, SampleParams) else [0] * len(prompts)
        stop = cancelled or (lambda: False)

        def one(i: int, prompt: Sequence[int], p: SampleParams, stream: int) -> Completion:
            def show(piece: str) -> None:
                if on_text is not None:
                    on_text(i, piece)

            return self._one(prompt, p, stream, _Shown(show), stop)

        jobs = list(zip(range(len(prompts)), prompts, each, streams, strict=True))
        if len(jobs) <= 1:
            return [one(*job) for job in jobs]
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            return list(pool.map(lambda job: one(*job), jobs))

    def _one(
        self, prompt: Sequence[int], p: SampleParams, stream: int, shown: _Shown, stop: Callable[[], bool]
    ) -> Completion:
        asked = json.loads(self.decode(prompt))

        def ask() -> wire.Reply | None:
            shown.again()
            return self._asked(self._request(asked, p, stream), shown, stop)

        while True:
            try:
                reply = self._tried(ask, stop)
            except Refused as refused:
                if not self._do_without(refused.said):
                    raise
                continue
            return Completion(tuple(prompt), (), (), "", "cancelled") if reply is None else reply.completion(prompt)

    def _request(self, asked: Mapping[str, Any], p: SampleParams, stream: int) -> dict[str, Any]:
        seed = (p.seed * 1_000_003 + stream) & 0x7FFF_FFFF
        options = {"logprobs": True, "seed": seed, "top_p": p.top_p, "temperature": p.temperature}
        wanted = {name: value for name, value in options.items() if name not in self._refused}
        return {"model": self.model_id, **asked, self._limit: p.max_new_tokens, **wanted}

    def _do_without(self, said: str) -> bool:
        """Leave out what the server says it does not know; whether there is something left to try."""
        words = said.lower()
        if "max_completion_tokens" in words and self._limit == "max_tokens":
            self._limit = "max_completion_tokens"
            return True
        named = {name for name in OPTIONAL if name in words} - self._refused
        self._refused |= named
        return bool(named)

    # -- one request

    def _tried(self, ask: Callable[[], Any], stop: Callable[[], bool]) -> Any:
        """What `ask` gives, asked again after a Trouble; None when it was stopped meanwhile. Raises EngineError."""
        for attempt in range(1, self._tries + 1):
            try:
                return ask()
            except Trouble as trouble:
                pause = trouble.after if trouble.after is not None else self._pause * 2 ** (attempt - 1)
                if pause > LONGEST_WAIT:
                    raise EngineError(
                        f"The server at {self.base_url} asks to wait {pause / 60:.0f} minutes ({trouble}); ask again then."
                    ) from None
                if attempt == self._tries:
                    raise EngineError(
                        f"The server at {self.base_url} failed {attempt} times ({trouble}); nothing is lost, ask again "
                        "when it answers."
                    ) from None
            until = time.monotonic() + pause
            while (left := until - time.monotonic()) > 0:
                if stop():
                    return None
                time.sleep(min(left, 0.05))
        raise AssertionError("unreachable: the last try returns or raises")

    def _translating(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except Exception as error:
            found = translated(error, self.base_url, self.model_id or "…", self._key_name)
            if found is error:
                raise
            raise found from None

    def _asked(self, request: Mapping[str, Any], shown: _Shown, stop: Callable[[], bool]) -> wire.Reply | None:
        """One try: the reply, None when `stop` said so. A thread reads, so that neither a silent server nor one that
        sends nothing but signs of life keeps us waiting. Raises Trouble or EngineError."""
        pieces: queue.SimpleQueue[Mapping[str, Any] | BaseException | None] = queue.SimpleQueue()
        left = threading.Event()
        threading.Thread(target=self._read, args=(request, pieces, left), daemon=True).start()
        reply, heard = wire.Reply(), time.monotonic()
        try:
            while True:
                if stop():
                    return None
                try:
                    piece = pieces.get(timeout=0.05)
                except queue.Empty:
                    if time.monotonic() - heard > self._silence:
                        raise Trouble(f"it said nothing for {self._silence:.0f} s") from None
                    continue
                heard = time.monotonic()
                if isinstance(piece, BaseException):
                    raise piece
                if piece is None:
                    raise Trouble("the connection broke off within the answer")
                shown.take(reply.take(piece))
                if reply.finish:
                    return reply
        finally:
            left.set()

    def _read(self, request: Mapping[str, Any], pieces: queue.SimpleQueue[Any], left: threading.Event) -> None:
        """The chunks of one streamed reply into `pieces`, then None or what went wrong; until `left` is set."""

        def work() -> None:
            with self._client.chat.completions.create(**request, stream=True) as stream:
                kind = stream.response.headers.get("content-type", "")
                if "json" in kind:  # a server that does not stream
                    pieces.put(_object(_whole(stream.response)))
                elif "event-stream" not in kind:
                    raise EngineError(
                        f"What answers at {self.base_url} is not an OpenAI-compatible server: it sent "
                        f"{kind.partition(';')[0] or 'data of no kind'}."
                    )
                else:
                    for chunk in stream:
                        pieces.put(_object(chunk.to_dict() if hasattr(chunk, "to_dict") else chunk))
                        if left.is_set():
                            return

        try:
            self._translating(work)
            pieces.put(None)
        except BaseException as error:  # handed to the thread that waits
            pieces.put(error)

    # -- what needs weights

    def score(self, items: Any, *, top_k: int = 0) -> NoReturn:
        raise EngineError("A server gives no log-probabilities of a given text; use engine=local.")

    def learn(self, examples: Any, loss: Any) -> NoReturn:
        raise EngineError("A server's weights cannot be trained from here; use engine=local, or enable_training=false.")

    def mark_reference(self) -> None:
        return None

    def snapshot(self) -> None:
        return None

    def restore(self, snapshot: Any) -> None:
        return None

    @contextmanager
    def adapter_disabled(self) -> Iterator[None]:
        yield

    def save_state(self, folder: Path) -> NoReturn:
        raise EngineError("A server's weights cannot be saved from here; use engine=local.")

    def save_adapter(self, folder: Path) -> NoReturn:
        raise EngineError("A server's weights cannot be saved from here; use engine=local.")

    def load_state(self, folder: Path) -> NoReturn:
        raise EngineError("A server takes no adapter from here; use adapter=current or engine=local.")

    def load_adapter(self, folder: Path | None) -> None:
        if folder is not None:
            raise EngineError("A server takes no adapter from here; use adapter=current or engine=local.")

    def fresh_adapter(self, *, rank: int, alpha: float, targets: Sequence[str], seed: int) -> NoReturn:
        raise EngineError("A server takes no adapter from here; use engine=local.")


class _Shown:
    """What the user was shown of a reply. A try that is made again shows only what is new; where it says something
    else, it begins on a new line."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._before, self._now = "", ""

    def again(self) -> None:
        """A try begins."""
        self._before, self._now = max(self._before, self._now, key=len), ""

    def take(self, piece: str) -> None:
        """A piece of the try under way."""
        if not piece:
            return
        self._now += piece
        if self._before.startswith(self._now):
            return
        if not self._before:
            self._show(piece)
            return
        fresh = self._now.startswith(self._before)
        self._show(self._now[len(self._before) :] if fresh else f"\n{self._now}")
        self._before = ""


def _whole(response: Any) -> Any:
    """The JSON of an answer that came in one piece. Raises Trouble, ValueError."""
    try:
        response.read()
    except Exception as error:  # whatever the transport below the client raises
        raise Trouble(f"the connection broke off ({type(error).__name__})") from None
    return response.json()


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Trouble("its answer cannot be read")
    return value
