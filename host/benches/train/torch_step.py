"""PyTorch's side of the training benchmark: forward, NT-Xent, backward and Adam of any encoder that mote can describe.

python torch_step.py THREADS MODE, started by `train.rs`. MODE is `stock` (as written by most people: NCHW, eager),
`eager` (channels-last, fused Adam) or `compiled` (the same under `torch.compile`). The first line of standard input is
JSON, {"encoder": spec, "head": spec, "rows": B, "temperature": t}; then each line is a number of steps to take. Answers are lines:
`ready VERSION`, then CPU seconds, wall seconds and peak resident megabytes.
"""
import json
import math
import os
import resource
import sys
import time

THREADS, MODE = int(sys.argv[1]), sys.argv[2]
os.environ["OMP_NUM_THREADS"] = str(THREADS)

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(THREADS)
torch.manual_seed(1)


def padding(kernel, size):
    """Pixels before and behind on each axis, as core/src/spec resolves them."""
    if isinstance(kernel["padding"], dict):
        top, bottom, left, right = kernel["padding"]["explicit"]
        return [(top, bottom), (left, right)]
    pads = []
    for axis in (0, 1):
        reach = (kernel["size"][axis] - 1) * kernel["dilation"][axis] + 1
        stride = kernel["stride"][axis]
        total = max((math.ceil(size[axis] / stride) - 1) * stride + reach - size[axis], 0)
        if kernel["padding"] == "valid":
            pads.append((0, 0))
        elif kernel["padding"] == "causal" and axis == 1:
            pads.append((reach - 1, 0))
        else:
            pads.append((total // 2, total - total // 2))
    return pads


class Convolution(nn.Module):
    """A convolution, in one dimension where the input has one row and `flat` is set."""

    def __init__(self, kernel, inputs, outputs, groups, bias, size, flat):
        super().__init__()
        pads = padding(kernel, size)
        # What a convolution pads by itself costs nothing extra; only an uneven rest is padded by hand.
        self.pad = None
        even = [max(pair) for pair in pads]
        outputs_are = lambda a, total: (size[a] + total - (kernel["size"][a] - 1) * kernel["dilation"][a] - 1) // kernel["stride"][a]
        if any(outputs_are(a, sum(pads[a])) != outputs_are(a, 2 * even[a]) for a in (0, 1)):
            even = [0, 0]
            self.pad = [*pads[1], *pads[0]][: 2 if flat else 4]
        axes = slice(1, 2) if flat else slice(0, 2)
        make = nn.Conv1d if flat else nn.Conv2d
        self.layer = make(inputs, outputs, kernel["size"][axes], kernel["stride"][axes], even[axes],
                          kernel["dilation"][axes], groups, bias)
        self.size = [outputs_are(a, sum(pads[a])) + 1 for a in (0, 1)]

    def forward(self, x):
        return self.layer(x if self.pad is None else F.pad(x, self.pad))


class Network(nn.Module):
    """The layers of a spec."""

    def __init__(self, spec):
        super().__init__()
        shape = spec["input"]
        self.flat = shape["h"] == 1
        self.plan, self.parts = [], nn.ModuleList()
        shapes = [(shape["h"], shape["w"], shape["c"])]
        for layer in spec["layers"]:
            op, fields = next(iter(layer["op"].items())) if isinstance(layer["op"], dict) else (layer["op"], {})
            h, w, c = shapes[layer["input"]]
            part = norm = nn.Identity()
            if op in ("conv2d", "depthwise_conv2d"):
                deep = op == "conv2d"
                outputs = fields["channels"] if deep else c
                part = Convolution(fields["kernel"], c, outputs, 1 if deep else c, not fields["batch_norm"], (h, w), self.flat)
                out = (*part.size, outputs)
            elif op == "dense":
                part = nn.Linear(h * w * c, fields["channels"], not fields["batch_norm"])
                out = (1, 1, fields["channels"])
            elif op in ("global_avg_pool", "global_stat_pool", "avg_pool"):
                # The presets' average pools cover the whole picture.
                out = (1, 1, 2 * c if op == "global_stat_pool" else c)
            elif op == "add":
                out = (h, w, c)
            else:
                sys.exit(f"{op}: no equivalent here yet")
            if fields.get("batch_norm"):
                vector = op == "dense"
                norm = (nn.BatchNorm1d if self.flat or vector else nn.BatchNorm2d)(out[2])
            shapes.append(out)
            self.parts.extend([part, norm])
            self.plan.append((op, layer["input"], fields.get("other"), layer["activation"] == "relu"))

    def forward(self, x):
        tensors = [x]
        for index, (op, source, other, relu) in enumerate(self.plan):
            x = tensors[source]
            axes = tuple(range(2, x.dim()))
            if op == "add":
                x = x + tensors[other]
            elif op in ("global_avg_pool", "avg_pool"):
                x = x.mean(axes)
            elif op == "global_stat_pool":
                x = torch.cat([x.mean(axes), torch.sqrt(x.var(axes, correction=0) + 1e-5)], 1)
            else:
                x = self.parts[2 * index + 1](self.parts[2 * index](x))
            tensors.append(F.relu(x) if relu else x)
        return tensors[-1]


def main():
    work = json.loads(sys.stdin.readline())
    encoder, head, rows = Network(work["encoder"]), Network(work["head"]), work["rows"]
    shape = work["encoder"]["input"]
    size = (shape["c"], shape["w"]) if encoder.flat else (shape["c"], shape["h"], shape["w"])
    x = torch.randn(rows, *size)
    if MODE != "stock" and not encoder.flat:
        encoder, x = encoder.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    twins, self = (torch.arange(rows) + rows // 2) % rows, torch.eye(rows, dtype=torch.bool)

    def loss(x):
        u = F.normalize(head(encoder(x)), dim=1)
        return F.cross_entropy((u @ u.T / work["temperature"]).masked_fill(self, -torch.inf), twins)

    if MODE == "compiled":
        loss = torch.compile(loss)
    adam = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=1e-3, **({} if MODE == "stock" else {"fused": True}))

    def step():
        adam.zero_grad(set_to_none=True)
        value = loss(x)
        value.backward()
        adam.step()
        return value.item()

    for _ in range(2):
        step()
    print("ready", torch.__version__, flush=True)
    for line in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(int(line)):
            step()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(time.process_time() - cpu, time.perf_counter() - wall, peak, flush=True)


main()
