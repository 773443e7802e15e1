"""Models, trainings and gradients."""
import ctypes
import math
import os
import signal
import tempfile
import threading
from ctypes import byref, c_char_p, c_size_t

import numpy as np

from . import _library as lib

# ---- arrays


def _array(values, name):
    """`values` as an array of C, and that array's owner: copied only where layout or byte order ask for it."""
    array = np.ascontiguousarray(values)
    if array.dtype.byteorder not in "=|":
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.name not in lib.TYPES:
        raise lib.DataError(f"{name} has the type {array.dtype}; numbers were expected" +
                            (", whole ones from 0 on for classes" if name == "y" else ""))
    if not 1 <= array.ndim <= 4:
        raise lib.DataError(f"{name} has {array.ndim} dimensions; 1 to 4 were expected")
    shape = (c_size_t * 4)(*array.shape)
    return lib.Array(array.ctypes.data, lib.TYPES.index(array.dtype.name), array.ndim, shape), array


def _padded(x, lengths):
    """x and lengths; a list of sequences of unequal length is padded with zeros behind their ends."""
    if isinstance(x, (list, tuple)) and len(x) and all(hasattr(s, "__len__") for s in x) and lengths is None:
        rows = [np.asarray(s) for s in x]
        steps = max(len(row) for row in rows)
        if any(len(row) != steps for row in rows):
            padded = np.zeros((len(rows), max(steps, 1)) + rows[0].shape[1:], dtype=np.result_type(*rows))
            for row, sequence in zip(padded, rows):
                row[:len(sequence)] = sequence
            return padded, np.array([len(row) for row in rows], dtype=np.int64)
        return np.array(rows), None
    return x, lengths


class _Data(lib.Handle):
    """Arrays, or the name of a file, as data of the library. The arrays live as long as this object."""

    def __init__(self, x, y=None, lengths=None):
        super().__init__("data_destroy")
        if isinstance(x, (str, os.PathLike)):
            if y is not None or lengths is not None:
                raise lib.UsageError("a file has its own y and lengths; leave them out")
            lib.call("data_open", os.fsencode(x), self.new)
            return
        x, lengths = _padded(x, lengths)
        arrays = lib.Arrays()
        arrays.x, x = _array(x, "x")
        self._kept = [x]
        for name, values in (("y", y), ("lengths", lengths)):
            if values is not None:
                array, kept = _array(values, name)
                setattr(arrays, name, array)
                self._kept.append(kept)
        lib.call("data_create", byref(arrays), self.new)


def _arrays_of(tensors):
    """Copies of the library's tensors, by name."""
    out = {}
    for i in range(lib.other("tensors_count", tensors.value)):
        name = lib.other("tensors_name", tensors.value, i)
        array = lib.Array()
        lib.call("tensors_get", tensors.value, name, byref(array))
        shape = tuple(array.shape[:array.n_dims])
        kind = np.dtype(lib.TYPES[array.type])
        raw = ctypes.string_at(array.values, math.prod(shape) * kind.itemsize)
        out[name.decode()] = np.frombuffer(raw, kind).reshape(shape).copy()
    return out


# ---- options


class _Options(lib.Handle):
    """Options of a command: hidden=64, clip_norm=1, bidirectional=True; None: the default."""

    def __init__(self, command, options):
        super().__init__("options_destroy")
        lib.call("options_create", command.encode(), self.new)
        device = os.environ.get("RNN_GPU_DEVICE")
        if device and options.get("device") is None:
            options = {**options, "device": device}
        for name, value in options.items():
            if value is not None:
                lib.call("options_set", self.value, name.replace("_", "-").encode(), _text(value).encode())


def _text(value):
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):  # an option with several values has commas between them
        return ",".join(_text(item) for item in value)
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def options(command="train"):
    """What the options of `command`, "train", "predict" or "grad", do: {name: (default, text)}."""
    made, out, i = _Options(command, {"device": "auto"}), {}, 0
    while (name := lib.other("option_name", command.encode(), i)) is not None:
        text = ctypes.create_string_buffer(200)
        lib.call("options_get", made.value, name, text, len(text))
        out[name.decode().replace("-", "_")] = (text.value.decode(), lib.other("option_help", name).decode())
        i += 1
    return out


def devices():
    """The devices that there are, each a dict; `id` is what the option device takes."""
    count, info = c_size_t(), (lib.DeviceInfo * 64)()
    lib.call("devices", info, len(info), byref(count))
    return [{"id": d.id.decode(), "name": d.name.decode(), "backend": d.backend.decode(),
             "problem": d.problem.decode(), "memory_bytes": d.memory_bytes, "is_gpu": bool(d.is_gpu),
             "units": d.units} for d in info[:count.value]]


