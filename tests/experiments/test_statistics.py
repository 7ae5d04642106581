"""Tests between any two strategies, ranks, wins and power, on simulated curves."""

import numpy as np
import pytest
from scipy import stats

from skmal.experiments import (
    average_ranks,
    holm,
    paired_difference,
    pairwise_table,
    penalty_matrix,
    plot_ranks,
    power_of,
    ranks_of,
    savings_table,
    seeds_needed,
    sentence_of,
    write_report,
    write_results,
)


def curves(gains, n_seeds=8, noise=0.02, seed=0, data=("one",)):
    """Return simulated rows of curves: each strategy is higher by its gain."""
    rng = np.random.default_rng(seed)
    return [
        {
            "data": name,
            "strategy": strategy,
            "seed": number,
            "n_pairs": n,
            "metric": "mrr",
            "score": float(np.log(n) / 10 + gain + rng.normal(scale=noise)),
        }
        for name in data
        for number in range(n_seeds)
        for strategy, gain in gains.items()
        for n in range(10, 101, 10)
    ]


def test_a_difference_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 9))
    one += 0.5
    found = paired_difference(one, other)
    expected = stats.ttest_rel(one, other)
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(interval))
    more = one - other
    assert found.effect == pytest.approx(more.mean() / more.std(ddof=1))
    for level, end in ((0.975, found.effect_low), (0.025, found.effect_high)):
        t = expected.statistic
        assert stats.nct.cdf(t, 8, end * 3) == pytest.approx(level, abs=1e-3)


def test_equal_or_single_values_have_no_effect_size():
    same = paired_difference([1, 2], [1, 2])
    assert (same.mean, same.p) == (0, 1)
    assert paired_difference([2, 3], [1, 2]).p == 0
    assert np.isnan(paired_difference([1], [2]).p)


def test_holm_is_the_step_down_by_hand():
    p = [0.03, 0.01, np.nan, 0.04, 0.5]
    expected = [0.09, 0.04, np.nan, 0.09, 0.5]
    np.testing.assert_allclose(holm(p), expected)


def test_power_is_that_of_simulated_seeds():
    rng = np.random.default_rng(0)
    n = seeds_needed(difference=5, sd=8)
    drawn = rng.normal(5, 8, size=(20_000, n))
    told = (stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05).mean()
    assert told == pytest.approx(power_of(n, 5 / 8), abs=0.01)
    assert power_of(n, 5 / 8) >= 0.8 > power_of(n - 1, 5 / 8)
    assert power_of(10, 0) == pytest.approx(0.05, abs=1e-3)
    assert seeds_needed(5, 0) == 2


def test_the_better_one_is_told_and_equal_ones_are_not():
    rows = pairwise_table(curves({"random": 0, "same": 0, "good": 0.1}))
    better = {(r["strategy"], r["against"]): r["better"] for r in rows}
    assert better == {
        ("random", "same"): "",
        ("random", "good"): "good",
        ("same", "good"): "good",
    }
    said = {(r["strategy"], r["against"]): sentence_of(r) for r in rows}
    assert said["random", "good"].startswith("good is better than random (area +0.0")
    assert "random and same are not told apart" in said["random", "same"]
    assert "seeds would show 5 points of savings" in said["random", "same"]
    (one, *_) = pairwise_table(curves({"random": 0, "good": 1}, n_seeds=1))
    assert sentence_of(one) == "random and good: one seed tells nothing"


def test_pools_are_averaged_seed_by_seed_and_corrected_on_their_own():
    rows = pairwise_table(curves({"random": 0, "good": 0.1}, data=("a", "b")))
    assert [row["data"] for row in rows] == ["a", "b", "all pools"]
    means = [row["difference"] for row in rows]
    assert means[2] == pytest.approx(np.mean(means[:2]))


def test_wins_are_counted_point_by_point():
    table = curves({"random": 0, "good": 0.2}, data=("a", "b"))
    rows = {row["strategy"]: row for row in penalty_matrix(table)}
    assert rows["good"]["random"] == 2
    assert rows["random"]["good"] == 0
    assert (rows["mean"]["random"], rows["mean"]["good"]) == (2, 0)


def test_ranks_are_those_of_the_textbook():
    # Demšar's critical difference of 4 methods on 14 sets at 5 %
    ranks = average_ranks("abcd", np.random.default_rng(0).normal(size=(14, 4)))
    assert ranks.critical == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)
    found = average_ranks(["a", "b"], [[1, 2], [3, 3], [1, 5]])
    assert found.names == ["b", "a"]
    np.testing.assert_allclose(found.ranks, [3.5 / 3, 5.5 / 3])
    of_seeds = ranks_of(curves({"random": 0, "good": 0.2}))
    assert (of_seeds.blocks, of_seeds.n_blocks, of_seeds.names[0]) == (
        "seeds",
        8,
        "good",
    )
    assert ranks_of(curves({"random": 0, "x": 1}, data="ab")).blocks == "pools"


def test_ranks_are_drawn():
    pytest.importorskip("matplotlib")
    axes = plot_ranks(ranks_of(curves({"random": 0, "same": 0, "good": 0.2})))
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0].startswith("good  1.00")
    assert "critical difference" in axes.get_xlabel()


@pytest.mark.parametrize("n_seeds", [1, 3, 8])
def test_savings_of_curves_that_do_not_rise_are_none(n_seeds):
    table = curves({"random": 0, "good": 0.1}, n_seeds, noise=0.001)
    assert savings_table(table)[0]["mean"] > 0
    falling = [row | {"score": 1 - row["score"]} for row in table]
    assert np.isnan(savings_table(falling)[0]["mean"])


def test_the_report_is_one_file_that_tells_all(tmp_path):
    pytest.importorskip("matplotlib")
    table = curves({"random": 0, "<good>": 0.2})
    settings = (
        '{"settings": {"budget": 100}, "environment": {}, "chance": {"mrr": 0.1}}'
    )
    (tmp_path / "settings.json").write_text(settings)
    files = write_results(tmp_path, table, savings_table(table))
    page = files[-1].read_text(encoding="utf-8")
    assert "&lt;good&gt; is better than random" in page
    assert "<td>budget</td>" in page
    assert page.count("data:image/png;base64,") == 2
    assert "http" not in page
    assert "src=" not in page.replace('src="data:', "")
    (tmp_path / "settings.json").unlink()
    path = write_report(tmp_path / "report.html", table, savings_table(table))
    assert "<h2>Settings</h2>" not in path.read_text(encoding="utf-8")
