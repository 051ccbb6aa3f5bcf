"""PyTorch, the peer of bench_step, on random pictures of 28 x 28.

    pytorch.py train|infer plain|channels-last NETWORK BATCH THREADS      slices, as ../slices.h says
    pytorch.py version

NETWORK is Scrawl's text of one. Training: forward, backward and Adam, with a learning rate so small that the weights
stay as they are, like bench_step. Inference: traced, frozen and optimised for inference, which folds batch norms.
"""
import sys
import time

import torch
from torch import nn


def network_of(text):
    layers, channels, side = [], 1, 28
    for name, *words in (item.split() for item in text.split(",")):
        if name == "conv":
            filters, kernel = int(words[0]), int(words[1].split("x")[0])
            pad = kernel // 2 if "same" in words else 0
            layers.append(nn.Conv2d(channels, filters, kernel, padding=pad, bias=True))
            channels, side = filters, side + 2 * pad - kernel + 1
        elif name == "batchnorm":
            convolution = layers[-1]
            layers[-1] = nn.Conv2d(convolution.in_channels, channels, convolution.kernel_size,
                                   padding=convolution.padding, bias=False)
            layers.append(nn.BatchNorm2d(channels))
        elif name == "relu":
            layers.append(nn.ReLU(inplace=True))
        elif name == "pool":
            layers.append(nn.MaxPool2d(int(words[0])))
            side //= int(words[0])
        elif name == "flatten":
            layers.append(nn.Flatten())
            channels, side = channels * side * side, 1
        elif name == "dense":
            layers.append(nn.Linear(channels, int(words[0])))
            channels = int(words[0])
        elif name == "dropout":
            layers.append(nn.Dropout(float(words[0])))
        elif name == "softmax":
            layers.append(nn.Softmax(1))
        else:
            sys.exit(f"pytorch.py does not know the operator {name}")
    return layers


def training_step(layers, batch, memory_format):
    network = nn.Sequential(*layers[:-1]).to(memory_format=memory_format)  # softmax is a part of the loss
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-7)
    loss = nn.CrossEntropyLoss()
    pictures = torch.rand(batch, 1, 28, 28).to(memory_format=memory_format)
    labels = torch.arange(batch) % 10

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss(network(pictures), labels).backward()
        optimiser.step()

    return step


def inference(layers, batch, memory_format):
    network = nn.Sequential(*layers).eval().to(memory_format=memory_format)
    pictures = torch.rand(batch, 1, 28, 28).to(memory_format=memory_format)
    traced = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network, pictures)))
    return lambda: traced(pictures)


def run_for(once, seconds):
    begin = last = time.perf_counter()
    times = []
    while last - begin < seconds or not times:
        once()
        now = time.perf_counter()
        times.append(now - last)
        last = now
    return times


def answer(once, work):
    run_for(once, 1)
    print("ready", flush=True)
    for line in sys.stdin:
        run_for(once, 0.1 * float(line))
        times = sorted(run_for(once, 0.9 * float(line)))
        print(work * len(times) / sum(times), 1e6 * times[len(times) // 2], 1e6 * times[int(0.99 * len(times))],
              flush=True)


if sys.argv[1] == "version":
    print(torch.__version__)
    sys.exit()
mode, layout, text, batch, threads = sys.argv[1:4] + [int(number) for number in sys.argv[4:6]]
torch.set_num_threads(threads)
torch.manual_seed(1)
torch.set_flush_denormal(True)
memory_format = torch.channels_last if layout == "channels-last" else torch.contiguous_format
if mode == "train":
    answer(training_step(network_of(text), batch, memory_format), batch)
else:
    with torch.inference_mode():
        answer(inference(network_of(text), batch, memory_format), batch)
