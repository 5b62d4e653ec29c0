#!/usr/bin/env python3
"""A nanoGPT-like training step in PyTorch, to set beside weir-bench-train: the same network (Pre-LN, learned positions,
tied output matrix, biases, GELU, byte vocabulary), float32, AdamW, clipping at 1. Prints the median step and tokens a second.

usage: pytorch_train.py DEPTH WIDTH HEADS CTX BATCH [THREADS [REPEATS]]
"""
import statistics
import sys
import time

try:
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
except ImportError:
    print("PyTorch is not installed here (Debian's package is python3-torch): nothing to compare with")
    sys.exit(3)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def attention(self, x, mask):
        b, t, d = x.shape
        q, k, v = self.qkv(x).split(d, dim=2)
        q, k, v = (z.view(b, t, self.heads, d // self.heads).transpose(1, 2) for z in (q, k, v))
        scores = (q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5
        scores = F.softmax(scores.masked_fill(mask, float("-inf")), dim=-1)
        return self.out((scores @ v).transpose(1, 2).contiguous().view(b, t, d))

    def forward(self, x, mask):
        x = x + self.attention(self.norm1(x), mask)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Network(nn.Module):
    def __init__(self, depth, width, heads, ctx, vocab=256):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, width), nn.Embedding(ctx, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.register_buffer("mask", torch.ones(ctx, ctx, dtype=torch.bool).triu(1))

    def forward(self, idx, target):
        x = self.tok(idx) + self.pos.weight
        for block in self.blocks:
            x = block(x, self.mask)
        logits = self.norm(x) @ self.tok.weight.t()
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), target.view(-1))


def blas_in_use():
    """The BLAS library that this process has loaded, by its file."""
    with open("/proc/self/maps") as maps:
        names = {line.split()[-1] for line in maps if "blas" in line}
    return ", ".join(sorted(names)) or "unknown"


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    depth, width, heads, ctx, batch = map(int, sys.argv[1:6])
    threads = int(sys.argv[6]) if len(sys.argv) > 6 else 2
    repeats = int(sys.argv[7]) if len(sys.argv) > 7 else 7
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net = Network(depth, width, heads, ctx)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    idx, target = torch.randint(256, (batch, ctx)), torch.randint(256, (batch, ctx))
    times = []
    for i in range(repeats + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        net(idx, target).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if i >= 2:
            times.append(time.perf_counter() - start)
    step = statistics.median(times)
    print(f"pytorch {torch.__version__}, {torch.get_num_threads()} threads, BLAS {blas_in_use()}")
    print(f"  {batch * ctx / step:8.0f} tokens/s   step {1e3 * step:.2f} ms (median of {repeats})")


if __name__ == "__main__":
    main()
