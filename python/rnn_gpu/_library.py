"""The C library by ctypes: where it is, its structures and functions, and its errors as exceptions.

The order of fields is that of include/rnn_gpu/rnn_gpu.h; python/tests/test_library.py compares the two. ctypes releases
the interpreter's lock during every call.
"""
import ctypes
import ctypes.util
import logging
import os
from ctypes import POINTER, c_char, c_char_p, c_double, c_int, c_size_t, c_uint64, c_void_p
from pathlib import Path

SONAME = "librnn_gpu.so.0"

# ---- structures

TYPES = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool", "uint16",
         "uint32", "uint64"]


class Array(ctypes.Structure):
    _fields_ = [("values", c_void_p), ("type", c_int), ("n_dims", c_size_t), ("shape", c_size_t * 4)]


class Arrays(ctypes.Structure):
    _fields_ = [("x", Array), ("y", Array), ("lengths", Array), ("h_0", Array), ("c_0", Array)]


class DeviceInfo(ctypes.Structure):
    _fields_ = [("id", c_char * 24), ("name", c_char * 128), ("backend", c_char * 16), ("problem", c_char * 440),
                ("memory_bytes", c_uint64), ("is_gpu", c_int), ("units", c_int)]


class ModelInfo(ctypes.Structure):
    _fields_ = [("cell", c_char_p), ("loss", c_char_p), ("target", c_char_p), ("inputs", c_size_t),
                ("hidden", c_size_t), ("outputs", c_size_t), ("layers", c_size_t), ("directions", c_size_t),
                ("n_parameters", c_size_t), ("n_weights", c_size_t), ("n_classes", c_size_t), ("is_double", c_int),
                ("takes_words", c_int), ("has_normalization", c_int)]


class Update(ctypes.Structure):
    _fields_ = [("update", c_uint64), ("loss", c_double), ("grad_norm", c_double), ("lr", c_double),
                ("sequences_per_s", c_double), ("clipped", c_int), ("skipped", c_int)]


class Validation(ctypes.Structure):
    _fields_ = [("update", c_uint64), ("epoch", c_uint64), ("loss", c_double), ("accuracy", c_double),
                ("r2", c_double), ("best", c_int)]


class Verdict(ctypes.Structure):
    _fields_ = [("verdict", c_char_p), ("decay", c_double), ("factor", c_double), ("log10_reach", c_double),
                ("horizon", c_size_t)]


class TrainingResult(ctypes.Structure):
    _fields_ = [("reason", c_char_p), ("updates", c_uint64), ("skipped", c_uint64), ("loss", c_double),
                ("last_loss", c_double), ("baseline", c_double), ("grad_norm", c_double), ("clip_rate", c_double),
                ("seconds", c_double), ("sequences_per_s", c_double), ("validation", Validation),
                ("best_update", c_uint64), ("best_loss", c_double), ("test_loss", c_double),
                ("test_accuracy", c_double), ("test_r2", c_double), ("verdict", Verdict), ("weights_hash", c_uint64)]


LogFunction = ctypes.CFUNCTYPE(None, c_void_p, c_char_p)
UpdateFunction = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(Update))
ValidationFunction = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(Validation))

_handle, _new = c_void_p, POINTER(c_void_p)
_numbers = POINTER(c_double)
# Name: what it takes. All return a status but those of _OTHERS.
FUNCTIONS = {
    "set_cache": [c_char_p],
    "options_create": [c_char_p, _new], "options_set": [_handle, c_char_p, c_char_p],
    "options_get": [_handle, c_char_p, c_char_p, c_size_t],
    "devices": [POINTER(DeviceInfo), c_size_t, POINTER(c_size_t)],
    "data_create": [POINTER(Arrays), _new], "data_open": [c_char_p, _new],
    "tensors_get": [_handle, c_char_p, POINTER(Array)],
    "model_create": [_handle, c_size_t, c_size_t, _new], "model_load": [c_char_p, _handle, _new],
    "model_save": [_handle, c_char_p], "model_describe": [_handle, POINTER(ModelInfo)],
    "model_shape": [_handle, c_char_p, POINTER(c_size_t)],
    "model_get": [_handle, c_char_p, _numbers, c_size_t], "model_set": [_handle, c_char_p, _numbers, c_size_t],
    "trainer_create": [_handle, _handle, _handle, _handle, _handle, _new], "trainer_run": [_handle],
    "trainer_result": [_handle, POINTER(TrainingResult)], "trainer_model": [_handle, c_int, _new],
    "trainer_lags": [_handle, _new],
    "predict": [_handle, _handle, _handle, _handle, _new],
    "gradient": [_handle, _handle, _handle, _handle, _new, POINTER(Verdict)],
}
_OTHERS = {
    "version": (c_char_p, []), "error_message": (c_char_p, []), "set_log": (None, [LogFunction, c_void_p]),
    "options_destroy": (None, [_handle]), "option_name": (c_char_p, [c_char_p, c_size_t]),
    "option_help": (c_char_p, [c_char_p]), "data_destroy": (None, [_handle]), "tensors_destroy": (None, [_handle]),
    "tensors_count": (c_size_t, [_handle]), "tensors_name": (c_char_p, [_handle, c_size_t]),
    "model_destroy": (None, [_handle]), "model_parameter": (c_char_p, [_handle, c_size_t]),
    "model_class": (c_char_p, [_handle, c_size_t]), "trainer_destroy": (None, [_handle]),
    "trainer_on_update": (None, [_handle, UpdateFunction, c_void_p]),
    "trainer_on_validation": (None, [_handle, ValidationFunction, c_void_p]), "trainer_cancel": (None, [_handle]),
}

