"""The corpus says what it promises; the tokenizer gives a name the same tokens wherever it stands."""

import itertools
import random
import re

import pytest
from tokenizers import Tokenizer

from continualcode.agent import prompts
from continualcode.engine.base import Message
from continualcode.koans.patterns import HELD_BACK
from continualcode.nursery import chores, corpus, pool, pretrain, tokenizer
from continualcode.nursery.chat import body, call, say, segments, tool, user


@pytest.fixture(scope="module")
def small_pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    pool.write(folder, ["bc_missing_mut", "rh_missing_ok"], 30, block=30)
    return folder


@pytest.fixture(scope="module")
def small_tokenizer(tmp_path_factory, small_pool) -> Tokenizer:
    folder = tmp_path_factory.mktemp("run")
    pretrain.make_tokenizer(folder, small_pool, pretrain.Recipe(vocabulary=1024), documents=300)
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def test_pool_pairs_hold_before_rustc_and_held_back_patterns_are_refused(small_pool):
    items = list(pool.read(small_pool))
    assert len(items) > 50
    assert all(i.feedback.startswith("error") and i.buggy != i.fixed for i in items)
    assert any(i.wrong and i.wrong_feedback.startswith("error") for i in items)
    with pytest.raises(ValueError, match="held back"):
        pool.draw(sorted(HELD_BACK)[0], 0, 1)


def test_encoding_is_lossless_and_names_keep_their_tokens(small_tokenizer, small_pool):
    docs = corpus.documents(3, small_pool, {"drill": 0.3, "repair": 0.4, "chore": 0.3})
    for doc in itertools.islice(docs, 60):
        text = "".join(t for t, _ in segments(doc.messages))
        ids, weights = pretrain.encode(small_tokenizer, doc, 0.15)
        assert small_tokenizer.decode(ids, skip_special_tokens=False) == text
        assert len(ids) == len(weights) and any(w == 1.0 for w in weights)
    name = "zaffrelin_count"
    alone = small_tokenizer.encode(name).ids
    for place in (f"let {name} = 4;", f"({name})", f"12|    {name}.push(1)", f"`{name}`"):
        ids = small_tokenizer.encode(place).ids
        assert any(ids[i : i + len(alone)] == alone for i in range(len(ids))), place


def test_segments_are_the_chat_template(small_tokenizer, tmp_path):
    from transformers import AutoTokenizer

    tokenizer.save(small_tokenizer, tmp_path, 512)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    messages = [
        user("Fix a.rs."),
        call("edit_lines", path="a.rs", start=1, end=2, text="let x = 1;\n\nx"),
        tool("edited a.rs 1-2"),
        say("Done."),
    ]
    as_dicts = [
        {
            "role": m.role,
            "content": m.content,
            "tool_calls": [
                {"type": "function", "function": {"name": c.name, "arguments": dict(c.arguments)}} for c in m.tool_calls
            ],
        }
        for m in messages
    ]
    ours = "".join(t for t, _ in segments(messages))
    assert loaded.apply_chat_template(as_dicts, tokenize=False) == ours


def test_commands_obey_their_corrections_and_irrelevant_ones_change_nothing():
    r = random.Random(0)
    corrected = unmoved = 0
    for _ in range(600):
        c = chores.command_chore(r, corrected=1.0)
        assert c.correction
        shown = " ".join(m.content for m in c.messages)
        assert c.correction in shown
        said = str(c.reply.tool_calls[0].arguments["command"])
        if c.reply == c.habit:
            unmoved += 1
            continue
        corrected += 1
        first, last = said.split()[0], said.split()[-1]
        assert first.lower() in c.correction.lower() or last.lower() in c.correction.lower(), (said, c.correction)
    assert corrected > 300 and unmoved > 100


def test_a_small_change_is_the_smallest_block():
    old, new = ["a", "b", "c"], ["a", "x", "c"]
    made = chores.call_for("edit_lines", "f.rs", old, new).tool_calls[0].arguments
    assert (made["start"], made["end"], made["text"]) == (2, 2, "x")
    inserted = chores.call_for("edit_lines", "f.rs", old, ["a", "n", "b", "c"]).tool_calls[0].arguments
    assert (inserted["start"], inserted["end"], inserted["text"]) == (2, 2, "n\nb")


def test_conversations_end_where_an_assistant_is_due_and_hold_no_correction():
    for kind in (None, *chores.KINDS, "python"):
        for messages in chores.conversations(kind, count=20, seed=4):
            assert messages[-1].role in ("user", "tool")
            assert not any("Correction:" in m.content or m.content.startswith("denied") for m in messages)
    assert chores.conversations(count=5, seed=1) == chores.conversations(count=5, seed=1)


def test_the_wrong_attempt_carries_no_loss(small_tokenizer):
    given = Message("assistant", "", call("check").tool_calls, name="given")
    doc = corpus.Document("second", (user("x"), given, tool("error"), say("y")))
    ids, weights = pretrain.encode(small_tokenizer, doc, 0.1)
    own = small_tokenizer.decode([i for i, w in zip(ids, weights, strict=True) if w == 1.0], skip_special_tokens=False)
    assert own == "y<|im_end|>"


def test_listings_are_numbered_as_the_tools_number_them(small_pool):
    item = next(iter(pool.read(small_pool)))
    doc = corpus.repair(random.Random(1), item)
    assert prompts.numbered(item.buggy) in doc.messages[0].content
    assert re.match(r"<tool_call>\n<function=(edit_lines|edit|write)>\n", body(doc.messages[-1]))
