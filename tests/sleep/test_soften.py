"""How much of a night's change is kept: the rule, and the weights between two saved adapters."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from continualcode.sleep.soften import Tried, blend, choose


def test_of_shares_that_keep_enough_the_best_balance_is_taken():
    assert choose(1, [Tried(1.0, 40, 49, 50, 49), Tried(0.85, 30, 50, 50, 50)]).share == 1.0  # 39 - 3, 29
    assert choose(1, [Tried(1.0, 40, 47, 50, 47), Tried(0.85, 30, 50, 50, 50)]).share == 0.85  # too little kept
    tried = [Tried(1.0, 9, 8, 10, 8), Tried(0.7, 8, 9, 10, 9), Tried(0.5, 6, 10, 10, 10)]
    assert choose(2, tried).share == 0.5
    assert choose(2, [Tried(1.0, 9, 10, 10, 10)]).share == 1.0


def test_one_lost_for_one_won_is_no_loss():
    assert Tried(1.0, 9, 8, 10, 10).lost == 0 and Tried(1.0, 9, 10, 10, 13).lost == 0
    assert choose(1, [Tried(1.0, 9, 8, 10, 10), Tried(0.85, 8, 10, 10, 10)]).share == 1.0


def test_where_every_share_loses_the_best_balance_is_taken():
    tried = [Tried(1.0, 12, 7, 10, 7), Tried(0.7, 11, 9, 10, 9), Tried(0.5, 5, 9, 10, 9)]
    assert choose(2, tried).share == 0.7  # 10 - 9 = 1, 9 - 3 = 6, 3 - 3 = 0
    nothing_learnt = [Tried(1.0, 2, 10, 10, 10)]
    assert choose(2, nothing_learnt).share == 1.0  # the gate says what a change without a gain is worth


def test_a_blend_lies_between(tmp_path: Path):
    for name, value in (("a", 1.0), ("b", 3.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text("{}")
        save_file(
            {"x": torch.full((2,), value)}, str(tmp_path / name / "adapter_model.safetensors"), metadata={"base": "m"}
        )
    out = blend(tmp_path / "a", tmp_path / "b", 0.25, tmp_path / "mixed")
    assert torch.equal(load_file(str(out / "adapter_model.safetensors"))["x"], torch.full((2,), 1.5))
    assert (out / "adapter_config.json").exists()
