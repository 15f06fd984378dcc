"""The classification lab against published examples, hand-worked counts and scikit-learn's own scores."""

import numpy as np
import pytest

from labs.base import Context
from labs.classification import LAB, MODELS, ClassificationParams, load, score
from labs.cores.classification import (
    accuracy,
    area_under,
    class_scores,
    confusion_matrix,
    make_model,
    mcnemar_p,
    precision_recall_f1,
    roc_auc,
    roc_curve,
    wilson_interval,
)
from labs.errors import BadParameterError, LabCancelled
from labs.reports.classification import ranking


def run(**values):
    return LAB.execute(values)


def names(result):
    return {finding.name for finding in result.findings}


@pytest.fixture(scope="module")
def iris():
    return LAB.execute({})


def test_every_reference_check_holds():
    checks = LAB.verify()
    assert len(checks) == 10
    assert [check.name for check in checks if not check.ok] == []


def test_scores_of_a_hand_counted_confusion_matrix():
    y_true = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2])
    y_said = np.array([0, 0, 1, 2, 1, 0, 2, 2, 2])
    counts = confusion_matrix(y_true, y_said, 3)
    assert counts.tolist() == [[2, 1, 1], [1, 1, 0], [0, 0, 3]]
    assert accuracy(counts) == pytest.approx(6 / 9)
    precision, recall, f1 = precision_recall_f1(counts)
    assert precision == pytest.approx([2 / 3, 1 / 2, 3 / 4])
    assert recall == pytest.approx([2 / 4, 1 / 2, 3 / 3])
    assert f1 == pytest.approx([4 / 7, 1 / 2, 6 / 7])


def test_a_class_that_is_never_said_scores_zero_and_divides_by_nothing():
    precision, _, f1 = precision_recall_f1(confusion_matrix(np.array([0, 1]), np.array([0, 0]), 2))
    assert precision[1] == 0
    assert f1[1] == 0


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_scikit_learns_on_random_answers_with_ties(seed):
    from sklearn import metrics

    rng = np.random.default_rng(seed)
    y_true, y_said = rng.integers(0, 4, (2, 60))
    counts = confusion_matrix(y_true, y_said, 4)
    assert np.array_equal(counts, metrics.confusion_matrix(y_true, y_said, labels=range(4)))
    ours = precision_recall_f1(counts)
    theirs = metrics.precision_recall_fscore_support(y_true, y_said, labels=range(4), zero_division=0)
    for mine, other in zip(ours, theirs, strict=False):
        assert mine == pytest.approx(other)
    chance = rng.integers(1, 5, (60, 4)).astype(float)  # few values, so many ties
    chance /= chance.sum(axis=1, keepdims=True)
    assert roc_auc(y_true, chance) == pytest.approx(metrics.roc_auc_score(y_true, chance, multi_class="ovr"))
    false, true = roc_curve(y_true == 1, chance[:, 1])
    assert area_under(false, true) == pytest.approx(metrics.roc_auc_score(y_true == 1, chance[:, 1]))


def test_roc_area_is_the_share_of_pairs_in_the_right_order():
    positive = np.array([True, False, True, False])
    score_of = np.array([0.8, 0.35, 0.4, 0.4])  # 1 + 1 + 1 + a tie of one half, of 4 pairs
    assert area_under(*roc_curve(positive, score_of)) == pytest.approx(3.5 / 4)


def test_wilsons_interval_is_that_of_the_published_table():
    for right, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson_interval(right, n) == pytest.approx((low, high), abs=6e-5)


def test_mcnemars_exact_test_is_the_binomial_test_of_the_rows_that_differ():
    from scipy.stats import binomtest

    first = np.array([True] * 10 + [False] * 2 + [True] * 30)
    second = np.array([False] * 10 + [True] * 2 + [True] * 30)
    assert mcnemar_p(first, second) == pytest.approx(binomtest(2, 12).pvalue)
    assert mcnemar_p(first, first) == 1.0


def test_knn_is_the_vote_of_the_nearest_rows_counted_by_brute_force():
    p = ClassificationParams(models=("knn",), k=3, scale_features=False)
    rows = load(p)
    distance = np.linalg.norm(rows.X_test[:, None] - rows.X_train[None], axis=2)
    near = rows.y_train[np.argsort(distance, axis=1, kind="stable")[:, :3]]
    vote = np.array([np.bincount(row, minlength=3).argmax() for row in near])
    assert np.mean(vote == score("knn", p, rows).said) > 0.97  # but for ties in distance


def test_naive_bayes_is_bayes_rule_with_a_normal_for_each_feature():
    p = ClassificationParams(models=("naive_bayes",), scale_features=False)
    rows = load(p)
    log_p = []
    for k in range(3):
        X = rows.X_train[rows.y_train == k]
        mean, variance = X.mean(axis=0), X.var(axis=0)
        log_p.append(
            -0.5 * (np.log(variance) + (rows.X_test - mean) ** 2 / variance).sum(axis=1) + np.log(len(X))
        )
    assert np.array_equal(np.argmax(log_p, axis=0), score("naive_bayes", p, rows).said)


