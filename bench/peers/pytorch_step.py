"""Times PyTorch training steps on random data, the peer of `bench_step`.

    pytorch_step.py PRESET BATCH THREADS SECONDS

Prints one number: pictures a second, forward + backward + Adam, the best of contiguous and channels-last tensors.
"""
import sys
import time

import torch
from torch import nn

NETWORKS = {
    "seed-keras": lambda: nn.Sequential(
        nn.Conv2d(1, 64, 3), nn.ReLU(), nn.Conv2d(64, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(18432, 10)),
    "seed-lenet": lambda: nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.Conv2d(10, 20, 5), nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
        nn.Linear(320, 100), nn.ReLU(), nn.Linear(100, 10)),
}


def rate(network, batch, seconds, memory_format):
    network = network().to(memory_format=memory_format)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    loss = nn.CrossEntropyLoss()
    pictures = torch.rand(batch, 1, 28, 28).to(memory_format=memory_format)
    labels = torch.randint(0, 10, (batch,))
    for step in range(5):
        optimiser.zero_grad(set_to_none=True)
        loss(network(pictures), labels).backward()
        optimiser.step()
    started, steps = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        optimiser.zero_grad(set_to_none=True)
        loss(network(pictures), labels).backward()
        optimiser.step()
        steps += 1
    return steps * batch / (time.perf_counter() - started)


preset, batch, threads, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
torch.set_num_threads(threads)
print(round(max(rate(NETWORKS[preset], batch, seconds, layout)
                for layout in (torch.contiguous_format, torch.channels_last)), 1))
