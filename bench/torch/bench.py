#!/usr/bin/python3
"""The workloads of this folder's parent on PyTorch's CPU back end.

    /usr/bin/python3 bench.py [-t THREADS] [-r REPS] [-s SECONDS] [-m MODE] [--stock] [WORKLOAD ...]

It prints the same JSON lines as the parent, whose -list tells what the
workloads are. It is written for Debian 12's python3-torch (1.13.1).

Modes: eager; foreach (eager with multi-tensor optimizers); jit (TorchScript);
channels_last (for W3, W6 and M4) and channels_last+foreach.

Unless told --stock the process starts itself again in the environment that
suits PyTorch best, whatever was set before: see tuned(). It needs the OpenMP
build of OpenBLAS, which need not be installed:

    apt-get download libopenblas0-openmp && dpkg -x libopenblas0-openmp_*.deb DIR
    export OPENMP_BLAS=DIR/usr/lib/x86_64-linux-gnu/openblas-openmp

Without OPENMP_BLAS it looks into ~/.cache/adjoint-bench/usr/lib/..., and does
not run untuned where that is missing.
"""
import argparse
import json
import math
import os
import resource
import statistics
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("workloads", nargs="*")
parser.add_argument("-t", "--threads", type=int, default=2)
parser.add_argument("-r", "--reps", type=int, default=3)
parser.add_argument("-s", "--seconds", type=float, default=1.0, help="about this long per repetition")
parser.add_argument("-m", "--mode", default="eager", choices=["eager", "foreach", "jit", "channels_last", "channels_last+foreach"])
parser.add_argument("--stock", action="store_true", help="leave the environment as it is")
args = parser.parse_args()

FOREACH = "foreach" in args.mode
CHANNELS_LAST = "channels_last" in args.mode
JIT = args.mode == "jit"


def tuned():
    blas = os.environ.get("OPENMP_BLAS") or os.path.expanduser(
        "~/.cache/adjoint-bench/usr/lib/x86_64-linux-gnu/openblas-openmp")
    if not os.path.exists(os.path.join(blas, "libblas.so.3")):
        sys.exit("no OpenMP build of OpenBLAS in %s: see the top of this file" % blas)
    with open("/proc/cpuinfo") as f:
        avx512 = "avx512f" in f.read()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OPENBLAS_", "OMP_", "GOMP_", "MKL_"))}
    env.update({
        "BENCH_TUNED": "1",
        "LD_LIBRARY_PATH": blas,  # one thread pool for ATen, oneDNN and BLAS: theirs spin against each other
        "MALLOC_MMAP_THRESHOLD_": "4000000000",  # no page faults for large tensors
        "MALLOC_TRIM_THRESHOLD_": "8000000000",
        "GOMP_SPINCOUNT": "20000",
        # 0.3.21 knows no newer processors, and takes those of AMD with bfloat16 for
        # Intel's of that kind, which is up to 10 % slower.
        "OPENBLAS_CORETYPE": "SkylakeX" if avx512 else "Haswell",
        "ATEN_CPU_CAPABILITY": "avx512" if avx512 else "avx2",
    })
    return env


if not args.stock and "BENCH_TUNED" not in os.environ:
    if "M5" in args.workloads or not args.workloads:  # TorchScript recurses over the chain
        most = resource.getrlimit(resource.RLIMIT_STACK)[1]
        resource.setrlimit(resource.RLIMIT_STACK, (most, most))
    os.execve(sys.executable, [sys.executable] + sys.argv, tuned())
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(args.threads)

import torch  # noqa: E402, after the environment
import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import Tensor  # noqa: E402

torch.set_num_threads(args.threads)
torch.manual_seed(1)


# ---------------------------------------------------------------- measuring

def five(v):
    return float("%.5g" % v)


def cpu_times():
    """All processors' time, what they idled, and what this process used, in hundredths of a second."""
    with open("/proc/stat") as f:
        v = [int(x) for x in f.readline().split()[1:9]]
    return sum(v), v[3] + v[4], time.process_time() * os.sysconf("SC_CLK_TCK")