def test_the_scaler_has_not_seen_the_test_rows():
    p = ClassificationParams(dataset="wine")
    rows = load(p)
    model = make_model("knn", 5, None, True, 0).fit(rows.X_train, rows.y_train)
    assert model[0].mean_ == pytest.approx(rows.X_train.mean(axis=0))


def test_all_six_models_come_with_all_five_scores(iris):
    wanted = {f"{m}[{name}]" for m in ("accuracy", "precision", "recall", "f1", "roc_auc") for name in MODELS}
    assert set(iris.metrics) == wanted
    assert all(iris.metrics[f"accuracy[{name}]"] >= 0.85 for name in MODELS)


def test_a_single_model_has_plain_metric_names():
    assert set(run(models=["knn"], k=3).metrics) == {"accuracy", "precision", "recall", "f1", "roc_auc"}


def test_every_chart_reads_series_that_exist(iris):
    from labs.charts import alt_text, chart_keys

    for result in (
        iris,
        run(dataset="digits", models=["naive_bayes"]),
        run(dataset="moons", models=["tree"]),
    ):
        for chart in result.charts:
            assert chart_keys(chart) <= set(result.series)
            assert alt_text(chart, result.series)


def test_the_bars_and_the_matrices_carry_the_metrics(iris):
    assert iris.series["accuracy_test"] == pytest.approx(
        [iris.metrics[f"accuracy[{name}]"] for name in MODELS]
    )
    for name in MODELS:
        assert accuracy(iris.series[f"confusion_{name}"]) == iris.metrics[f"accuracy[{name}]"]
    low, high = iris.series["interval_low"], iris.series["interval_high"]
    assert (low < iris.series["accuracy_test"]).all()
    assert (high <= 1).all()


def test_the_split_keeps_the_classes_in_proportion():
    rows = load(ClassificationParams(dataset="wine", test_fraction=0.5))
    shares = [np.bincount(y) / len(y) for y in (rows.y_train, rows.y_test)]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)
    assert len(rows.y_test) == 89


def test_the_same_seed_repeats_and_another_seed_splits_anew():
    values = {"models": ["tree", "forest"], "dataset": "wine"}
    assert run(**values, seed=3).metrics == run(**values, seed=3).metrics
    assert not np.array_equal(
        load(ClassificationParams(seed=3)).X_test, load(ClassificationParams(seed=4)).X_test
    )


def test_missed_tumours_are_counted_in_the_notes():
    result = run(dataset="breast_cancer", models=["naive_bayes"])
    missed = int(result.series["confusion_naive_bayes"][0, 1])
    assert any(f"called benign: naive Bayes {missed}" in note for note in result.notes)


def test_a_gap_within_the_noise_is_not_called_real(iris):
    assert any("cannot rank them" in note for note in iris.notes)
    assert "small_test" in names(iris)


def test_a_gap_beyond_the_noise_is_called_real():
    result = run(dataset="digits", models=["naive_bayes", "knn"])
    assert any("the gap is real" in note for note in result.notes)


def test_a_full_grown_tree_is_told_that_it_overfits_and_a_shallow_one_is_not():
    assert "overfitting" in names(run(dataset="moons", models=["tree"]))
    assert "overfitting" not in names(run(dataset="moons", models=["tree"], max_depth=3))


def test_a_stump_on_ten_digits_is_told_that_it_underfits():
    assert "underfitting" in names(run(dataset="digits", models=["tree"], max_depth=2))


def test_unscaled_wine_hurts_neighbours_and_is_found():
    raw, scaled = (run(dataset="wine", models=["knn"], scale_features=flag) for flag in (False, True))
    assert raw.metrics["accuracy"] < scaled.metrics["accuracy"] - 0.1
    assert "unscaled_features" in names(raw)
    assert "unscaled_features" not in names(scaled)


def test_more_neighbours_than_rows_are_refused_in_one_sentence():
    with pytest.raises(BadParameterError, match=r"k=100 .* 15 of the 150"):
        LAB.validate({"k": 100, "test_fraction": 0.9})
    LAB.validate({"k": 100, "test_fraction": 0.9, "models": ["tree"]})


def test_a_list_of_k_is_compared():
    result = run(models=["knn"], k=[1, 5, 50], dataset="moons")
    assert {"accuracy[k=1]", "accuracy[k=5]", "accuracy[k=50]"} <= set(result.metrics)


def test_scores_of_a_model_without_probabilities_rank_both_classes():
    rows = load(ClassificationParams(dataset="moons"))
    model = make_model("svm", 5, None, True, 0).fit(rows.X_train, rows.y_train)
    scores = class_scores(model, rows.X_test)
    assert scores.shape == (100, 2)
    assert np.array_equal(scores.argmax(axis=1), model.predict(rows.X_test))


def test_the_best_comes_first_in_the_tables(iris):
    p = ClassificationParams()
    rows = load(p)
    first = ranking([score(name, p, rows) for name in MODELS])[0]
    assert iris.tables[0].rows[0][2] == first.metrics["accuracy"] == max(iris.series["accuracy_test"])


def test_a_cancelled_run_stops_before_the_next_model():
    calls = []
    with pytest.raises(LabCancelled):
        LAB.run(ClassificationParams(), Context(lambda *args: calls.append(args), lambda: len(calls) >= 3))
    assert len(calls) == 3
