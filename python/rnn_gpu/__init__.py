"""Recurrent networks on any OpenCL device or the processor, and their gradient over time.

    run = rnn_gpu.train(x, y, cell="lstm", hidden=64, updates=500, validation=(xv, yv))
    run.model.predict(x)
    rnn_gpu.grad(run.model, x, y)["lag.share.rnn.weight_hh_l0"]

RNNClassifier and RNNRegressor are estimators for scikit-learn, which need not be installed. docs/python.md is the guide.
"""
from ._core import Gradient, History, Model, Result, Run, devices, grad, options, train
from ._library import (DataError, DeviceError, DivergedError, Error, MemoryLimitError, NotSavedError, UsageError,
                       library_path, version)

__version__ = "0.1.0"
__all__ = ["DataError", "DeviceError", "DivergedError", "Error", "Gradient", "History", "MemoryLimitError", "Model",
           "NotSavedError", "RNNClassifier", "RNNRegressor", "Result", "Run", "UsageError", "devices", "grad",
           "library_path", "options", "train", "version"]


def __getattr__(name):
    """The estimators, loaded when they are asked for: scikit-learn takes a second."""
    if name in ("RNNClassifier", "RNNRegressor"):
        from . import _estimators
        return getattr(_estimators, name)
    raise AttributeError(f"module 'rnn_gpu' has no attribute '{name}'")