# ---- models


class Model:
    """A recurrent network. Model.load reads one, train gives one, Model.create makes one with fresh weights."""

    def __init__(self, handle):
        self._handle = handle

    @classmethod
    def load(cls, path, **options):
        """A saved model, .safetensors, of rnn-gpu or of PyTorch; options say what a plain PyTorch file lacks, such as
        cell="gru", and precision="double" keeps doubles."""
        handle, given = lib.Handle("model_destroy"), _Options("predict", options)
        lib.call("model_load", os.fsencode(path), given.value, handle.new)
        return cls(handle)

    @classmethod
    def create(cls, inputs, outputs, **options):
        """A model with drawn weights, of the options cell, hidden, layers, loss, seed and so on."""
        handle, given = lib.Handle("model_destroy"), _Options("train", options)
        lib.call("model_create", given.value, inputs, outputs, handle.new)
        return cls(handle)

    def save(self, path):
        """Write the model as .safetensors, with PyTorch's names."""
        lib.call("model_save", self._handle.value, os.fsencode(path))

    def predict(self, x, lengths=None, **options):
        """The outputs of all sequences: [N, O], or [N, T, O] of a model with an output at every step. Classes have
        logits here; see predict_proba."""
        data, tensors = _Data(x, None, lengths), lib.Handle("tensors_destroy")
        given = _Options("predict", self._precise(options))
        lib.call("predict", None, self._handle.value, data.value, given.value, tensors.new)
        return _arrays_of(tensors)["output"]

    def predict_proba(self, x, lengths=None, **options):
        """Probabilities of classes, [N, classes]: two for a model with one logit."""
        if self.loss == "mse":
            raise lib.UsageError("this model predicts values, which have no probabilities")
        z = self.predict(x, lengths, **options).astype(np.float64)
        if self.loss == "bce":
            z = np.clip(z, -700, 700)
            one = 1.0 / (1.0 + np.exp(-z))
            return np.concatenate([1.0 - one, one], axis=-1) if z.shape[-1] == 1 else one
        z = np.exp(z - z.max(axis=-1, keepdims=True))
        return z / z.sum(axis=-1, keepdims=True)

    def parameters(self):
        """{name: array}, copies; PyTorch's names and shapes."""
        out, i = {}, 0
        while (name := lib.other("model_parameter", self._handle.value, i)) is not None:
            shape = (c_size_t * 2)()
            lib.call("model_shape", self._handle.value, name, shape)
            values = np.empty(shape[:] if shape[1] else shape[:1], dtype=np.float64)
            lib.call("model_get", self._handle.value, name, values.ctypes.data_as(lib._numbers), values.size)
            out[name.decode()] = values if self._info.is_double else values.astype(np.float32)
            i += 1
        return out

    def set_parameter(self, name, values):
        """Replace a parameter's numbers."""
        values = np.ascontiguousarray(values, dtype=np.float64)
        shape = (c_size_t * 2)()
        lib.call("model_shape", self._handle.value, name.encode(), shape)
        wanted = tuple(shape[:] if shape[1] else shape[:1])
        if values.shape != wanted:
            raise lib.UsageError(f"{name} has the shape {wanted}, and not {values.shape}")
        lib.call("model_set", self._handle.value, name.encode(), values.ctypes.data_as(lib._numbers), values.size)

    @property
    def _info(self):
        info = lib.ModelInfo()
        lib.call("model_describe", self._handle.value, byref(info))
        return info

    def _precise(self, options):
        """Doubles are computed with as doubles, unless something else is asked for."""
        return {"precision": "double", **options} if self._info.is_double else options

    cell = property(lambda self: self._info.cell.decode(), doc="rnn, lstm or gru")
    loss = property(lambda self: self._info.loss.decode(), doc="mse, bce or ce")
    target = property(lambda self: self._info.target.decode(), doc="last or steps")
    inputs = property(lambda self: self._info.inputs, doc="features, or words of the vocabulary")
    hidden = property(lambda self: self._info.hidden)
    outputs = property(lambda self: self._info.outputs)
    layers = property(lambda self: self._info.layers)
    directions = property(lambda self: self._info.directions)

    def __repr__(self):
        return (f"<rnn_gpu.Model {self.cell}, {self.inputs} inputs, {self.hidden} hidden, {self.layers} "
                f"layer{'s' * (self.layers > 1)}{', bidirectional' * (self.directions > 1)}, {self.outputs} outputs, "
                f"loss {self.loss}>")

    def __reduce__(self):
        """Pickled as the bytes of its file."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.safetensors")
            self.save(path)
            with open(path, "rb") as file:
                return _model_of_bytes, (file.read(), bool(self._info.is_double))


def _model_of_bytes(content, is_double):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        with open(path, "wb") as file:
            file.write(content)
        return Model.load(path, precision="double" if is_double else None)


# ---- trainings


class Result(dict):
    """What a training came to, by name; the names are attributes too."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class History(list):
    """One dict for each update; history["loss"] is an array of all losses. `validations` has one for each validation."""

    def __init__(self):
        super().__init__()
        self.validations = []

    def __getitem__(self, key):
        return np.array([row[key] for row in self]) if isinstance(key, str) else super().__getitem__(key)