# ---- errors


class Error(RuntimeError):
    """What the library refused or could not do; `status` is its code, as the program's exit code."""

    status = 1


class UsageError(Error, ValueError):
    """Arguments or options that make no sense."""

    status = 2


class DeviceError(Error):
    """There is no usable device."""

    status = 3


class DataError(Error, ValueError):
    """A missing or malformed file; data or weights that do not fit."""

    status = 4


class DivergedError(Error, ArithmeticError):
    """The training diverged; `run` has the last finite weights."""

    status = 5
    run = None


class MemoryLimitError(Error, MemoryError):
    """The memory of the host or of the device does not suffice."""

    status = 7


class NotSavedError(Error, OSError):
    """A file could not be written."""

    status = 8


OK, DIVERGED, INTERRUPTED = 0, 5, 130
_ERRORS = {kind.status: kind for kind in (UsageError, DeviceError, DataError, DivergedError, MemoryLimitError,
                                          NotSavedError)}

# ---- loading


def _candidates():
    """Where the library may be, the first place counts: named by the user, in the wheel, in the source tree, installed."""
    here = Path(__file__).resolve().parent
    if os.environ.get("RNN_GPU_LIBRARY"):
        return [os.environ["RNN_GPU_LIBRARY"]]
    places = [here / SONAME]
    if (here.parents[1] / "host" / "api").is_dir():
        places += [here.parents[1] / "build" / SONAME, here.parents[1] / "build" / "tests" / "release" / SONAME]
    found = [str(place) for place in places if place.exists()]
    installed = ctypes.util.find_library("rnn_gpu")
    return found + [SONAME] + ([installed] if installed else [])


def _open(path):
    """The library, with the libraries that the wheel carries beside it where the system lacks them."""
    try:
        return ctypes.CDLL(path)
    except OSError:
        beside = sorted(Path(path).resolve().parent.glob("needed/*.so*")) if os.path.exists(path) else []
        for _ in beside:  # each may need others: as many rounds as there are files are enough
            for needed in beside:
                try:
                    ctypes.CDLL(str(needed), mode=ctypes.RTLD_GLOBAL)
                except OSError:
                    pass
        return ctypes.CDLL(path)


def _load():
    reasons = []
    for path in _candidates():
        try:
            return _open(path), path
        except OSError as reason:
            reasons.append(str(reason))
    raise ImportError(f"the library {SONAME} was not found; build rnn-gpu and install its wheel, or name the file in the "
                      f"environment variable RNN_GPU_LIBRARY ({'; '.join(reasons)})")


_library, library_path = _load()
for _name, _arguments in FUNCTIONS.items():
    _function = getattr(_library, "rnn_gpu_" + _name)
    _function.restype, _function.argtypes = c_int, _arguments
for _name, (_result, _arguments) in _OTHERS.items():
    _function = getattr(_library, "rnn_gpu_" + _name)
    _function.restype, _function.argtypes = _result, _arguments


def other(name, *arguments):
    """Call a function that returns no status."""
    return getattr(_library, "rnn_gpu_" + name)(*arguments)


def version():
    """The version of the C library."""
    return other("version").decode()


def status_of(name, *arguments):
    """Call a function; its status."""
    return getattr(_library, "rnn_gpu_" + name)(*arguments)


def error(status):
    """The exception of a status that the last call of this thread returned."""
    kind = _ERRORS.get(status, Error)
    raised = kind(other("error_message").decode(errors="replace"))
    raised.status = status
    return raised


def call(name, *arguments):
    """Call a function, or raise its error."""
    status = status_of(name, *arguments)
    if status != OK:
        raise error(status)


class Handle:
    """An object of the library, destroyed with this one."""

    def __init__(self, destroy):
        self.value = c_void_p()
        self._destroy = getattr(_library, "rnn_gpu_" + destroy)

    @property
    def new(self):
        """For a function that makes the object."""
        return ctypes.byref(self.value)

    def __del__(self):
        if getattr(self, "value", None) and self.value.value:
            self._destroy(self.value)
            self.value = None


_logger = logging.getLogger("rnn_gpu")


@LogFunction
def _notice(_, line):
    _logger.info("%s", line.decode(errors="replace"))


other("set_log", _notice, None)


def _cache_folder():
    """Where the library keeps files between processes: the program's folder. None: nowhere."""
    below = os.environ.get("XDG_CACHE_HOME", "")
    home = os.environ.get("HOME", "")
    below = below if below.startswith("/") else home + "/.cache" if home.startswith("/") else ""
    return os.fsencode(below + "/rnn-gpu") if below else None


status_of("set_cache", _cache_folder())  # a path that it refuses keeps nothing
