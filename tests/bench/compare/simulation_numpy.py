"""The simulation of tests/bench/simulation.ts in NumPy: whole arrays of paths, month by month.
Prints nanoseconds per path-step, best of the runs, and the mean present value."""

import sys
import time

import numpy as np

PATHS, MONTHS = int(sys.argv[1]), 120
DECAY, SHORT, LONG_ON_SHORT, LONG = 0.85, 0.16, 0.01, 0.04


def run(bits):
    near, far, value = np.zeros(PATHS), np.zeros(PATHS), np.zeros(PATHS)
    short_variance = both = long_variance = 0.0
    for _ in range(MONTHS):
        short_variance = DECAY * DECAY * short_variance + SHORT * SHORT
        both = DECAY * both + SHORT * LONG_ON_SHORT
        long_variance += LONG_ON_SHORT**2 + LONG**2
        first, second = bits.standard_normal((2, PATHS))
        near = DECAY * near + SHORT * first
        far = far + LONG_ON_SHORT * first + LONG * second
        price = 50 * np.exp(near + far - (short_variance + 2 * both + long_variance) / 2)
        value += 950 * (price - 45)
    return value.mean()


generator = np.random.Generator(np.random.SFC64(1))
times, mean = [], 0.0
for _ in range(9):
    began = time.perf_counter_ns()
    mean = run(generator)
    times.append(time.perf_counter_ns() - began)
print(min(times) / PATHS / MONTHS, mean)