def measure(workload, variant, metric, unit, work, call, loss=None, **more):
    """Times call(); the value is work/seconds, or work*seconds for the metric "seconds"."""
    t0 = time.perf_counter()
    call()
    first = time.perf_counter() - t0
    times, start = [], time.perf_counter()
    while len(times) < 3 and (not times or time.perf_counter() - start < 1):
        t0 = time.perf_counter()
        call()
        times.append(time.perf_counter() - t0)
    n = max(1, int(args.seconds / max(1e-7, min(times))))
    seconds, others = [], []
    for _ in range(args.reps):
        all0, idle0, own0 = cpu_times()
        t0 = time.perf_counter()
        for _ in range(n):
            call()
        seconds.append((time.perf_counter() - t0) / n)
        all1, idle1, own1 = cpu_times()
        others.append(max(0.0, (all1 - all0 - (idle1 - idle0) - (own1 - own0)) / max(1, all1 - all0)))
    value = (lambda t: work * t) if metric == "seconds" else (lambda t: work / t)
    line = dict(workload=workload, variant=variant, mode="torch " + args.mode, version="torch " + torch.__version__, threads=args.threads,
                env="stock" if args.stock else "tuned", metric=metric, unit=unit,
                value=five(value(statistics.median(seconds))), best=five(value(min(seconds))),
                reps=[five(value(t)) for t in seconds], other_cpu=five(statistics.median(others)),
                seconds=five(statistics.median(seconds)), first_s=five(first), **more)
    if loss is not None:
        line["loss"] = five(float(loss()))
    print(json.dumps(line), flush=True)


def seconds(workload, variant, call, **more):
    measure(workload, variant, "seconds", "s", 1.0, call, **more)


def flops(workload, variant, per_call, call):
    measure(workload, variant, "gflops", "GFLOP/s", 1e-9 * per_call, call)


def count(model):
    return sum(p.numel() for p in model.parameters())


def compiled(model):
    if CHANNELS_LAST:
        model = model.to(memory_format=torch.channels_last)
    return torch.jit.script(model) if JIT else model


def last(x):
    return x.contiguous(memory_format=torch.channels_last) if CHANNELS_LAST and x.dim() == 4 else x


def train(workload, model, loss_of, batches, optimizer):
    t0 = time.perf_counter()
    model = compiled(model)
    opt = optimizer(model.parameters())
    build = time.perf_counter() - t0
    state = {"calls": 0, "loss": None}

    def step():
        x, y = batches[state["calls"] % len(batches)]
        state["calls"] += 1
        opt.zero_grad(set_to_none=True)
        loss = loss_of(model(x), y)
        loss.backward()
        opt.step()
        state["loss"] = loss

    measure(workload, "", "steps_per_s", "1/s", 1.0, step, loss=lambda: state["loss"].detach(),
            build_s=five(build), params=count(model))


def adam(p):
    return torch.optim.Adam(p, lr=1e-3, foreach=FOREACH)


def adamw(p):
    return torch.optim.AdamW(p, lr=1e-3, weight_decay=0.01, foreach=FOREACH)


def momentum(p):
    return torch.optim.SGD(p, lr=0.01, momentum=0.9, foreach=FOREACH)


def sgd(p):
    return torch.optim.SGD(p, lr=1e-3, foreach=FOREACH)


# ---------------------------------------------------------------- whole networks

def W1():
    xs, ys = torch.rand(1000, 784), torch.randint(2, (1000, 1)).float()
    batches = [(xs[i:i + 32], ys[i:i + 32]) for i in range(0, 992, 32)]
    t0 = time.perf_counter()
    model = compiled(nn.Sequential(nn.Linear(784, 10), nn.ReLU(), nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 1)))
    opt = adam(model.parameters())
    build = time.perf_counter() - t0
    state = {}

    def fit():
        for _ in range(10):
            for x, y in batches:
                opt.zero_grad(set_to_none=True)
                loss = F.binary_cross_entropy_with_logits(model(x), y)
                loss.backward()
                opt.step()
        state["loss"] = loss.detach()

    seconds("W1", "", fit, loss=lambda: state["loss"], build_s=five(build), params=count(model), steps=310)


