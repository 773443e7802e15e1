"""Trainings, models, outputs and gradients."""
import math
import pickle
import signal
import threading
import time

import numpy as np
import pytest

import rnn_gpu


def test_a_run(problem):
    x, y = problem
    seen = []
    run = rnn_gpu.train(x, y, cell="lstm", hidden=8, updates=60, lr=0.02, val_every=20, validation=(x, y),
                        callback=seen.append)
    assert [row["update"] for row in seen] == list(range(1, 61))
    assert len(run.history) == 60 and run.history[-1]["loss"] == run.result.last_loss
    assert run.history["loss"].shape == (60,)
    assert [v["update"] for v in run.history.validations] == [20, 40, 60]
    assert run.result["reason"] == "done" and run.result.validation["accuracy"] == 1.0
    assert run.result.loss < run.result.baseline
    assert run.best_model is not None and run.model.outputs == 1
    assert run.result.verdict in ("NONE", "VANISHING", "EXPLODING", "MIXED", "FADING", "SENSITIVE", "STABLE")
    np.testing.assert_allclose(run.lags["lag.share.rnn.weight_hh_l0"].sum(), 1.0, atol=1e-9)
    assert (run.model.predict_proba(x).argmax(1) == y).all()


def test_the_same_bits_again(problem):
    runs = [rnn_gpu.train(*problem, cell="gru", hidden=5, updates=9, threads=t) for t in (1, 2)]
    assert runs[0].result.weights_hash == runs[1].result.weights_hash
    assert (runs[0].model.predict(problem[0]) == runs[1].model.predict(problem[0])).all()


def test_layouts_of_arrays(problem):
    x, y = problem
    expected = rnn_gpu.train(x, y, hidden=4, updates=3).result.weights_hash
    for other in (np.asfortranarray(x), x.astype(">f4"), x.astype(np.float64), np.repeat(x, 2, axis=0)[::2], x.tolist()):
        assert rnn_gpu.train(other, y, hidden=4, updates=3).result.weights_hash == expected
    for other in (y.astype(np.int8), y.astype(bool), y.tolist()):
        assert rnn_gpu.train(x, other, hidden=4, updates=3).result.weights_hash == expected


def test_lengths(problem):
    x, y = problem
    lengths = 1 + np.arange(len(x)) % 9
    model = rnn_gpu.train(x, y, lengths=lengths, hidden=4, updates=3).model
    batch = model.predict(x, lengths)
    ragged = model.predict([sequence[:n] for sequence, n in zip(x, lengths)])
    np.testing.assert_array_equal(batch, ragged)
    for i in (0, 3, 8):
        np.testing.assert_allclose(batch[i], model.predict(x[i:i + 1, :lengths[i]])[0], atol=1e-6)


def test_words():
    random = np.random.default_rng(0)
    words = random.integers(0, 5, size=(40, 6))
    run = rnn_gpu.train(words, (words == 3).any(1).astype(int), cell="gru", hidden=12, embed=4, updates=150, lr=0.02)
    assert run.model.inputs == 5 and "embed.weight" in run.model.parameters()
    assert run.result.loss < 0.2


def test_targets_of_every_step(problem):
    x, _ = problem
    run = rnn_gpu.train(x, np.cumsum(x[:, :, 1], axis=1).astype(np.float32), target="steps", hidden=6, updates=5)
    assert run.model.target == "steps" and run.model.predict(x).shape == (48, 9, 1)


def test_a_task_and_a_file(tmp_path, problem):
    assert rnn_gpu.train(task="adding", steps=8, batch=4, hidden=3, updates=2).result.updates == 2
    np.savez(tmp_path / "data.npz", x=problem[0], y=problem[1])
    of_file = rnn_gpu.train(tmp_path / "data.npz", hidden=4, updates=3)
    assert of_file.result.weights_hash == rnn_gpu.train(*problem, hidden=4, updates=3).result.weights_hash
    with pytest.raises(rnn_gpu.UsageError, match="a file has its own y"):
        rnn_gpu.train(tmp_path / "data.npz", problem[1])