class Run:
    """A training that has ended: model (the last weights), best_model (of the lowest validation loss, or None), history,
    result, lags (the gradient by lag, {name: array}, empty where it was not measured)."""

    def __init__(self, model, best_model, history, result, lags):
        self.model, self.best_model, self.history, self.result, self.lags = model, best_model, history, result, lags

    def __repr__(self):
        return f"<rnn_gpu.Run {self.result.reason} after {self.result.updates} updates, loss {self.result.loss:.6g}>"


class Gradient(dict):
    """{name: array} of grad; `verdict` says what the gradient does over time, `horizon` how far back it matters."""

    verdict = horizon = factor = log10_reach = None


def _plain(structure):
    return {name: getattr(structure, name) for name, _ in structure._fields_}


class _CtrlC:
    """While the library works, Ctrl-C cancels, and what it would have raised goes to `raised`. Raised at once, the
    exception could come up on the way into a callback, where it would be lost. Only the main thread gets signals."""

    def __init__(self, raised, cancel):
        self._raised, self._cancel, self._before = raised, cancel, None

    def _on_signal(self, number, frame):
        try:
            self._before(number, frame)
        except BaseException as exception:  # noqa: B902
            self._raised.append(exception)
            self._cancel()

    def __enter__(self):
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._before = signal.signal(signal.SIGINT, self._on_signal)

    def __exit__(self, *_):
        if self._before:
            signal.signal(signal.SIGINT, self._before)


class _Trainer(lib.Handle):
    def __init__(self, given, start, training, validation):
        super().__init__("trainer_destroy")
        self._needs = (given, start, training, validation)
        lib.call("trainer_create", None, given.value, start._handle.value if start else None,
                 training.value if training else None, validation.value if validation else None, self.new)

    def run(self, callback):
        """Train; (status, history, the exception that ended it or None)."""
        history, raised = History(), []

        def guard(work):
            """An exception, Ctrl-C among them, ends the training, and is raised once it has ended."""
            def guarded(_, event):
                try:
                    return work(event.contents)
                except BaseException as exception:  # noqa: B902
                    raised.append(exception)
                    return 1
            return guarded

        def on_update(event):
            row = _plain(event)
            row["clipped"], row["skipped"] = bool(row["clipped"]), bool(row["skipped"])
            history.append(row)
            return 1 if callback and callback(dict(row)) else 0

        def on_validation(event):
            history.validations.append({**_plain(event), "best": bool(event.best)})
            return 0

        kept = lib.UpdateFunction(guard(on_update)), lib.ValidationFunction(guard(on_validation))
        lib.other("trainer_on_update", self.value, kept[0], None)
        lib.other("trainer_on_validation", self.value, kept[1], None)
        with _CtrlC(raised, lambda: lib.other("trainer_cancel", self.value)):
            status = lib.status_of("trainer_run", self.value)
        if status not in (lib.OK, lib.DIVERGED, lib.INTERRUPTED):
            raise lib.error(status)
        return status, history, raised[0] if raised else None

    def _model(self, best):
        handle = lib.Handle("model_destroy")
        lib.call("trainer_model", self.value, best, handle.new)
        return Model(handle)

    def _lags(self):
        tensors = lib.Handle("tensors_destroy")
        return _arrays_of(tensors) if lib.status_of("trainer_lags", self.value, tensors.new) == lib.OK else {}

    def finish(self, history):
        """The run, of whatever the training came to."""
        raw = lib.TrainingResult()
        lib.call("trainer_result", self.value, byref(raw))
        result = Result(_plain(raw))
        verdict = _plain(result.pop("verdict"))
        validation = _plain(result["validation"])
        result["reason"] = raw.reason.decode()
        result["validation"] = None if math.isnan(validation["loss"]) else validation
        result["verdict"] = verdict["verdict"].decode() if verdict["verdict"] else None
        for name in ("decay", "factor", "log10_reach", "horizon"):
            result[name] = verdict[name] if verdict["verdict"] else None
        result["weights_hash"] = f"{raw.weights_hash:016x}"
        best = self._model(1) if raw.best_update else None
        return Run(self._model(0), best, history, result, self._lags())