def W2():
    batches = [(torch.rand(128, 784), torch.randint(10, (128,))) for _ in range(8)]
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    train("W2", model, F.cross_entropy, batches, adam)


def W3():
    batches = [(last(torch.rand(64, 1, 28, 28)), torch.randint(10, (64,))) for _ in range(4)]
    model = nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(3136, 256), nn.ReLU(), nn.Linear(256, 10))
    train("W3", model, F.cross_entropy, batches, momentum)


class CharacterLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.characters = nn.Embedding(65, 64)
        self.lstm = nn.LSTM(64, 256, batch_first=True)
        self.head = nn.Linear(256, 65)

    def forward(self, ids: Tensor) -> Tensor:
        h, _ = self.lstm(self.characters(ids))
        return self.head(h)


def per_character(logits, y):
    return F.cross_entropy(logits.reshape(-1, 65), y.reshape(-1))


def W4():
    batches = [(torch.randint(65, (32, 64)), torch.randint(65, (32, 64))) for _ in range(4)]
    train("W4", CharacterLSTM(), per_character, batches, adam)


class Block(nn.Module):
    def __init__(self, width: int, heads: int, time: int):
        super().__init__()
        self.heads, self.scale = heads, 1 / math.sqrt(width // heads)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.register_buffer("future", torch.ones(time, time, dtype=torch.bool).triu(1))

    def forward(self, x: Tensor) -> Tensor:
        b, t, w = x.shape
        qkv = self.attention(self.norm1(x)).view(b, t, 3, self.heads, w // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        score = (q @ k.transpose(-2, -1)) * self.scale
        share = F.softmax(score.masked_fill(self.future, -1e9), dim=-1)
        x = x + self.project((share @ v).transpose(1, 2).reshape(b, t, w))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class TinyGPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.characters = nn.Embedding(65, 128)
        self.places = nn.Parameter(torch.randn(64, 128) * 0.02)
        self.blocks = nn.Sequential(*[Block(128, 4, 64) for _ in range(4)])
        self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, 65, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.characters(ids) + self.places)))


def W5():
    batches = [(torch.randint(65, (16, 64)), torch.randint(65, (16, 64))) for _ in range(4)]
    train("W5", TinyGPT(), per_character, batches, adamw)


class Residual(nn.Module):
    def __init__(self, cin: int, cout: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(cout), nn.BatchNorm2d(cout)
        self.shortcut = nn.Identity() if cin == cout else nn.Sequential(
            nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(h)) + self.shortcut(x))


def W6():
    layers, cin = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for cout, stride in ((16, 1), (32, 2), (64, 2)):
        for i in range(3):
            layers.append(Residual(cin, cout, stride if i == 0 else 1))
            cin = cout
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    batches = [(last(torch.rand(32, 3, 32, 32)), torch.randint(10, (32,))) for _ in range(4)]
    train("W6", model, F.cross_entropy, batches, momentum)


# ---------------------------------------------------------------- single kernels

def M1():
    for m, k, n in ((1024, 1024, 1024), (128, 784, 512), (64, 512, 512), (512, 512, 512), (32, 784, 10), (1, 784, 512)):
        a, b, c = torch.rand(m, k), torch.rand(k, n), torch.empty(m, n)
        flops("M1", "%dx%dx%d" % (m, k, n), 2 * m * k * n, lambda: torch.mm(a, b, out=c))


def M2():
    x = torch.randn(10_000_000)
    for name, approximate in (("gelu-erf", "none"), ("gelu-tanh", "tanh")):
        def f(x: Tensor):
            return F.gelu(1.5 * x + 0.25, approximate=approximate)
        g = torch.jit.trace(f, (x,)) if JIT else f
        with torch.no_grad():
            measure("M2", name, "gbytes", "GB/s", 8e-9 * x.numel(), lambda: g(x))


