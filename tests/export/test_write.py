"""Exports of the bundled model: each is read again by its reader, and one that is wrong is not left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from continualcode.cli.app import run
from continualcode.config import Settings
from continualcode.engine.base import EngineError
from continualcode.engine.local import LocalEngine
from continualcode.export import gguf_files, readers, reference, write
from continualcode.export.reference import ExportError
from continualcode.store import Store, now
from continualcode.store.records import AdapterRecord

NEAR = 1e-3  # nats; the largest we saw is 5e-6, and llama.cpp's own arithmetic differs more
FILES = {
    "peft": {"adapter_config.json", "adapter_model.safetensors", "chat_template.jinja", "tokenizer.json"},
    "merged": {"config.json", "model.safetensors", "chat_template.jinja", "tokenizer.json"},
    "gguf": {"base.gguf", "adapter.gguf", "merged.gguf"},
    "ollama": {"base.gguf", "adapter.gguf", "Modelfile"},
    "vllm": {"ad_1/adapter_config.json", "ad_1/chat_template.jinja", "calls.json", "load.py"},
}


def inside(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("format", write.FORMATS)
def test_every_format_is_read_again_and_agrees(format: str, version: Path, settings: Settings, tmp_path: Path) -> None:
    done = write.export("ad_1", version, format, tmp_path / "out", settings)
    assert inside(tmp_path / "out") >= FILES[format]
    assert {part.weights for part in done.parts} == {"default"}
    for part in done.parts:
        assert (tmp_path / "out" / part.path).exists()
        assert part.readers and all(r.tokens > 100 and r.worst <= NEAR for r in part.readers)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("format, places", [("peft", {".", "routes/mismatch"}), ("vllm", {"ad_3", "ad_3-mismatch"})])
def test_routes_are_exported_one_by_one(
    format: str, places: set[str], routed: Path, settings: Settings, tmp_path: Path
) -> None:
    done = write.export("ad_3", routed, format, tmp_path / "out", settings)
    assert {part.weights for part in done.parts} == {"default", "mismatch"}
    assert {part.path for part in done.parts} == places
    assert any("routes" in note and "mismatch" in note for note in done.notes)
    assert json.loads((tmp_path / "out" / "routes.json").read_text())["table"]
    one, other = ((tmp_path / "out" / p / "adapter_model.safetensors").read_bytes() for p in sorted(places))
    assert one != other


def test_an_export_with_other_weights_is_refused_and_nothing_is_left(
    version: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = gguf_files.write_adapter
    monkeypatch.setattr(gguf_files, "write_adapter", lambda t, alpha, f, n: right(t, 2 * alpha, f, n))
    with pytest.raises(ExportError, match="other weights"):
        write.export("ad_1", version, "ollama", tmp_path / "out", settings)
    assert not list(tmp_path.iterdir())


def test_a_reader_of_other_weights_sees_it(engine: LocalEngine, version: Path) -> None:
    engine.load_adapter(version)
    asked = reference.of(engine)
    with pytest.raises(ExportError, match="other weights"):
        reference.compare(
            "itself", asked, readers.scored(readers.causal(engine.folder, engine.causal.dtype), asked.items)
        )
    with pytest.raises(ExportError, match="every token"):
        reference.compare("itself", asked, asked.logprobs[:-1])


def test_a_chat_template_that_writes_other_prompts_is_seen(engine: LocalEngine, version: Path, tmp_path: Path) -> None:
    engine.load_adapter(version)
    asked = reference.of(engine)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / file).write_bytes((engine.folder / file).read_bytes())
    template = (engine.folder / "chat_template.jinja").read_text()
    (tmp_path / "chat_template.jinja").write_text(template)
    readers.require_template(tmp_path, asked)
    (tmp_path / "chat_template.jinja").write_text(template.replace("<|im_end|>\\n", "<|im_end|>"))
    with pytest.raises(ExportError, match="chat template"):
        readers.require_template(tmp_path, asked)


def test_bad_input_is_one_sentence(
    version: Path, engine: LocalEngine, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ExportError, match="no format onnx"):
        write.export("ad_1", version, "onnx", tmp_path / "out", settings)
    (tmp_path / "there").mkdir()
    with pytest.raises(ExportError, match="exists already"):
        write.export("ad_1", version, "peft", tmp_path / "there", settings)
    with pytest.raises(ExportError, match="quantization=none"):
        write.export("ad_1", version, "peft", tmp_path / "out", settings.replace(quantization="4bit"))
    note = json.loads((version / "continualcode.json").read_text())
    other = tmp_path / "other"
    other.mkdir()
    for file in version.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    (other / "continualcode.json").write_text(json.dumps({**note, "base": {**note["base"], "hash": "0" * 64}}))
    with pytest.raises(EngineError, match="another base model"):
        write.export("ad_1", other, "merged", tmp_path / "out", settings)
    assert run(["adapters", "export", "ad_9", "--out", str(tmp_path / "out"), f"home={tmp_path / 'home'}"]) == 2
    assert "no adapter ad_9" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_was_compared(
    version: Path, engine: LocalEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    folder = home / "adapters" / "ad_1"
    folder.mkdir(parents=True)
    for file in version.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    record = AdapterRecord(
        "ad_1", None, "bundled", engine.model_hash, "adapters/ad_1", "d", "lesson", "candidate", {}, [], now()
    )
    with Store(home / "store.db") as store:
        store.add_adapter(record)
    words = ["adapters", "export", "ad", "--out", str(tmp_path / "out"), f"home={home}", "threads=1", "--json"]
    assert run(words) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["version"], answer["format"], answer["path"]) == ("ad_1", "peft", str(tmp_path / "out"))
    assert answer["parts"][0]["readers"][0]["reader"] == "peft" and answer["parts"][0]["readers"][0]["worst"] < NEAR
    assert run(words) == 2 and "exists already" in capsys.readouterr().err


class _Vllm(BaseHTTPRequestHandler):
    """Stands in for a vLLM server: writes down what it is asked, refuses an adapter whose folder it cannot see."""

    asked: list[tuple[str, dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body))
        fine = "lora_path" not in body or (Path(body["lora_path"]) / "adapter_config.json").is_file()
        self.send_response(200 if fine else 404)
        self.end_headers()
        self.wfile.write(b"done" if fine else b"no such folder")

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_vllms_calls_load_the_new_name_and_then_unload_the_old(
    routed: Path, settings: Settings, tmp_path: Path
) -> None:
    write.export("ad_3", routed, "vllm", tmp_path / "out", settings)
    server = HTTPServer(("127.0.0.1", 0), _Vllm)
    Thread(target=server.serve_forever, daemon=True).start()
    _Vllm.asked.clear()
    address = f"http://127.0.0.1:{server.server_port}"
    script = [sys.executable, str(tmp_path / "out" / "load.py"), address]
    try:
        done = subprocess.run([*script, "--unload", "ad_1"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        names = [(path.rpartition("/")[2], body["lora_name"]) for path, body in _Vllm.asked]
        assert names == [
            ("load_lora_adapter", "ad_3"),
            ("load_lora_adapter", "ad_3-mismatch"),
            ("unload_lora_adapter", "ad_1"),
        ]
        (tmp_path / "out" / "ad_3" / "adapter_config.json").unlink()
        done = subprocess.run(script, capture_output=True, text=True)
        assert done.returncode == 1 and "vLLM answered 404" in done.stderr and "Traceback" not in done.stderr
    finally:
        server.shutdown()
        server.server_close()
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 1 and "does not answer" in done.stderr and "Traceback" not in done.stderr