def test_files_of_models(tmp_path, problem):
    model = rnn_gpu.train(*problem, cell="lstm", hidden=5, updates=3).model
    model.save(tmp_path / "m.safetensors")
    again = rnn_gpu.Model.load(tmp_path / "m.safetensors")
    pickled = pickle.loads(pickle.dumps(model))
    for other in (again, pickled):
        np.testing.assert_array_equal(other.predict(problem[0]), model.predict(problem[0]))
    assert repr(again) == "<rnn_gpu.Model lstm, 2 inputs, 5 hidden, 1 layer, 1 outputs, loss bce>"
    with pytest.raises(rnn_gpu.DataError, match="nosuch"):
        rnn_gpu.Model.load(tmp_path / "nosuch.safetensors")
    with pytest.raises(rnn_gpu.NotSavedError):
        model.save(tmp_path / "nosuch" / "m.safetensors")


def test_goes_on_from_a_model(problem):
    first = rnn_gpu.train(*problem, hidden=5, updates=2)
    more = rnn_gpu.train(*problem, model=first.model, updates=2)
    assert more.model.hidden == 5
    assert more.history[0]["loss"] < first.history[0]["loss"]


def test_gradient_is_the_slope(problem):
    x, y = problem
    model = rnn_gpu.Model.create(2, 1, cell="gru", hidden=4, loss="bce", precision="double")
    weights = model.parameters()["rnn.weight_hh_l0"]
    gradient = rnn_gpu.grad(model, x, y)
    assert gradient["grad.rnn.weight_hh_l0"].shape == (12, 4) and gradient["lag.norm.rnn.weight_hh_l0"].shape == (9,)
    assert gradient.verdict and gradient["output"].dtype == np.float64
    for i, j in ((0, 0), (5, 2), (11, 3)):
        losses = []
        for step in (1e-5, -1e-5):
            moved = weights.copy()
            moved[i, j] += step
            model.set_parameter("rnn.weight_hh_l0", moved)
            losses.append(rnn_gpu.grad(model, x, y)["loss"][0])
        np.testing.assert_allclose((losses[0] - losses[1]) / 2e-5, gradient["grad.rnn.weight_hh_l0"][i, j], atol=1e-8)


def test_errors(problem):
    x, y = problem
    with pytest.raises(ValueError, match="did you mean hidden"):
        rnn_gpu.train(x, y, hiden=3)
    with pytest.raises(rnn_gpu.UsageError, match="train has no option 'report'$"):
        rnn_gpu.train(x, y, report="f.html")
    with pytest.raises(rnn_gpu.UsageError, match="no option 'data'; arrays or the name of a file are the argument x$"):
        rnn_gpu.train(x, y, data="f.csv")
    with pytest.raises(rnn_gpu.UsageError, match="^y belongs to sequences x, and x is None"):
        rnn_gpu.train(None, y)
    with pytest.raises(rnn_gpu.UsageError, match="^lengths belongs to sequences x"):
        rnn_gpu.train(task="adding", lengths=[3])
    with pytest.raises(rnn_gpu.UsageError, match="^validation and val_frac both give validation data; leave one out"):
        rnn_gpu.train(x, y, validation=(x, y), val_frac=0.2)
    with pytest.raises(rnn_gpu.UsageError, match="--lr: .* is out of range"):
        rnn_gpu.train(x, y, lr=-1)
    with pytest.raises(rnn_gpu.DataError, match="y has the type .*; numbers were expected, whole ones"):
        rnn_gpu.train(x, np.array(["a", "b"] * 24))
    with pytest.raises(rnn_gpu.DataError, match="`y` has 47 rows"):
        rnn_gpu.train(x, y[1:])
    with pytest.raises(rnn_gpu.DataError, match="not finite"):
        rnn_gpu.train(np.where(x > 0, np.nan, x), y)
    with pytest.raises(rnn_gpu.DeviceError, match="nosuch"):
        rnn_gpu.train(x, y, device="nosuch")
    model = rnn_gpu.Model.create(3, 1, hidden=4)
    with pytest.raises(rnn_gpu.DataError, match="has 2 features"):
        model.predict(x)
    with pytest.raises(rnn_gpu.UsageError, match="values, which have no probabilities"):
        model.predict_proba(x)
    with pytest.raises(rnn_gpu.DivergedError) as caught:
        rnn_gpu.train(task="adding", steps=60, activation="linear", init="normal:1000", hidden=4, batch=4,
                      nonfinite="stop")
    assert caught.value.run.result.reason == "diverged" and "gradient norm nan" in str(caught.value)


