"""The structures and functions of the package are those of the C header."""
import re
from pathlib import Path

import numpy as np
import pytest

import rnn_gpu
from rnn_gpu import _library

HEADER = Path(__file__).resolve().parents[2] / "include" / "rnn_gpu" / "rnn_gpu.h"
text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)


@pytest.mark.parametrize("name, structure", [
    ("rnn_gpu_array", _library.Array), ("rnn_gpu_arrays", _library.Arrays),
    ("rnn_gpu_device_info", _library.DeviceInfo), ("rnn_gpu_model_info", _library.ModelInfo),
    ("rnn_gpu_update", _library.Update), ("rnn_gpu_validation", _library.Validation),
    ("rnn_gpu_verdict", _library.Verdict), ("rnn_gpu_result", _library.TrainingResult)])
def test_structures(name, structure):
    body = re.search(r"struct " + name + r" \{(.*?)\};", text, re.S).group(1)
    fields = []
    for line in body.split(";"):
        names = re.sub(r"\[\d+\]", "", line).replace("*", " ").split()
        if names:
            declared = " ".join(names)
            first = declared.split(",")[0].split()[-1]
            fields += [first] + [other.strip() for other in declared.split(",")[1:]]
    assert fields == [field for field, _ in structure._fields_]


def test_functions():
    declared = set(re.findall(r"\brnn_gpu_(\w+)\(", "".join(re.findall(r"RNN_GPU_API [^;]*;", text))))
    ours = set(_library.FUNCTIONS) | set(_library._OTHERS)
    assert ours <= declared
    left = {"last_status", "status_name", "device_open", "device_close", "device_describe", "tensors_save"}
    assert declared - ours == left


def test_types():
    names = re.findall(r"RNN_GPU_([A-Z0-9]+)\b", re.search(r"typedef enum rnn_gpu_type \{(.*?)\}", text, re.S).group(1))
    short = [re.sub(r"^([a-z])[a-z]*?(\d*)$", r"\1\2", name).upper() for name in _library.TYPES]
    assert [n.replace("BF", "B") if n.startswith("BF") else "B" if n == "BOOL" else n for n in names] == short


def test_versions():
    assert rnn_gpu.version() == rnn_gpu.__version__


def test_devices():
    found = rnn_gpu.devices()
    assert found[-1]["id"] == "cpu" and found[-1]["problem"] == ""
    assert isinstance(np.int64(found[-1]["units"]), np.int64)


def test_options():
    options = rnn_gpu.options("train")
    assert options["hidden"][0] == "128" and "hidden units" in options["hidden"][1]
    assert "out" not in options
    assert set(rnn_gpu.options("predict")) - {"head"} < set(options)
