"""Conversations through templates that know everything and through those that know little; with TRL installed (extra
`dev`), through the real templates of every family that it carries."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from continualcode.engine.base import EngineError, Message, ToolCall
from continualcode.engine.templates import PLAIN, Chat

sys.path.append(str(Path(__file__).parent))
import toys  # noqa: E402  # pyright: ignore[reportMissingImports]

CALL = ToolCall("edit_lines", {"path": "a.rs", "text": 'let s = "é";\n'})
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "edit_lines",
            "description": "Replace lines.",
            "parameters": {"type": "object", "properties": {"path": {"type": "string", "description": "Path."}}},
        },
    }
]
TALK = [
    Message("system", "sysword"),
    Message("user", "askword"),
    Message("assistant", "<think>secret</think>first", (CALL,)),
    Message("tool", "resultword", name="edit_lines"),
    Message("assistant", "half a <call"),
    Message("tool", "complaintword"),
    Message("user", "lastword"),
]
SPOKEN = ("sysword", "Replace lines.", "askword", "a.rs", "resultword", "complaintword", "lastword")


def tokenizer(template: str | None) -> Any:
    from transformers import PreTrainedTokenizerFast

    made = PreTrainedTokenizerFast(
        tokenizer_object=toys.small_tokenizer(), bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    if template:
        made.chat_template = template
    return made


def real() -> list[Any]:
    """TRL's copies of the templates of models, without importing TRL."""
    found = importlib.util.find_spec("trl")
    folder = Path(found.origin).parent / "chat_templates" if found and found.origin else Path("none")
    pictures = ("idefics3", "llava_next", "smolvlm")  # messages are lists of parts there
    files = [f for f in sorted(folder.glob("*.jinja")) if "_training" not in f.name and f.stem not in pictures]
    return [pytest.param(f.read_text(), id=f.stem) for f in files]


OWN = [pytest.param(toy.template, id=name) for name, toy in toys.TOYS.items()]


@pytest.mark.parametrize("template", [*OWN, *real()])
def test_everything_said_is_shown_in_order_and_calls_come_back(template: str | None) -> None:
    chat = Chat(tokenizer(template), "m")
    text = chat.render(TALK, TOOLS, True)
    assert all(word in text for word in SPOKEN) and "secret" not in text
    said = [text.rindex(word) for word in ("askword", "resultword", "complaintword", "lastword")]
    assert said == sorted(said)
    assert text.count("Replace lines.") == 1
    _, calls, error = chat.parse(chat.reply(Message("assistant", "", (CALL,))))
    assert error is None and calls == (CALL,)
    assert "plainword" in chat.reply(Message("assistant", "plainword"))


@pytest.mark.parametrize("template", [*OWN, *real()])
def test_a_prompt_does_not_open_a_thought(template: str | None) -> None:
    text = Chat(tokenizer(template), "m").render([Message("user", "x")], None, True)
    assert text.count("<think>") == text.count("</think>") and not text.rstrip().endswith("<think>")


def test_what_a_template_knows_is_used_and_what_not_is_written_out() -> None:
    knows = {name: Chat(tokenizer(toy.template), name) for name, toy in toys.TOYS.items()}
    assert knows["qwen2"].lists_tools and knows["qwen2"].shows_calls and not knows["qwen2"].bare
    assert knows["llama"].lists_tools and not knows["llama"].constrained
    assert knows["deepseek_v2"].shows_calls and not knows["deepseek_v2"].lists_tools
    assert not knows["gemma2"].has_system and not knows["gemma2"].shows_calls and not knows["gemma2"].takes_repeats
    assert not knows["phi3"].shows_calls and not knows["phi3"].shows_orphans
    hermes = knows["phi3"].render(TALK, TOOLS, True)
    assert '<tool_call>\n{"name": "TOOL", "arguments": {"ARGUMENT": "VALUE"}}\n</tool_call>' in hermes
    assert "<tool_response>\nresultword\n</tool_response>" in hermes
    own = knows["deepseek_v2"].render(TALK, TOOLS, True)
    assert "<｜tool▁sep｜>TOOL\n```json" in own and "<tool_call>" not in own


def test_a_model_without_a_template_gets_the_plain_one() -> None:
    chat = Chat(tokenizer(None), "m")
    assert chat.render([Message("user", "hello")], None, True) == "<s>### user\nhello\n\n### assistant\n"
    assert chat.reply(Message("assistant", "yes")) == "yes</s>\n\n"
    assert "{{" in PLAIN


def test_a_form_of_calls_that_is_not_read_is_not_shown() -> None:
    odd = "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}((call {{ c.function.name }} {{ c.function.arguments | tojson }})){% endfor %}\n{% endfor %}"
    chat = Chat(tokenizer(odd), "m")
    assert not chat.shows_calls and "((call" not in chat.render(TALK, TOOLS, True)


@pytest.mark.parametrize(
    ("template", "word"),
    [
        ("{{ raise_exception('never') }}", "never"),
        ("{% for m in messages %}{{ m.", "refuses"),
        ("hello", "plain text"),
        ("{{ messages[0].content.parts.first }}", "m"),
    ],
)
def test_a_template_that_fails_is_one_sentence(template: str, word: str) -> None:
    with pytest.raises(EngineError, match=word) as found:
        Chat(tokenizer(template), "m")
    assert "\n" not in str(found.value)


def test_a_models_own_response_template_reads_its_calls() -> None:
    made = tokenizer(toys.HERMES)
    made.response_template = {
        "defaults": {"role": "assistant"},
        "start_anchor": "<|im_start|>assistant\n",
        "fields": {
            "tool_calls": {
                "open_pattern": r"\s*<tool_call>", "close": "</tool_call>", "repeats": True, "content": "json",
                "transform": {"type": "function", "function": "{content}"},
            },
            "content": {"close_pattern": r"\s*<\|im_end\|>", "content": "text"},
        },
    }  # fmt: skip
    chat = Chat(made, "m")
    assert chat.parse('<tool_call>\n{"name": "check", "arguments": {}}\n</tool_call>') == (
        "",
        (ToolCall("check", {}),),
        None,
    )
    assert chat.parse('<tool_call>\n{"name": "check", \n</tool_call>')[2] is not None
