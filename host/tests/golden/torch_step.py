"""Writes golden vectors of losses and training steps, computed by PyTorch in float64.

python torch_step.py    rewrites *.golden beside this file: one line of text, then little-endian float32.
"""
import pathlib
import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
SEED = 1


def uniform(count, stream):
    """SplitMix64, uniform in [-1, 1), exact in float32; `stream` starts at stream * 2^32 + SEED."""
    with np.errstate(over="ignore"):
        z = (np.arange(1, count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64((stream << 32) + SEED)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return torch.from_numpy((z >> np.uint64(40)).astype(np.float64) / 8388608.0 - 1.0)


def write(name, *tensors):
    header = f"# {name}: torch {torch.__version__}, float64, seed {SEED}, torch_step.py\n".encode()
    values = torch.cat([t.detach().reshape(-1).double() for t in tensors]).numpy().astype("<f4")
    (HERE / f"{name}.golden").write_bytes(header + values.tobytes())


def nt_xent(z, temperature, groups, families=None):
    u = F.normalize(z, dim=1)
    s = u @ u.T / temperature
    n = len(z)
    same = groups[:, None] == groups[None, :]
    eye = torch.eye(n, dtype=torch.bool)
    out = eye.clone()
    if families is not None:
        out |= (families[:, None] == families[None, :]) & ~same
    positive = (same & ~eye).double()
    log_sum = torch.logsumexp(s.masked_fill(out, -torch.inf), dim=1)
    count = positive.sum(1)
    loss = log_sum - (positive * s).sum(1) / count.clamp(min=1)
    return loss[count > 0].mean()


def vicreg(z):
    a, b = z.chunk(2)
    n, d = a.shape
    loss = 25 * F.mse_loss(a, b)
    for x in (a, b):
        x = x - x.mean(0)
        loss = loss + 25 / 2 * F.relu(1 - torch.sqrt(x.var(0) + 1e-4)).mean()
        c = x.T @ x / (n - 1)
        loss = loss + (c.pow(2).sum() - c.diagonal().pow(2).sum()) / d
    return loss


def barlow_twins(z, weight=1.0):
    """Cross-correlation by numpy's definition of it, pair of columns by pair of columns."""
    a, b = (F.batch_norm(x, None, None, training=True, eps=1e-5) for x in z.chunk(2))
    d = z.shape[1]
    loss = 0
    for i in range(d):
        for j in range(d):
            c = (a[:, i] * b[:, j]).mean()
            loss = loss + ((1 - c) ** 2 if i == j else weight / d * c**2)
    return loss


def moco(z, keys, queue, temperature, families, queue_families):
    """Each row against its key and the queue, as cross entropy with answer 0."""
    rows = len(z)
    query, key = F.normalize(z, dim=1), F.normalize(keys, dim=1).roll(rows // 2, 0)
    positive = torch.einsum("nc,nc->n", query, key)[:, None]
    negative = torch.einsum("nc,kc->nk", query, F.normalize(queue, dim=1))
    negative[families[:, None] == queue_families[None, :]] = -torch.inf
    return F.cross_entropy(torch.cat([positive, negative], 1) / temperature, torch.zeros(rows, dtype=torch.long))


def cpc(z, families):
    """InfoNCE of the bilinear score, window by window."""
    n, p = len(z) // 2, z.shape[1] // 2
    losses = []
    for i in range(n):
        others = [j for j in range(n) if j == i or families[j] != families[i]]
        scores = torch.stack([torch.dot(z[i, :p], z[n + j, p:]) for j in others]) / p**0.5
        losses.append(F.cross_entropy(scores, torch.tensor(others.index(i))))
    return torch.stack(losses).mean()


def next_value(z, targets):
    """The density of torch's normal distribution, without its constant."""
    mean, log_variance = z.chunk(2, dim=1)
    known = ~targets.isnan()
    normal = torch.distributions.Normal(mean[known], torch.exp(log_variance[known] / 2))
    return (-normal.log_prob(targets[known]) - np.log(2 * np.pi) / 2).mean()


def distillation(z, teacher):
    return (2 - 2 * F.cosine_similarity(z, teacher, dim=1)).mean()


def paired(z, temperature, families):
    """CLIP's symmetric loss; windows of one recording are no negatives of each other."""
    a, b = (F.normalize(x, dim=1) for x in z.chunk(2))
    n = len(a)
    out = (families[:, None] == families[None, :]) & ~torch.eye(n, dtype=torch.bool)
    s = (a @ b.T / temperature).masked_fill(out, -torch.inf)
    return (F.cross_entropy(s, torch.arange(n)) + F.cross_entropy(s.T, torch.arange(n))) / 2


def loss_golden(name, rows, width, loss):
    z = uniform(rows * width, 1).reshape(rows, width).requires_grad_()
    value = loss(z)
    value.backward()
    write(name, value, z.grad)


class Net:
    """Parameters in the order of mote's `Network::parameters`, each drawn when its layer first runs."""

    def __init__(self, stream):
        self.stream, self.parameters, self.running, self.at = stream, [], [], 0

    def parameter(self, shape, scale, offset=0.0):
        if self.at == len(self.parameters):
            self.stream += 1
            value = uniform(int(np.prod(shape)), self.stream).reshape(shape) * np.float32(scale)
            self.parameters.append((value.float().double() + offset).requires_grad_())
        self.at += 1
        return self.parameters[self.at - 1]

    def norm(self, x, relu, index):
        c = x.shape[1]
        gamma, beta = self.parameter([c], 0.25, 1.0), self.parameter([c], 0.25)
        if index == len(self.running):
            self.running.append((torch.zeros(c).double(), torch.ones(c).double()))
        mean, variance = self.running[index]
        x = F.batch_norm(x, mean, variance, gamma, beta, True, 0.1, 1e-5)
        return F.relu(x) if relu else x

    def conv(self, x, channels, size, stride=(1, 1), dilation=1, causal=False, norm=True, relu=True, depthwise=False):
        pad = []
        for axis in (1, 0):  # F.pad begins with the columns
            reach = (size[axis] - 1) * (dilation if axis else 1) + 1
            length = x.shape[2 + axis]
            total = max((-(-length // stride[axis]) - 1) * stride[axis] + reach - length, 0)
            pad += [reach - 1, 0] if causal and axis else [total // 2, total - total // 2]
        inputs = x.shape[1]
        fan_in = size[0] * size[1] * (1 if depthwise else inputs)
        if depthwise:  # HWC
            w = self.parameter([*size, inputs], fan_in**-0.5).permute(2, 0, 1)[:, None]
        else:  # OHWI
            w = self.parameter([channels, *size, inputs], fan_in**-0.5).permute(0, 3, 1, 2)
        bias = None if norm else self.parameter([channels], 0.25)
        x = F.conv2d(F.pad(x, pad), w, bias, stride, dilation=(1, dilation), groups=inputs if depthwise else 1)
        return self.norm(x, relu, self.layer_norm()) if norm else x

    def layer_norm(self):
        self.norms += 1
        return self.norms - 1

    def dense(self, x, outputs, norm, relu):
        w = self.parameter([outputs, x.shape[1]], x.shape[1] ** -0.5)
        if norm:
            return self.norm(x @ w.T, relu, self.layer_norm())
        return x @ w.T + self.parameter([outputs], 0.25)

    def run(self, body, x):
        self.at = self.norms = 0
        return body(self, x)


def conv1d(net, x, stack=(8, 16, 16), hidden=32, outputs=16):
    for channels in stack:
        x = net.conv(x, channels, (1, 5), (1, 2))
    variance = x.var((2, 3), correction=0)
    smooth = torch.sqrt(variance + 1e-5)  # what the gradient sees
    x = torch.cat([x.mean((2, 3)), smooth + (variance.sqrt() - smooth).detach()], 1)
    return net.dense(net.dense(x, hidden, True, True), outputs, False, False)


def stat(net, x):
    """conv1d's layers with channels that fill no vector."""
    return conv1d(net, x, (8, 12, 12), 20, 10)


def resnet8(net, x):
    x = net.conv(x, 4, (3, 3))
    for channels, stride in ((4, 1), (8, 2), (16, 2)):
        body = net.conv(x, channels, (3, 3), (stride, stride))
        body = net.conv(body, channels, (3, 3), relu=False)
        skip = x if stride == 1 else net.conv(x, channels, (1, 1), (stride, stride), norm=False)
        x = F.relu(body + skip)
    return x.mean((2, 3))


def dscnn(net, x):
    x = net.conv(x, 16, (10, 4), (2, 2))
    for _ in range(4):
        x = net.conv(net.conv(x, 16, (3, 3), depthwise=True), 16, (1, 1))
    return x.mean((2, 3))


def tcn_places(net, x):
    for dilation in (1, 2, 4, 8, 16):
        body = net.conv(x, 8, (1, 3), dilation=dilation, causal=True)
        body = net.conv(body, 8, (1, 3), dilation=dilation, causal=True, relu=False)
        x = F.relu(body + x)
    return net.conv(x, 16, (1, 1), causal=True)


def tcn(net, x):
    return tcn_places(net, net.conv(x, 8, (1, 3), causal=True)).mean((2, 3))


def tcn_symbols(net, x):
    table = net.parameter([7, 8], 1.0)
    return tcn_places(net, table[x].permute(0, 2, 1)[:, :, None])


def head(net, x):
    return net.dense(net.dense(x, 12, True, True), 8, False, False)


def step_golden(name, body, shape, rows=14):
    h, w, c = shape
    x = uniform(rows * h * w * c, 99).reshape(rows, h, w, c).permute(0, 3, 1, 2) * np.float64(1.75)
    groups = torch.arange(rows) % (rows // 2)
    steps_golden(name, body, head, x, lambda z: nt_xent(z, 0.5, groups))


def next_symbol_golden(name, rows=6, length=20):
    x = ((uniform(rows * length, 99) + 1) / 2 * 7).floor().long().reshape(rows, length)
    answers = torch.cat([x[:, 1:], torch.zeros(rows, 1, dtype=torch.long)], 1)
    linear = lambda net, h: net.conv(h, 7, (1, 1), norm=False)
    # Symbol 0 is the blank, which nobody is asked for.
    loss = lambda z: F.cross_entropy(z[:, :, 0], answers, ignore_index=0)
    steps_golden(name, tcn_symbols, linear, x, loss)


def steps_golden(name, body, head, x, objective):
    nets = [Net(100), Net(200)]
    optimizer, losses, first = None, [], []
    for step in range(10):
        loss = objective(nets[1].run(head, nets[0].run(body, x)))
        if optimizer is None:
            optimizer = torch.optim.Adam([p for net in nets for p in net.parameters], lr=1e-3)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss)
        if step == 0:
            first = [p.grad.clone() for net in nets for p in net.parameters]
            first += [v.clone() for pair in nets[0].running for v in pair]
        optimizer.step()
    write(name, torch.stack(losses), *first)


torch.manual_seed(SEED)
pairs = lambda n: torch.arange(n) % (n // 2)
loss_golden("nt_xent", 30, 17, lambda z: nt_xent(z, 0.2, pairs(30)))
loss_golden("nt_xent_groups", 25, 9, lambda z: nt_xent(z, 0.5, torch.arange(25) // 3, torch.arange(25) // 7))
loss_golden("cross_entropy", 9, 5, lambda z: F.cross_entropy(3 * z, (torch.arange(9) * 7) % 5))
loss_golden("vicreg", 24, 10, vicreg)
loss_golden("barlow_twins", 24, 10, barlow_twins)
# The queue holds the keys of two steps of 12 rows before.
keys, before = uniform(12 * 7, 2).reshape(12, 7), uniform(24 * 7, 3).reshape(24, 7)
loss_golden("moco", 12, 7, lambda z: moco(z, keys, before, 0.2, torch.arange(12) % 4, torch.arange(24) % 5))
loss_golden("cpc", 18, 8, lambda z: cpc(z, [i % 9 // 3 for i in range(18)]))
known = uniform(11 * 3, 2).reshape(11, 3)
known[torch.arange(11) % 4 == 3, 2] = torch.nan
loss_golden("next_value", 11, 6, lambda z: next_value(z, known))
hidden = uniform(10 * 6, 2).reshape(10, 6)
hidden[(torch.arange(60).reshape(10, 6) * 7) % 3 == 0] = torch.nan
known_only = lambda loss: lambda z: loss(2 * z[~hidden.isnan()], hidden[~hidden.isnan()])
loss_golden("masked", 10, 6, known_only(F.mse_loss))
loss_golden("hand_features", 10, 6, known_only(F.smooth_l1_loss))
loss_golden("distillation", 12, 7, lambda z: distillation(z, uniform(12 * 7, 2).reshape(12, 7)))
loss_golden("paired", 22, 6, lambda z: paired(z, 0.1, torch.arange(11) // 3))
step_golden("conv1d", conv1d, (1, 45, 6))
step_golden("stat", stat, (1, 45, 6))
step_golden("resnet8", resnet8, (11, 9, 3))
step_golden("dscnn", dscnn, (25, 10, 1))
step_golden("tcn", tcn, (1, 40, 2))
asked = torch.where(torch.arange(20) % 3 == 0, torch.arange(20) * 7 % 6, -100)
loss_golden("masked_symbols", 4, 5 * 6, lambda z: F.cross_entropy(3 * z.reshape(20, 6), asked))
next_symbol_golden("next_symbol")
