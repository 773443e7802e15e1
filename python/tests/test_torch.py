"""Outputs and gradients beside PyTorch."""
import numpy as np
import pytest

import rnn_gpu

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("cell, layers, both", [("rnn", 1, False), ("lstm", 2, False), ("gru", 1, True)])
def test_like_torch(cell, layers, both):
    random = np.random.default_rng(3)
    x, y = random.normal(size=(17, 11, 3)), random.integers(0, 4, size=17)
    model = rnn_gpu.Model.create(3, 4, cell=cell, layers=layers, bidirectional=both, hidden=7, loss="ce",
                                 precision="double")
    net = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](
        3, 7, layers, batch_first=True, bidirectional=both).double()
    head = torch.nn.Linear(7 * (1 + both), 4).double()
    parameters = {name: torch.tensor(values) for name, values in model.parameters().items()}
    net.load_state_dict({name[4:]: values for name, values in parameters.items() if name.startswith("rnn.")})
    head.load_state_dict({name[5:]: values for name, values in parameters.items() if name.startswith("head.")})
    states = net(torch.tensor(x))[1]
    states = states[0] if cell == "lstm" else states
    read = torch.cat([states[-2], states[-1]], dim=1) if both else states[-1]
    output = head(read)
    loss = torch.nn.functional.cross_entropy(output, torch.tensor(y))
    loss.backward()
    gradient = rnn_gpu.grad(model, x, y)
    np.testing.assert_allclose(model.predict(x), output.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(gradient["loss"][0], loss.item(), rtol=1e-12)
    for name, values in net.named_parameters():
        np.testing.assert_allclose(gradient["grad.rnn." + name], values.grad.numpy(), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(gradient["grad.head.weight"], head.weight.grad.numpy(), rtol=1e-8, atol=1e-12)
