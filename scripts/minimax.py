#!/usr/bin/env python3
"""minimax - the coefficients of src/ops/squash_words.h, by Remez's exchange in 50 decimal digits.

usage: scripts/minimax.py        prints them, in some seconds; Python's own library is enough

A polynomial p is fitted to f on a grid of Chebyshev points so that max |w (f - p)| is least. Then the coefficients become
floats one by one, the lowest first, and each time those that are left are fitted again, to what the rounding left.
Errors are printed in u = 2^-24, the unit in which squash_words.h counts.
"""
from decimal import Decimal, getcontext
from math import cos, pi
from struct import pack, unpack

getcontext().prec = 50
TWO_OVER_SQRT_PI = 2 / Decimal("3.14159265358979323846264338327950288419716939937510582").sqrt()
POINTS = 300


def tanh(x):
    e = (2 * x).exp()
    return (e - 1) / (e + 1)


def erf(x):
    """The power series: for x <= 5 its terms stay below 10^11, so 50 digits leave 38."""
    total = term = x
    n = 0
    while abs(term) > Decimal("1e-48"):
        n += 1
        term = -term * x * x / n
        total += term / (2 * n + 1)
    return TWO_OVER_SQRT_PI * total


def to_float(x):
    return Decimal(unpack("f", pack("f", x))[0])


def solve(rows, right):
    """Gaussian elimination with a pivot from the column."""
    rows = [row + [b] for row, b in zip(rows, right)]
    n = len(rows)
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(i + 1, n):
            q = rows[r][i] / rows[i][i]
            rows[r] = [a - q * b for a, b in zip(rows[r], rows[i])]
    x = [Decimal(0)] * n
    for i in reversed(range(n)):
        x[i] = (rows[i][n] - sum(rows[i][j] * x[j] for j in range(i + 1, n))) / rows[i][i]
    return x


def peaks(error, count):
    """Where |error| is largest between changes of sign: `count` neighbours, the least of the ends dropped."""
    found = []
    for i, e in enumerate(error):
        if not found or (e > 0) != (error[found[-1]] > 0):
            found.append(i)
        elif abs(e) > abs(error[found[-1]]):
            found[-1] = i
    while len(found) > count:
        found.pop(0 if abs(error[found[0]]) < abs(error[found[-1]]) else -1)
    return found


class Fit:
    def __init__(self, f, weight, low, high):
        low, high = Decimal(low), Decimal(high)
        nodes = [Decimal(cos(pi * (i + 0.5) / POINTS)) for i in range(POINTS)]
        self.x = [(low + high) / 2 - (high - low) / 2 * node for node in nodes]
        self.f = [f(x) for x in self.x]
        self.weight = [weight(x) for x in self.x]

    def remez(self, f, powers):
        """The coefficients of these powers, and the largest weighted error that they leave."""
        count = len(powers) + 1
        basis = [[x**p for p in powers] for x in self.x]
        best = None
        chosen = [int(POINTS * (i + 0.5) / count) for i in range(count)]
        for _ in range(30):
            signs = [(-1) ** i / self.weight[k] for i, k in enumerate(chosen)]
            *c, level = solve([basis[k] + [s] for k, s in zip(chosen, signs)], [f[k] for k in chosen])
            error = [w * (y - sum(a * b for a, b in zip(c, row))) for w, y, row in zip(self.weight, f, basis)]
            worst = max(map(abs, error))
            if best is None or worst < best[1]:
                best = c, worst
            chosen = peaks(error, count)
            if worst <= abs(level) * Decimal("1.001") or len(chosen) < count:
                break
        return best

    def floats(self, degree):
        """The coefficients as floats, and the largest weighted error."""
        left, rounded = self.f, []
        for p in range(degree + 1):
            c, _ = self.remez(left, list(range(p, degree + 1)))
            rounded.append(to_float(c[0]))
            left = [y - rounded[p] * x**p for x, y in zip(self.x, left)]
        return rounded, max(abs(w * e) for w, e in zip(self.weight, left))


def tanh_near(high, degree):
    """tanh x = x + x^3 p(x^2); the error is relative."""
    root = Decimal.sqrt
    return Fit(lambda t: (tanh(root(t)) / root(t) - 1) / t, lambda t: t * root(t) / tanh(root(t)), "1e-6", high**2).floats(degree)


def erf_near(high, degree):
    """erf x = x + x p(x^2); the error is relative."""
    root = Decimal.sqrt
    return Fit(lambda t: erf(root(t)) / root(t) - 1, lambda t: root(t) / erf(root(t)), "1e-6", high**2).floats(degree)


def erf_far(low, degree):
    """erf x = 1 - p(x - low)^4; the error is absolute, so that of p weighs 4 p^3, and 10^-4 more to keep sight of the
    end. From 3.9192 on erf rounds to 1: to be there in time, p^4 is made for 0.05 u less than erfc, up to 3.92."""
    quarter, less = Decimal("0.25"), Decimal("0.05") / 2**24
    return Fit(
        lambda z: (1 - erf(z + low) - less) ** quarter,
        lambda z: 4 * (1 - erf(z + low) - less) ** (3 * quarter) + Decimal("1e-4"),
        0,
        Decimal("3.92") - low,
    ).floats(degree)


def show(name, coefficients, error):
    def literal(c):
        digits, exponent = float(c).hex().split("p")
        return digits.rstrip("0").rstrip(".") + "p" + exponent + "F"

    print(f"{name}: {', '.join(map(literal, coefficients))}  /* {float(error) * 2**24:.3f} u */")


if __name__ == "__main__":
    show("TANH_NEAR", *tanh_near(Decimal("0.6932"), 4))
    # p(0) is the first coefficient: among the floats next to 1.08, the place where rounding it costs least.
    places = [to_float(1.08) + i * Decimal(2) ** -23 for i in range(-48, 48)]
    place = min(places, key=lambda low: erf_far(low, 7)[1])
    show("ERF_PLACE", [place], 0)
    show("ERF_NEAR", *erf_near(place, 6))
    show("ERF_FAR", *erf_far(place, 7))
