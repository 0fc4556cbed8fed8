import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continualcode.evaluate.stats import bootstrap, mcnemar_exact, median_interval, rate_interval, wilson


def test_wilson_against_published_values():
    # R: binom::binom.confint(15, 20, methods = "wilson")
    low, high = wilson(15, 20)
    assert (round(low, 4), round(high, 4)) == (0.5313, 0.8881)
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError):
        wilson(3, 2)


@given(st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate(pair: tuple[int, int]):
    passed, n = pair
    low, high = wilson(passed, n)
    assert 0.0 <= low <= (passed / n if n else 0.5) <= high <= 1.0


def test_bootstrap_is_seeded_and_resamples_tasks_not_values():
    by_task = {"a": [1.0, 1.0, 1.0, 1.0], "b": [0.0, 0.0, 0.0, 0.0], "c": [1.0, 0.0, 1.0, 0.0]}
    assert bootstrap(by_task, seed=3) == bootstrap(by_task, seed=3)
    low, high = bootstrap(by_task, resamples=2000) or (math.nan, math.nan)
    flat = bootstrap({f"{k}{i}": [v] for k, vs in by_task.items() for i, v in enumerate(vs)}, resamples=2000)
    assert flat is not None and high - low > flat[1] - flat[0]
    assert bootstrap({}) is None and bootstrap({"a": []}) is None


@given(st.dictionaries(st.text(max_size=3), st.lists(st.floats(0, 9), min_size=1, max_size=3), min_size=1, max_size=5))
def test_bootstrap_stays_within_the_values(by_task: dict[str, list[float]]):
    low, high = bootstrap(by_task, resamples=50) or (math.nan, math.nan)
    values = [v for vs in by_task.values() for v in vs]
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_rate_interval_never_claims_certainty():
    assert rate_interval({"a": [True], "b": [True]}) == wilson(2, 2)
    low, high = rate_interval({k: [True, True, True] for k in "abcd"})
    assert low < 0.7 and high == 1.0
    low, high = rate_interval({k: [k < "c"] * 3 for k in "abcd"})
    assert low < 0.5 < high


def test_mcnemar_is_the_sign_test():
    assert mcnemar_exact([True] * 5, [True] * 5) == 1.0
    assert mcnemar_exact([False] * 5, [True] * 5) == 1 / 32
    assert mcnemar_exact([True, False, False], [False, True, True]) == (3 + 1) / 8
    with pytest.raises(ValueError):
        mcnemar_exact([True], [])


def test_median_interval():
    assert median_interval({"a": [1.0], "b": [1.0]}) == (1.0, 1.0)
    assert fmean([1, 2]) == 1.5
