"""Writes probe.txt: what the probes must compute, from PyTorch's SGD and from numpy in float64.

Run: python probe.py > probe.txt   (made with torch, numpy and seed named in the first line)

Each block is `[name]` and lines of numbers. The stream of embeddings and labels comes first; every
learner is fed it in order. Nothing here shares code with the Rust learners.
"""

import numpy as np
import torch

SEED, D, L, N, QUERIES = 7, 6, 3, 40, 8
RATE, MOMENTUM, DECAY, IMPRINT = 0.3, 0.9, 0.01, 1.5
PLACES, REPLAYED, PROBE_SEED = 5, 2, 11


def block(name, *rows):
    print(f"[{name}]")
    for row in rows:
        print(" ".join(repr(float(x)) for x in np.ravel(row)))


def sgd(steps, imprint):
    """`steps`: a list of minibatches (x, y), new one first. Labels take part once they were seen."""
    w = torch.zeros(L, D, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(L, dtype=torch.float64, requires_grad=True)
    groups = [{"params": [w], "weight_decay": DECAY}, {"params": [b], "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM)
    seen = torch.zeros(L, dtype=torch.bool)
    for x, y in steps:
        x, y = torch.tensor(np.array(x)), torch.tensor(np.array(y))
        if not seen[y[0]]:
            w.data[y[0]] = imprint * x[0] / (x[0] @ x[0])
        seen[y[0]] = True
        optimizer.zero_grad()
        scores = torch.where(seen, x @ w.T + b, -torch.inf)
        torch.nn.functional.cross_entropy(scores, y).backward()
        optimizer.step()
    return w.detach().numpy(), b.detach().numpy()


class Xorshift:
    def __init__(self, seed):
        s = ((seed ^ 0x9E3779B9) * 0x85EBCA6B) % 2**32
        s = ((s ^ (s >> 16)) * 0xC2B2AE35) % 2**32
        self.s = s or 1

    def below(self, n):
        s = self.s
        s ^= (s << 13) % 2**32
        s ^= s >> 17
        s ^= (s << 5) % 2**32
        self.s = s
        return s * n // 2**32


def int8(x):
    """A replayed embedding as it comes back from int8 with a bfloat16 scale."""
    x = torch.tensor(x, dtype=torch.float32)
    scale = (x.abs().max() / 127).bfloat16().float()
    ratio = x / scale
    q = torch.sign(ratio) * torch.floor(ratio.abs() + 0.5)  # ties away from zero
    return (torch.clamp(q, -127, 127) * scale).double().numpy()


def replayed_steps(xs, ys):
    """Class-balancing reservoir sampling (Chrysakis and Moens 2020), then the minibatches it gives."""
    random, store, seen, steps = Xorshift(PROBE_SEED), [], [0] * L, []
    for x, y in zip(xs, ys):
        seen[y] += 1
        batch_x, batch_y = [x], [y]
        for _ in range(REPLAYED if store else 0):
            sx, sy = store[random.below(len(store))]
            batch_x.append(sx)
            batch_y.append(sy)
        steps.append((batch_x, batch_y))
        if len(store) < PLACES:
            store.append((int8(x), y))
            continue
        held = [sum(sy == c for _, sy in store) for c in range(L)]
        if held[y] < max(held):
            victim = held.index(max(held))
            n = random.below(held[victim])
        else:
            victim, n = y, random.below(seen[y])
        slots = [i for i, (_, sy) in enumerate(store) if sy == victim]
        if n < len(slots):
            store[slots[n]] = (int8(x), y)
    return steps


def lda(xs, ys, queries):
    """Mahalanobis distances from the batch definition, prior of weight D."""
    means = np.stack([xs[ys == c].mean(0) for c in range(L)])
    centred = xs - means[ys]
    scatter, dof = centred.T @ centred, len(xs) - L
    variance = np.trace(scatter) / (dof * D)
    covariance = (scatter + D * variance * np.eye(D)) / (dof + D)
    d = queries[:, None] - means[None]
    return means, np.einsum("qci,ij,qcj->qc", d, np.linalg.inv(covariance), d)


def main():
    print(f"# made by probe.py with torch {torch.__version__}, numpy {np.__version__}, seed {SEED}")
    rng = np.random.default_rng(SEED)
    centres = rng.normal(size=(L, D))
    ys = np.concatenate([np.arange(L), rng.integers(0, L, N - L)])
    xs = (centres[ys] + rng.normal(size=(N, D)) * 0.7).astype(np.float32).astype(np.float64)
    queries = rng.normal(size=(QUERIES, D)).astype(np.float32).astype(np.float64)
    block("embeddings", *xs)
    block("labels", ys)
    block("queries", *queries)

    means, mahalanobis = lda(xs, ys, queries)
    block("means", *means)
    block("prototype distances", *((queries[:, None] - means[None]) ** 2).sum(-1))
    block("lda distances", *mahalanobis)

    w, b = sgd([([x], [y]) for x, y in zip(xs, ys)], 0.0)
    block("sgd logits", *(queries @ w.T + b))
    w, b = sgd(replayed_steps(xs, ys), IMPRINT)
    block("replay logits", *(queries @ w.T + b))


main()
