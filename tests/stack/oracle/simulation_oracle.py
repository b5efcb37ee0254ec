"""The simulation a second time, in Python: the generator in whole numbers, its seeds, the model drawn by NumPy from
one covariance matrix instead of month by month, Black 1976 and Kirk with SciPy's normal distribution, quantiles by NumPy.

Reads {streams, models, quantiles, options, spreads, normal} on stdin and answers in the same shape."""

import hashlib
import json
import math
import sys
from datetime import date

import numpy as np
from scipy.stats import norm

WORD = (1 << 64) - 1


def turned(value, by):
    return ((value << by) | (value >> (64 - by))) & WORD


def stream(seed, purpose, index, count):
    """First outputs of the named stream: xoshiro256** from the SHA-256 of the name, as little-endian words."""
    name = json.dumps(["aurum stream", seed, purpose, index], separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(name.encode()).digest()
    s0, s1, s2, s3 = (int.from_bytes(digest[at : at + 8], "little") for at in (0, 8, 16, 24))
    outputs = []
    for _ in range(count):
        outputs.append(str(turned(s1 * 5 & WORD, 7) * 9 & WORD))
        shifted = s1 << 17 & WORD
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = turned(s3, 45)
    return outputs


def covariance(model, first, second):
    """Covariance of the log prices of two months at their deliveries, by integrating the shocks both live through."""
    s, k, l, rho = (model[name] for name in ("sigma_short", "reversion_short", "sigma_long", "correlation"))
    early, late = min(first, second), max(first, second)
    grid = (np.arange(20_000) + 0.5) * early / 20_000
    near, far = s * np.exp(-k * (early - grid)), s * np.exp(-k * (late - grid))
    return float(np.mean(near * far + rho * l * (near + far) + l * l) * early)


def simulated(case):
    """Mean and quantiles of the last month, and the covariance matrix, all without a step from month to month."""
    asof = date.fromisoformat(case["asof"])
    years = [(date.fromisoformat(month) - asof).days / 365 for month in case["months"]]
    matrix = np.array([[covariance(case["model"], a, b) for b in years] for a in years])
    generator = np.random.Generator(np.random.Philox(12345))
    draws = generator.multivariate_normal(np.zeros(len(years)), matrix, case["paths"], method="cholesky")
    forward = np.array(case["forward"])
    if case["dynamics"]["kind"] == "normal":
        prices = forward + draws
    else:
        shift = case["dynamics"].get("shift", 0)
        prices = (forward + shift) * np.exp(draws - np.diag(matrix) / 2) - shift
    return {
        "mean": prices.mean(axis=0).tolist(),
        "mean_error": (prices.std(axis=0) / math.sqrt(case["paths"])).tolist(),
        "quantiles": np.quantile(prices, case["levels"], axis=0).tolist(),
        "correlation": np.corrcoef(draws.T).tolist(),
    }


def black76(kind, forward, strike, deviation, discount_factor):
    sign = 1 if kind == "call" else -1
    d1 = math.log(forward / strike) / deviation + deviation / 2
    return discount_factor * sign * (
        forward * norm.cdf(sign * d1) - strike * norm.cdf(sign * (d1 - deviation))
    )


def kirk(forward_1, forward_2, strike, volatility_1, volatility_2, correlation, years, rate):
    share = forward_2 / (forward_2 + strike)
    volatility = math.sqrt(
        volatility_1**2 - 2 * correlation * volatility_1 * volatility_2 * share + (volatility_2 * share) ** 2
    )
    d1 = (math.log(forward_1 / (forward_2 + strike)) + volatility**2 / 2 * years) / (volatility * math.sqrt(years))
    d2 = d1 - volatility * math.sqrt(years)
    return math.exp(-rate * years) * (forward_1 * norm.cdf(d1) - (forward_2 + strike) * norm.cdf(d2))


def philox_answers():
    """First block of NumPy's Philox4x64-10 at counter 0, key 0: what we are compared with is itself held to Random123's
    kat_vectors. NumPy counts up before its first block."""
    state = np.random.Philox(counter=[WORD, WORD, WORD, WORD], key=[0, 0])
    return [f"{int(word):016x}" for word in state.random_raw(4)]


question = json.load(sys.stdin)
json.dump(
    {
        "philox": philox_answers(),
        "streams": [stream(**case) for case in question["streams"]],
        "models": [simulated(case) for case in question["models"]],
        "quantiles": [np.quantile(case["values"], case["levels"]).tolist() for case in question["quantiles"]],
        "options": [black76(**case) for case in question["options"]],
        "spreads": [kirk(**case) for case in question["spreads"]],
        "normal": norm.cdf(question["normal"]).tolist(),
    },
    sys.stdout,
)
