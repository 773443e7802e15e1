"""The estimators, with scikit-learn's tools where it is installed."""
import pickle

import numpy as np
import pytest

import rnn_gpu

SMALL = {"hidden": 8, "updates": 60, "lr": 0.02, "threads": 1}


def test_classifier(problem):
    x, y = problem
    labels = np.array(["fall", "rise"])[y]
    model = rnn_gpu.RNNClassifier(**SMALL).fit(x, labels)
    assert list(model.classes_) == ["fall", "rise"]
    assert set(model.predict(x)) == {"fall", "rise"} and model.score(x, labels) == 1.0
    np.testing.assert_allclose(model.predict_proba(x).sum(axis=1), 1.0)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))


def test_several_classes_and_columns(problem):
    x, _ = problem
    y = np.arange(48) % 3 + 5
    x = x.copy()
    x[:, :, 0] = (y[:, None] - 6) * 0.5
    model = rnn_gpu.RNNClassifier(features=2, options={"skip": 2}, **SMALL).fit(x.reshape(48, 18), y)
    assert model.predict_proba(x.reshape(48, 18)).shape == (48, 3) and model.n_features_in_ == 18
    assert model.score(x, y) == 1.0
    with pytest.raises(ValueError, match="no multiple of features=2"):
        model.predict(x.reshape(48, 18)[:, 1:])


def test_regressor(problem):
    x, _ = problem
    y = x[:, :, 0].sum(axis=1)
    model = rnn_gpu.RNNRegressor(**SMALL).fit(x, y)
    assert model.predict(x).shape == (48,) and model.score(x, y) > 0.9
    assert rnn_gpu.RNNRegressor(**SMALL).fit(x, np.stack([y, -y], axis=1)).predict(x).shape == (48, 2)


def test_parameters():
    model = rnn_gpu.RNNClassifier(hidden=3)
    assert model.get_params()["hidden"] == 3 and model.set_params(hidden=4).hidden == 4
    with pytest.raises(ValueError):
        model.set_params(nosuch=1)


def test_bad_input(problem):
    x, y = problem
    with pytest.raises(ValueError, match="one class"):
        rnn_gpu.RNNClassifier(**SMALL).fit(x, np.zeros(48))
    with pytest.raises(AttributeError, match="not fitted"):
        rnn_gpu.RNNRegressor().predict(x)
    with pytest.raises(ValueError, match="X has 1 dimension"):
        rnn_gpu.RNNRegressor().fit(y, y)


def test_one_value_of_a_parameter(problem):
    for name, parameter in (("hidden", "hidden"), ("seed", "random_state"), ("val_frac", "validation_fraction")):
        with pytest.raises(rnn_gpu.UsageError, match=f"^options has '{name}', which is the parameter {parameter} of RNN"):
            rnn_gpu.RNNClassifier(options={name: 3}).fit(*problem)


def test_in_scikit_learn(problem):
    pytest.importorskip("sklearn")
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    x, y = problem
    rows = x.reshape(48, 18)
    pipe = make_pipeline(StandardScaler(), rnn_gpu.RNNClassifier(features=2, **SMALL))
    assert cross_val_score(pipe, rows, y, cv=3).mean() > 0.9
    search = GridSearchCV(pipe, {"rnnclassifier__hidden": [2, 8], "rnnclassifier__cell": ["gru"]}, cv=2).fit(rows, y)
    assert search.best_params_["rnnclassifier__cell"] == "gru" and search.predict(rows).shape == (48,)
    assert clone(rnn_gpu.RNNRegressor(hidden=5)).hidden == 5
    values = x[:, :, 0].sum(axis=1)
    assert cross_val_score(rnn_gpu.RNNRegressor(**{**SMALL, "updates": 200}), x, values, cv=2).mean() > 0.5
