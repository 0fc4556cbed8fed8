"""What was read is found again, by weights and by the longest common beginning; memory is bounded."""

from __future__ import annotations

import torch

from continualcode.engine.prompt_cache import Prefix, PromptCache, digest


def prefix(length: int, fill: float = 0.0) -> Prefix:
    steps = torch.arange(length, dtype=torch.float32)[None, None, :, None].expand(2, 1, length, 4)
    return Prefix(steps + fill, -steps - fill)


def test_the_longest_common_beginning_is_found_and_no_other_weights_are_looked_at() -> None:
    cache = PromptCache()
    cache.put(b"a", [1, 2, 3, 4], prefix(4))
    cache.put(b"a", [1, 2, 9], prefix(3, 0.5))
    cache.put(b"b", [1, 2, 3, 4, 5, 6], prefix(6))
    found = cache.longest(b"a", [1, 2, 3, 5, 6])
    assert found is not None and found.length == 3
    assert torch.equal(found.keys, prefix(4).keys[:, :, :3]) and torch.equal(found.values, prefix(4).values[:, :, :3])
    assert cache.longest(b"a", [1, 2, 9, 9]).length == 3  # pyright: ignore[reportOptionalMemberAccess]
    assert cache.longest(b"a", [7]) is None and cache.longest(b"c", [1, 2, 3]) is None


def test_what_was_not_used_for_longest_goes_first_and_the_bound_holds() -> None:
    each = prefix(8).bytes
    cache = PromptCache(most_bytes=2 * each)
    for start in (1, 2):
        cache.put(b"", [start] * 8, prefix(8))
    assert cache.longest(b"", [1] * 8) is not None  # used: 2 is now the older one
    cache.put(b"", [3] * 8, prefix(8))
    assert cache.longest(b"", [2] * 8) is None and cache.longest(b"", [1] * 8) is not None
    assert len(cache) == 2 and cache.bytes == 2 * each
    cache.put(b"", [3] * 8, prefix(8))  # once more the same
    assert cache.bytes == 2 * each
    cache.put(b"", [4] * 30, prefix(30))  # larger than all there is room for
    assert len(cache) == 2 and cache.longest(b"", [4] * 30) is None


def test_a_digest_follows_the_content_alone() -> None:
    weight = torch.randn(3, 5)
    first = digest([weight])
    assert digest([weight.clone()]) == first
    with torch.no_grad():
        weight[2, 4] += 1e-6
    assert digest([weight]) != first
    assert digest([torch.ones(2, 3).t()]) == digest([torch.ones(3, 2)])
