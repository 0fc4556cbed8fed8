"""`adapters export`: a version's weights in another program's format, all of it or nothing.

A version with routes holds several weights: the default ones and one for each route. Each is exported and each is
compared with the source by its reader (see `reference`), the default ones at the top, a route under `routes/NAME`.
"""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.agent import routes
from continualcode.export import gguf_files, llama, ollama, readers, reference, vllm
from continualcode.export.reference import Compared, ExportError, Reference

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.engine.local import LocalEngine

FORMATS = ("peft", "merged", "gguf", "ollama", "vllm")
_OF_TOKENIZERS = ("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "*.jinja")


@dataclass(frozen=True)
class Part:
    """One set of weights in an export. `weights`: `default` or a route's name; `path`: relative to the export;
    `readers`: who loaded it again, and how near it came."""

    weights: str
    path: str
    readers: tuple[Compared, ...]


@dataclass(frozen=True)
class Exported:
    """What was written. `notes`: what a user should know, one sentence each."""

    version: str
    format: str
    path: Path
    parts: tuple[Part, ...]
    notes: tuple[str, ...]


def export(version: str, source: Path, format: str, out: Path, settings: Settings) -> Exported:
    """Export the version whose files are in `source` to the new folder `out`. Raises ExportError or EngineError (an
    unknown format, a folder that exists, another base, a reader that sees other weights); then nothing is left."""
    if format not in FORMATS:
        raise ExportError(f"There is no format {format}; there are {', '.join(FORMATS)}.")
    if out.exists():
        raise ExportError(f"{out} exists already; name a folder that does not.")
    if settings.quantization != "none":
        raise ExportError("Exports are made from weights as they are; leave quantization=none.")
    from continualcode.engine.adapter import new_folder
    from continualcode.engine.local import LocalEngine

    engine = LocalEngine.from_settings(settings.replace(device="cpu"))
    if format in ("gguf", "ollama"):
        gguf_files.require(engine.causal)
    if format == "ollama":
        ollama.require_template(getattr(engine.tokenizer, "chat_template", None))
    table = routes.read(source)
    weights = {"default": source} | {n: source / "routes" / n for n in sorted(set(table.table.values()))}
    with new_folder(out) as folder:
        job = _Job(version, engine, folder, weights)
        parts = {"peft": job.peft, "merged": job.merged, "gguf": job.gguf, "ollama": job.ollama, "vllm": job.vllm}
        done = parts[format]()
        if table.table:
            shutil.copyfile(source / routes.FILE, folder / routes.FILE)
    return Exported(version, format, out, tuple(done), tuple(job.notes))


class _Job:
    """One export on its way: `folder` becomes the export, `weights` are the folders of what is exported, by name."""

    def __init__(self, version: str, engine: LocalEngine, folder: Path, weights: dict[str, Path]) -> None:
        self.version, self.engine, self.folder, self.weights = version, engine, folder, weights
        self.notes: list[str] = []
        if len(weights) > 1:
            names = ", ".join(n for n in weights if n != "default")
            self.notes.append(f"The version has routes: exported were the default weights and {names}.")

    def peft(self) -> list[Part]:
        """The version's own files, with the tokenizer and the chat template beside them."""
        return [self._peft(name, self._place(name)) for name in self.weights]

    def vllm(self) -> list[Part]:
        """PEFT folders under names of their own, and the calls that load them."""
        called = {n: self.version if n == "default" else f"{self.version}-{n}" for n in self.weights}
        done = [self._peft(name, self.folder / called[name]) for name in self.weights]
        ranks = [json.loads((self.folder / c / "adapter_config.json").read_text())["r"] for c in called.values()]
        vllm.write_calls(self.folder, list(called.values()), max(ranks))
        self.notes.append("vLLM was not run: peft read what it takes.")
        return done

    def merged(self) -> list[Part]:
        """Plain model folders with the adapter folded in."""
        done: list[Part] = []
        for name in self.weights:
            asked, place = self._load(name), self._place(name)
            self._folded(name).save_pretrained(place)
            self._tokenizer_to(place)
            read = readers.by_transformers(place, self.engine.causal.dtype, asked)
            done.append(Part(name, self._shown(place), (read,)))
        return done

    def gguf(self) -> list[Part]:
        """The base, and for each weights the LoRA alone and the merged model."""
        base = self._base_file()
        done: list[Part] = []
        for name in self.weights:
            asked, place = self._load(name), self._place(name)
            lora, whole = place / "adapter.gguf", place / "merged.gguf"
            self._lora_to(name, lora)
            self._model_to(self._folded(name), whole)
            done.append(Part(name, self._shown(lora), self._read_lora(base, lora, asked)))
            done.append(Part(name, self._shown(whole), self._read_model(whole, asked)))
        return done

    def ollama(self) -> list[Part]:
        """The base and the LoRA as GGUF, and a Modelfile that puts one on the other."""
        base = self._base_file()
        done: list[Part] = []
        for name in self.weights:
            asked, place = self._load(name), self._place(name)
            lora = place / "adapter.gguf"
            self._lora_to(name, lora)
            up = "./" if name == "default" else "../../"
            text = ollama.modelfile(
                f"{up}{base.name}", "./adapter.gguf", self.engine.context_length, str(self.engine.tokenizer.eos_token)
            )
            (place / "Modelfile").write_text(text, encoding="utf-8")
            done.append(Part(name, self._shown(place / "Modelfile"), self._read_lora(base, lora, asked)))
        self.notes.append("Ollama was not run: what its Modelfile names was read by others.")
        return done

    # -- the pieces

    def _place(self, name: str) -> Path:
        place = self.folder if name == "default" else self.folder / "routes" / name
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _shown(self, place: Path) -> str:
        return str(place.relative_to(self.folder))

    def _load(self, name: str) -> Reference:
        """Put some weights into the engine; what exports of them are held against."""
        self.engine.load_adapter(self.weights[name])
        return reference.of(self.engine)

    def _peft(self, name: str, place: Path) -> Part:
        asked = self._load(name)
        place.mkdir(parents=True, exist_ok=True)
        for file in sorted(self.weights[name].iterdir()):
            if file.is_file() and file.name != routes.FILE:
                shutil.copyfile(file, place / file.name)
        config = place / "adapter_config.json"
        described = json.loads(config.read_text(encoding="utf-8"))
        base = self.engine.model_id  # a hub's name says it anywhere, a path on this machine alone
        hub = base.count("/") == 1 and not Path(base).exists()
        described["base_model_name_or_path"] = base if hub else str(self.engine.folder)
        config.write_text(json.dumps(described, indent=2, sort_keys=True), encoding="utf-8")
        self._tokenizer_to(place)
        read = readers.by_peft(self.engine.folder, place, self.engine.causal.dtype, asked)
        return Part(name, self._shown(place), (read,))

    def _tokenizer_to(self, place: Path) -> None:
        for pattern in _OF_TOKENIZERS:
            for file in sorted(self.engine.folder.glob(pattern)):
                shutil.copyfile(file, place / file.name)

    def _folded(self, name: str) -> Any:
        """A copy of the base with the adapter folded in, of transformers' own class."""
        from peft import PeftModel

        base = readers.causal(self.engine.folder, self.engine.causal.dtype)
        with warnings.catch_warnings():  # of transformers about itself
            warnings.simplefilter("ignore")
            model: Any = PeftModel.from_pretrained(base, str(self.weights[name]))
            return model.merge_and_unload()

    def _base_file(self) -> Path:
        """The base model as GGUF, compared like the rest."""
        file = self.folder / "base.gguf"
        self.engine.load_adapter(None)
        asked = reference.of(self.engine)
        self._model_to(readers.causal(self.engine.folder, self.engine.causal.dtype), file)
        self._read_model(file, asked)
        if llama.interpreter() is None:
            self.notes.append(
                "llama.cpp is not here (scripts/peers.sh llama-cpp): transformers read the models, and the adapter's tensors "
                "were read back."
            )
        return file

    def _model_to(self, causal: Any, file: Path) -> None:
        template = str(getattr(self.engine.tokenizer, "chat_template", None) or "")
        gguf_files.write_model(causal, self.engine.tokenizer, template, file, self.version)

    def _lora_to(self, name: str, file: Path) -> None:
        from continualcode.engine.adapter import read

        shape, tensors = read(self.weights[name], self.engine.model_hash)
        gguf_files.write_adapter(tensors, shape.alpha, file, self.version)

    def _read_model(self, file: Path, asked: Reference) -> tuple[Compared, ...]:
        if llama.interpreter() is not None:
            return (llama.by_llama(file, None, asked),)
        return (readers.by_transformers_gguf(self.engine.folder, file, self.engine.causal.dtype, asked),)

    def _read_lora(self, base: Path, lora: Path, asked: Reference) -> tuple[Compared, ...]:
        if llama.interpreter() is not None:
            return (llama.by_llama(base, lora, asked),)
        return (readers.by_gguf_lora(self.engine.folder, lora, self.engine.causal.dtype, asked),)
