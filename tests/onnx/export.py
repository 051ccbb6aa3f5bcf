"""Makes torch.onnx, torch.input and torch.output: a small network as PyTorch 1.13 exports it, an input and its output there.

    python3 export.py FOLDER
"""
import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.conv2 = nn.Conv2d(3, 4, 3, stride=2, bias=False)
        self.conv3 = nn.Conv2d(4, 4, 1)
        self.silu = nn.SiLU()
        self.dense1 = nn.Linear(4 * 2 * 2, 6)
        self.dense2 = nn.Linear(6, 3)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.norm(self.conv1(x))), 2)
        x = self.silu(self.conv2(x))
        x = x + self.conv3(x)
        x = x.view(2, -1)
        return torch.softmax(self.dense2(torch.relu(self.dense1(x))), 1)


torch.manual_seed(3)
net = Net()
net.norm.weight.data.normal_()
net.norm.bias.data.normal_()
net.norm.running_mean.normal_()
net.norm.running_var.uniform_(0.3, 2)
net.eval()
x = torch.randn(2, 1, 10, 12)
path = sys.argv[1] + "/torch."
# Without folding: batch normalisation stays a node.
torch.onnx.export(net, x, path + "onnx", opset_version=13, training=torch.onnx.TrainingMode.PRESERVE,
                  do_constant_folding=False)
open(path + "input", "wb").write(x.numpy().tobytes())
open(path + "output", "wb").write(net(x).detach().numpy().tobytes())
