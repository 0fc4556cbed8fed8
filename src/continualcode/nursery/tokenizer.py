"""The bundled model's tokenizer and chat template.

Words, digits, punctuation and line breaks are split apart, so that a name has the same tokens wherever it
stands: what has to be copied looks the same at its source and at its target. A tool's opening, each
parameter's opening and the closings are one token each; the text is Qwen3-Coder's call format, so anything
that parses that format parses ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

TOOLS = ("read", "write", "edit", "edit_lines", "glob", "grep", "bash", "check")
PARAMETERS = ("path", "start", "end", "text", "content", "old", "new", "pattern", "command")
END, START, PAD = "<|im_end|>", "<|im_start|>", "<|pad|>"
PARAMETER_END, CALL_END = "\n</parameter>\n", "</function>\n</tool_call>"

# Words that must be whole tokens whatever the corpus of the day holds.
RUST_WORDS = """fn let mut pub struct enum impl trait for while loop match if else return where use mod const static move dyn ref self
Self super crate String str Vec Option Result Some None Ok Err Box Rc Arc Hash Map Set Debug Clone Copy Partial Eq Ord Default Display
From Into Iterator Item Add Fn Once usize isize bool char push pop insert remove get len is empty contains iter into collect map filter
fold sum max min rev enumerate zip chain take skip first last next cloned copied clone to string as unwrap or else expect and then ok
err parse trim split lines chars bytes format println write assert eq derive std fmt collections cmp rc fs io thread spawn true false
entry keys values sort dedup join concat repeat windows chunks any all find position count product abs pow sqrt floor round new with
capacity borrow value type types lifetime expected found mismatched trait bound not satisfied cannot moved mutable immutable reference
here consider help method missing implemented argument function parameter annotation needed specifier operator binary applied index by
arguments to this returns referencing data owned current local variable temporary does live long enough dropped while still borrowed""".replace(
    "\n", " "
)

PIECES = (
    r"\n| {2,}|[A-Z]?[a-z]+|[A-Z]+|[0-9]{1,2}|_"
    r"| ?(?:::|->|=>|==|!=|<=|>=|\+=|-=|\*=|&&|\|\||\.\.=?|[^\sA-Za-z0-9_])(?: (?! ))?|\s"
)

CHAT_TEMPLATE = (
    "{%- for m in messages -%}"
    "{{- '<|im_start|>' + m.role + '\\n' -}}"
    "{%- if m.content -%}{{- m.content -}}{%- endif -%}"
    "{%- if m.tool_calls -%}{%- for t in m.tool_calls -%}"
    "{%- set f = t.function if t.function is defined else t -%}"
    "{{- '<tool_call>\\n<function=' + f.name + '>\\n' -}}"
    "{%- for k, v in f.arguments.items() -%}"
    "{{- '<parameter=' + k + '>\\n' + (v | string) + '\\n</parameter>\\n' -}}"
    "{%- endfor -%}"
    "{{- '</function>\\n</tool_call>' -}}"
    "{%- endfor -%}{%- endif -%}"
    "{{- '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)


def marks() -> list[str]:
    """The added tokens that are not special: tool openings, parameter openings, closings."""
    return [
        *(f"<tool_call>\n<function={tool}>\n" for tool in TOOLS),
        *(f"<parameter={parameter}>\n" for parameter in PARAMETERS),
        PARAMETER_END,
        CALL_END,
    ]


def train(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A byte-level BPE over `PIECES`, learnt from `texts`, with `vocabulary` entries in all."""
    tokenizer = Tokenizer(models.BPE(unk_token=None, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(marks()),
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(mark, normalized=False) for mark in marks()])
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path, context: int) -> None:
    """Write it the way transformers loads it, chat template included."""
    from transformers import PreTrainedTokenizerFast

    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, model_max_length=context,
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
    wrapped.chat_template = CHAT_TEMPLATE
    wrapped.save_pretrained(folder)
    config = folder / "tokenizer_config.json"  # the class's name that every version of transformers knows
    config.write_text(
        json.dumps({**json.loads(config.read_text()), "tokenizer_class": "PreTrainedTokenizerFast"}, indent=2) + "\n"
    )