def test_callbacks_end_a_training(problem):
    run = rnn_gpu.train(*problem, hidden=4, updates=10**8, callback=lambda update: update["update"] >= 4)
    assert run.result.reason == "interrupted" and len(run.history) >= 4

    def breaks(update):
        raise KeyError("mine")
    with pytest.raises(KeyError, match="mine"):
        rnn_gpu.train(*problem, hidden=4, updates=10**8, callback=breaks)


def test_ctrl_c(problem):
    def press():
        time.sleep(0.3)
        signal.raise_signal(signal.SIGINT)
    thread = threading.Thread(target=press)
    thread.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as caught:
        rnn_gpu.train(*problem, hidden=4, updates=10**8)
    thread.join()
    assert time.monotonic() - begin < 30
    assert caught.value.run.result.reason == "interrupted" and caught.value.run.model.hidden == 4


def test_threads_run_beside_each_other(problem):
    alone = rnn_gpu.train(*problem, hidden=6, updates=20).result.weights_hash
    hashes, ticks = [], []

    def work():
        hashes.append(rnn_gpu.train(*problem, hidden=6, updates=20, threads=1).result.weights_hash)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    ticks.append(sum(thread.is_alive() for thread in threads))  # this thread goes on while they compute
    for thread in threads:
        thread.join()
    assert hashes == [alone] * 4


def test_lists_of_options():
    x = np.random.default_rng(1).normal(size=(24, 5, 2)).astype(np.float32)
    y = np.arange(24) % 2
    small = dict(hidden=3, updates=4, device="cpu")
    expected = rnn_gpu.train(x, y, class_weights="1,2.5", freeze="rnn.weight_ih_*,rnn.bias*", **small).result.weights_hash
    for weights in ([1, 2.5], (1, 2.5), np.array([1, 2.5])):
        run = rnn_gpu.train(x, y, class_weights=weights, freeze=["rnn.weight_ih_*", "rnn.bias*"], **small)
        assert run.result.weights_hash == expected
    assert rnn_gpu.train(x, y, **small).result.weights_hash != expected
    words = ["rnn.weight_hh_l0[0,1]=2", "rnn.weight_hh_l0[1,0]=3"]
    weight = rnn_gpu.train(x, y, set=words, **{**small, "updates": 0}).model.parameters()["rnn.weight_hh_l0"]
    assert weight[0, 1] == 2 and weight[1, 0] == 3


def test_test_data(tmp_path):
    x = np.random.default_rng(1).normal(size=(24, 5, 2)).astype(np.float32)
    y, lengths = (x[:, 0] > 0).all(axis=1).astype(int), np.arange(24) % 5 + 1
    small = dict(hidden=3, updates=4, device="cpu")
    np.savez(tmp_path / "t.npz", x=x[:9], y=y[:9])
    of_file = rnn_gpu.train(x, y, test=tmp_path / "t.npz", **small).result
    of_arrays = rnn_gpu.train(x, y, test=(x[:9], y[:9]), **small).result
    assert math.isfinite(of_file.test_loss) and of_arrays.test_loss == of_file.test_loss
    assert of_arrays.test_accuracy == of_file.test_accuracy
    short = rnn_gpu.train(x, y, lengths, test=(x[:9], y[:9], lengths[:9]), **small).result
    unequal = rnn_gpu.train(x, y, lengths, test=([row[:n] for row, n in zip(x[:9], lengths)], y[:9]), **small).result
    assert short.test_loss == unequal.test_loss
    for wrong in (x, (x,), (x, y, lengths, y)):
        with pytest.raises(rnn_gpu.UsageError, match="test is"):
            rnn_gpu.train(x, y, test=wrong, **small)
