"""Estimators for scikit-learn, whose base classes they have where it is installed."""
import inspect

import numpy as np

from ._core import train
from ._library import DataError, UsageError

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
except ImportError:

    class BaseEstimator:
        """What scikit-learn's base class does for parameters."""

        def get_params(self, deep=True):
            names = list(inspect.signature(type(self).__init__).parameters)[1:]
            return {name: getattr(self, name) for name in names}

        def set_params(self, **params):
            for name, value in params.items():
                if name not in self.get_params():
                    raise ValueError(f"{type(self).__name__} has no parameter {name}")
                setattr(self, name, value)
            return self

    class ClassifierMixin:
        _estimator_type = "classifier"

    class RegressorMixin:
        _estimator_type = "regressor"


class _Estimator(BaseEstimator):
    """What both share. X is [N, T, F] or [N, T]; with `features` F also [N, T * F], a row of a table being a sequence."""

    def __init__(self, cell="lstm", hidden=64, layers=1, bidirectional=False, activation=None, dropout=0.0, updates=500,
                 batch=None, lr=3e-3, optimizer="adam", clip_norm=1.0, validation_fraction=0.0, patience=None,
                 features=None, random_state=1, device=None, threads=None, precision="float", options=None):
        self.cell = cell
        self.hidden = hidden
        self.layers = layers
        self.bidirectional = bidirectional
        self.activation = activation
        self.dropout = dropout
        self.updates = updates
        self.batch = batch
        self.lr = lr
        self.optimizer = optimizer
        self.clip_norm = clip_norm
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.features = features
        self.random_state = random_state
        self.device = device
        self.threads = threads
        self.precision = precision
        self.options = options

    def _sequences(self, X):
        """X as numbers [N, T] or [N, T, F]; words stay whole numbers where there is an embedding."""
        words = (self.options or {}).get("embed")
        X = np.asarray(X)
        if not words:
            X = X.astype(np.float64 if self.precision == "double" else np.float32)
        if X.ndim == 2 and self.features:
            if X.shape[1] % self.features:
                raise DataError(f"X has {X.shape[1]} columns, which is no multiple of features={self.features}")
            X = X.reshape(len(X), -1, self.features)
        if X.ndim not in (2, 3):
            raise DataError(f"X has {X.ndim} dimensions; [sequences, steps] or [sequences, steps, features] was expected")
        return X

    def _device_options(self):
        return {"device": self.device, "threads": self.threads, "precision": self.precision}

    def _check_options(self):
        """Refuse a name that is also a parameter: each has its value in one place."""
        others = {"val_frac": "validation_fraction", "seed": "random_state"}
        for name in self.options or {}:
            parameter = others.get(name, name)
            if parameter in self.get_params(deep=False):
                raise UsageError(f"options has '{name}', which is the parameter {parameter} of {type(self).__name__}; "
                                 "give it there")

    def _fit(self, X, y, loss):
        self._check_options()
        names = ("cell", "hidden", "layers", "bidirectional", "activation", "updates", "batch", "lr", "optimizer",
                 "clip_norm", "patience")
        chosen = {name: getattr(self, name) for name in names}
        chosen["dropout"] = self.dropout or None
        chosen["val_frac"] = self.validation_fraction or None
        chosen["seed"] = 1 if self.random_state is None else self.random_state
        chosen["diagnose"] = "none"
        chosen["loss"] = loss
        chosen.update(self._device_options())
        chosen.update(self.options or {})
        X = self._sequences(X)
        self.n_features_in_ = X.shape[-1] if X.ndim == 3 else X.shape[1]
        if X.ndim == 3 and self.features:
            self.n_features_in_ = X.shape[1] * X.shape[2]
        self.run_ = train(X, y, **chosen)
        self.model_ = self.run_.best_model or self.run_.model
        return self

    def _check_is_fitted(self):
        if not hasattr(self, "model_"):
            raise AttributeError(f"this {type(self).__name__} is not fitted yet; call fit")

    def _outputs(self, X):
        self._check_is_fitted()
        return self.model_.predict(self._sequences(X), **self._device_options())

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "run_"}


class RNNClassifier(ClassifierMixin, _Estimator):
    """A recurrent network that tells classes apart.

    RNNClassifier(cell="lstm", hidden=64, updates=500, lr=3e-3, features=None, ...). y may hold any labels; classes_ has
    them in order. `options` is a dict of further options of rnn_gpu.train.
    """

    def fit(self, X, y):
        y = np.asarray(y)
        if y.ndim != 1:
            raise DataError(f"y has {y.ndim} dimensions; a label for each sequence was expected")
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"y has one class, {self.classes_[0]!r}; two or more are needed")
        return self._fit(X, numbers.astype(np.int64), "bce" if len(self.classes_) == 2 else "ce")

    def predict_proba(self, X):
        """[N, classes], in the order of classes_."""
        self._check_is_fitted()
        return self.model_.predict_proba(self._sequences(X), **self._device_options())

    def predict(self, X):
        """The most probable class of each sequence."""
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]

    def score(self, X, y):
        """The share of right predictions."""
        return float(np.mean(self.predict(X) == np.asarray(y)))


class RNNRegressor(RegressorMixin, _Estimator):
    """A recurrent network that predicts numbers, one or several for each sequence.

    RNNRegressor(cell="lstm", hidden=64, updates=500, lr=3e-3, features=None, ...).
    """

    def fit(self, X, y):
        y = np.asarray(y, dtype=np.float64 if self.precision == "double" else np.float32)
        if y.ndim not in (1, 2):
            raise DataError(f"y has {y.ndim} dimensions; numbers [sequences] or [sequences, outputs] were expected")
        self.one_output_ = y.ndim == 1
        return self._fit(X, y, "mse")

    def predict(self, X):
        """[N], or [N, outputs]."""
        out = self._outputs(X)
        return out[:, 0] if self.one_output_ else out

    def score(self, X, y):
        """The mean over outputs of R^2."""
        y = np.asarray(y, dtype=np.float64)
        errors = ((y - self.predict(X)) ** 2).sum(axis=0)
        spread = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
        return float(np.mean(1.0 - errors / np.where(spread > 0, spread, 1.0)))
