"""KeepLoRA's frame and directions: the algebra in float64, and the engine's gradient and inputs against autograd's."""

from __future__ import annotations

import torch

from continualcode.engine.base import Example
from continualcode.engine.local import LocalEngine
from continualcode.sleep import keep
from continualcode.sleep.blocks import live

ITEM, OTHER = Example((11, 12, 13), (14, 15, 16)), Example((5, 6, 7), (8, 9, 10))


def test_a_frame_is_orthonormal_holds_the_strongest_inputs_and_leaves_room():
    torch.manual_seed(0)
    weight = torch.randn(20, 12, dtype=torch.float64) @ torch.diag(torch.tensor([9.0] * 2 + [0.5] * 10).double())
    x_NI = torch.zeros(30, 12, dtype=torch.float64)
    x_NI[:, 7] = torch.randn(30, dtype=torch.float64)
    u_IK = keep.frame(weight, x_NI.T @ x_NI)
    torch.testing.assert_close(u_IK.T @ u_IK, torch.eye(u_IK.shape[1], dtype=torch.float64))
    held = u_IK.square().sum(1)
    assert held[0] > 0.95 and held[1] > 0.95 and held[7] > 0.95 and u_IK.shape[1] <= 6
    assert keep.frame(weight, None).square().sum(1)[7] < 0.5


def test_directions_are_those_of_the_gradient_outside_of_the_frame():
    torch.manual_seed(0)
    frame = torch.linalg.qr(torch.randn(12, 5, dtype=torch.float64))[0]
    gradient = torch.randn(20, 12, dtype=torch.float64)
    a_RI = keep.directions(gradient, frame, 3)
    torch.testing.assert_close(a_RI @ a_RI.T, torch.eye(3, dtype=torch.float64))
    assert float((a_RI @ frame).abs().max()) < 1e-12
    outside = gradient - gradient @ frame @ frame.T
    best = torch.linalg.svdvals(outside)[:3].square().sum()
    torch.testing.assert_close((outside @ a_RI.T).square().sum(), best)
    inside = (torch.randn(20, 5, dtype=torch.float64) @ frame.T) + 0
    assert not keep.directions(inside, frame, 3).any(), "a gradient inside the frame leaves nothing to learn"


def test_gradients_are_the_slope_of_the_loss_and_nothing_moves(small_engine: LocalEngine):
    before = small_engine.snapshot().weights
    found = keep.gradients(small_engine, [ITEM])
    module = next(m for m in found if m.endswith("layers.0.self_attn.v_proj"))
    weight = dict(small_engine.causal.named_modules())[module.removeprefix("base_model.model.")].base_layer.weight

    def loss() -> float:
        return -float(small_engine.score([(ITEM.student_ids, ITEM.completion_ids)])[0].logprobs_T.double().mean())

    step = found[module].float() / float(found[module].norm())
    with torch.no_grad():
        weight += 0.05 * step
        up = loss()
        weight -= 0.1 * step
        down = loss()
        weight += 0.05 * step
    assert abs((up - down) / 0.1 - float(found[module].norm())) < 0.05 * float(found[module].norm())
    assert found.keys() == live(small_engine).keys() and not weight.requires_grad and weight.grad is None
    after = small_engine.snapshot().weights
    assert all(torch.equal(after[n], t) for n, t in before.items())


def test_inputs_are_what_the_first_layer_reads(small_engine: LocalEngine):
    found = keep.inputs(small_engine, [ITEM, OTHER])
    model = small_engine.causal.model
    x = torch.cat([
        model.layers[0].input_layernorm(model.embed_tokens(torch.tensor([*e.student_ids, *e.completion_ids])))
        for e in (ITEM, OTHER)
    ]).double()  # fmt: skip
    module = next(m for m in found if m.endswith("layers.0.self_attn.q_proj"))
    torch.testing.assert_close(found[module], x.T @ x, rtol=1e-4, atol=1e-4)