def _test_file(test, folder):
    """The file of the option test, whose arrays are written into `folder`."""
    if test is None or isinstance(test, (str, os.PathLike)):
        return test
    if not isinstance(test, (list, tuple)) or not 2 <= len(test) <= 3:
        raise lib.UsageError("test is (x, y), (x, y, lengths) or the name of a data file")
    x, lengths = _padded(test[0], test[2] if len(test) == 3 else None)
    arrays = {"x": _array(x, "x")[1], "y": _array(test[1], "y")[1]}
    if lengths is not None:
        arrays["lengths"] = _array(lengths, "lengths")[1]
    path = os.path.join(folder, "test.npz")
    np.savez(path, **arrays)
    return path


def _check_arguments(x, y, lengths, validation, options):
    """Refuse arguments that say nothing together, in the words of this function."""
    for name, values in (("y", y), ("lengths", lengths)):
        if x is None and values is not None:
            raise lib.UsageError(f"{name} belongs to sequences x, and x is None; give x, or leave {name} out")
    for name, argument in (("data", "x"), ("val", "validation")):
        if options.get(name) is not None:
            raise lib.UsageError(f"train has no option '{name}'; arrays or the name of a file are the argument {argument}")
    for name in ("val_frac", "fold"):
        if validation is not None and options.get(name):
            raise lib.UsageError(f"validation and {name} both give validation data; leave one out")


def train(x=None, y=None, lengths=None, validation=None, callback=None, model=None, test=None, **options):
    """Train a network; a Run.

    x: floats [N, T, F] or [N, T]; whole numbers [N, T] are words; or a list of sequences of unequal length; or the name
    of a data file, without y. y: whole numbers are classes, floats are values; [N], [N, O], [N, T] or [N, T, O].
    lengths: [N]. Without x the task of the option task is trained. validation: (x, y) or (x, y, lengths). callback:
    called with a dict after each update; a true value ends the training. model: where to start from, a Model. test:
    as validation, scored once at the end (result.test_loss, test_accuracy, test_r2).
    Options are those of `rnn-gpu help train`, with underscores: cell="lstm", hidden=64, updates=500, clip_norm=1. Several
    values are a list: class_weights=[1, 2], freeze=["rnn.weight_ih_*", "embed*"].

    Ctrl-C ends the training after the update that is under way; KeyboardInterrupt then has the Run as `run`, and so has
    DivergedError.
    """
    _check_arguments(x, y, lengths, validation, options)
    with tempfile.TemporaryDirectory() as folder:
        given = _Options("train", {**options, "test": _test_file(test, folder)})
        training = _Data(x, y, lengths) if x is not None else None
        if isinstance(validation, (str, os.PathLike)):
            validation = (validation,)
        held_out = _Data(*validation) if validation is not None else None
        trainer = _Trainer(given, model, training, held_out)
        status, history, raised = trainer.run(callback)
    diverged = lib.error(status) if status == lib.DIVERGED else None
    run = trainer.finish(history)
    if raised is None and diverged is None:
        return run
    raised = raised or diverged
    if isinstance(raised, (KeyboardInterrupt, lib.DivergedError)):
        raised.run = run
    raise raised


def grad(model, x, y=None, lengths=None, **options):
    """One forward and backward pass over all sequences: a Gradient, {name: array}.

    loss [1], output, grad_norm [1], grad.P for each parameter P; for each weight matrix P, by time lag from 0 to T - 1,
    lag.norm.P, lag.share.P, lag.cosine.P [T]; delta.norm [T], and more (docs/gradient-by-lag.md).
    """
    data, tensors, verdict = _Data(x, y, lengths), lib.Handle("tensors_destroy"), lib.Verdict()
    given = _Options("grad", model._precise(options))
    lib.call("gradient", None, model._handle.value, data.value, given.value, tensors.new, byref(verdict))
    out = Gradient(_arrays_of(tensors))
    if verdict.verdict:
        out.verdict, out.horizon = verdict.verdict.decode(), verdict.horizon
        out.factor, out.log10_reach = verdict.factor, verdict.log10_reach
    return out