def M3():
    x, g = torch.randn(4096, 1024), torch.rand(4096, 1024)
    measure("M3", "forward", "gbytes", "GB/s", 8e-9 * x.numel(), lambda: F.softmax(x, dim=1))
    x.requires_grad_()
    seconds("M3", "forward+backward", lambda: torch.autograd.grad(F.softmax(x, dim=1), x, g))


def M4():
    x, w = last(torch.rand(8, 64, 56, 56)), last(torch.rand(64, 64, 3, 3))
    flop = 2 * 8 * 56 * 56 * 64 * 64 * 9
    g = torch.rand_like(F.conv2d(x, w, padding=1))
    flops("M4", "forward", flop, lambda: F.conv2d(x, w, padding=1))
    for name, mask in (("backward-data+weights", [True, True, False]), ("backward-data", [True, False, False]),
                       ("backward-weights", [False, True, False])):
        flops("M4", name, sum(mask) * flop, lambda: torch.ops.aten.convolution_backward(
            g, x, w, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, mask))


def M5():
    n = 10_000
    x, a = torch.tensor(0.5), torch.tensor(0.999)

    def chain(x, a):
        y = x
        for _ in range(n // 2):
            y = y * a
            y = y + x
        return y

    t0 = time.perf_counter()
    f = torch.jit.trace(chain, (x, a), check_trace=False) if JIT else chain
    more = {}  # eager PyTorch builds nothing beforehand
    if JIT:  # what it builds in its first runs counts as building
        with torch.no_grad():
            f(x, a)
            f(x, a)
        more = {"build_s": five(time.perf_counter() - t0)}
    with torch.no_grad():
        measure("M5", "forward", "seconds", "ns/node", 1e9 / (n + 2), lambda: f(x, a), nodes=n + 2, **more)
    if JIT:
        return
    x.requires_grad_()
    a.requires_grad_()
    # As many nodes as a graph of the same gradients has: for each of the chain's
    # pairs two products and two sums.
    nodes = 3 * n
    measure("M5", "forward+gradient", "seconds", "ns/node", 1e9 / nodes,
            lambda: torch.autograd.grad(chain(x, a), (x, a)), nodes=nodes)


# ---------------------------------------------------------------- what no kernel library has

def focal(logits, labels):
    k = logits.shape[-1]
    logp = F.log_softmax(logits, -1)
    target = 0.9 * F.one_hot(labels, k) + 0.1 / k
    return -(target * (1 - logp.exp()) ** 2 * logp).sum(-1).mean()


def loss_of(workload, name, f, rows, classes):
    x, labels = torch.randn(rows, classes, requires_grad=True), torch.randint(classes, (rows,))
    seconds(workload, "%s %dx%d" % (name, rows, classes), lambda: torch.autograd.grad(f(x, labels), x))


def L1():
    for rows, classes in ((4096, 1024), (2048, 65)):
        loss_of("L1", "crossentropy", F.cross_entropy, rows, classes)
        loss_of("L1", "focal", torch.jit.script(focal) if JIT else focal, rows, classes)


def L2():
    x, g = torch.randn(8192, 768, requires_grad=True), torch.randn(8192, 768)
    gain, bias = torch.rand(768, requires_grad=True), torch.rand(768, requires_grad=True)
    seconds("L2", "forward+backward",
            lambda: torch.autograd.grad(F.layer_norm(x, (768,), gain, bias), (x, gain, bias), g))


def L3():
    loss_of("L3", "crossentropy", F.cross_entropy, 128, 10)


def L4():
    batches = [(torch.randn(1, 64, 128), torch.randn(1, 64, 128))]
    train("L4", Block(128, 4, 64), F.mse_loss, batches, sgd)


ALL = [W1, W2, W3, W4, W5, W6, M1, M2, M3, M4, M5, L1, L2, L3, L4]
by_name = {f.__name__: f for f in ALL}
for w in args.workloads or by_name:
    if w not in by_name:
        sys.exit("no workload %r: want some of %s" % (w, " ".join(by_name)))
for w in args.workloads or by_name:
    by_name[w]()
