import numpy as np
import pytest


@pytest.fixture(autouse=True)
def native_device(monkeypatch):
    """Without a test's word, the native device."""
    monkeypatch.setenv("RNN_GPU_DEVICE", "cpu")


@pytest.fixture
def problem():
    """Do sequences rise or fall? x [48, 9, 2], y [48]."""
    random = np.random.default_rng(1)
    y = np.arange(48) % 2
    rising = np.where(y, 0.1, -0.1)[:, None] * np.arange(9)
    x = np.stack([rising, random.normal(size=(48, 9))], axis=2).astype(np.float32)
    return x, y
