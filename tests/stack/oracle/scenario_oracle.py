"""Second opinion on scenarios, written from docs/economics.md alone: the drivers' formulas on numpy arrays, the
combination rule by plain recursion, Shapley shares as the mean over all orders of arrival (not over coalitions).

stdin: {"cases": [{"asof", "curve": {"block", "months", "prices"}, "fuels": {key: {month: price}}, "assumptions": [...]}]}
stdout: {"numpy": version, "cases": [{"prices": [...], "shares": {id: [...]}}]}
"""
import itertools
import json
import sys

import numpy as np


def month_number(month):
    return int(month[:4]) * 12 + int(month[5:7])


def at_block(value, block):
    return value[block] if isinstance(value, dict) else value


def policy(p, prices, months, case):
    kind = p["instrument"]
    if kind == "carbon_price":
        intensity = at_block(p["emission_intensity"], case["curve"]["block"])
        return np.full_like(prices, p["carbon_price_change"] * intensity * p["pass_through"])
    if kind == "price_cap":
        return np.minimum(prices, p["price_cap"]) - prices
    if kind == "price_floor":
        return np.maximum(prices, p["price_floor"]) - prices
    return np.full_like(prices, -p["subsidy"] * p["pass_through"])


def load_growth(p, prices, months, case):
    start = month_number(p.get("start", case["asof"]))
    years = np.maximum(0, np.array([month_number(m) - start for m in months])) / 12
    elasticity = at_block(p["price_elasticity"], case["curve"]["block"])
    return np.abs(prices) * (np.exp(years * np.log1p(p["annual_growth"])) - 1) * elasticity


def fuel_curve(p, prices, months, case):
    move = p["fuel_move"]
    if move["kind"] == "absolute":
        fuel = [move["change"]] * len(months)
    elif move["kind"] == "monthly":
        fuel = [move["changes"][m] for m in months]
    elif move["kind"] == "relative":
        fuel = [move["change"] * case["fuels"][move["of"]["curve_key"]][m] for m in months]
    else:
        after, before = (case["fuels"][move[side]["curve_key"]] for side in ("to", "from"))
        fuel = [after[m] - before[m] for m in months]
    block = case["curve"]["block"]
    return np.array(fuel) * at_block(p["heat_rate"], block) * at_block(p["marginal_share"], block)


def fleet_change(p, prices, months, case):
    block = case["curve"]["block"]
    slope = at_block(p["merit_order_slope"], block)
    change = []
    for month in months:
        mw = sum(
            c["capacity_mw"] * at_block(c.get("availability", 1), block)
            for c in p["changes"]
            if c["from"] <= month and month <= c.get("to", "9999-12-01")
        )
        here = slope[int(month[5:7]) - 1] if isinstance(slope, list) else slope
        change.append(-here * mw)
    return np.array(change)


def composite(p, prices, months, case):
    now = prices
    for step in p["steps"]:
        now = now + DRIVERS[step["driver"]](step["parameters"], now, months, case)
    return now - prices


DRIVERS = {
    "policy": policy,
    "load_growth": load_growth,
    "fuel_curve": fuel_curve,
    "fleet_change": fleet_change,
    "composite": composite,
}


def is_last(assumption):
    limit = assumption["parameters"].get("instrument") in ("price_cap", "price_floor")
    return limit and "depends_on" not in assumption


def change_of(case, present):
    """Total change when only the assumptions `present` (ids) are made."""
    months = case["curve"]["months"]
    base = np.array(case["curve"]["prices"], dtype=float)
    by_id = {a["id"]: a for a in case["assumptions"]}

    def effect(id, prices):
        a = by_id[id]
        applies = a.get("applies_to", {})
        holds = [applies.get("from", "0000") <= m <= applies.get("to", "9999") for m in months]
        inside = [m for m, h in zip(months, holds) if h]
        change = np.zeros_like(base)
        if inside:
            change[holds] = DRIVERS[a["driver"]](a["parameters"], prices[holds], inside, case)
        return change

    def upstream(id, seen=()):
        found = set()
        for other in by_id[id].get("depends_on", []):
            found |= {other} | upstream(other)
        return found

    def own(id):
        before = [other for other in sorted(upstream(id)) if other in present]
        return effect(id, base + sum((own(other) for other in before), np.zeros_like(base)))

    ordinary = sorted(i for i in present if not is_last(by_id[i]))
    price = base + sum((own(i) for i in ordinary), np.zeros_like(base))
    for limit in sorted(i for i in present if is_last(by_id[i])):
        price = price + effect(limit, price)
    return price - base


def shapley(case):
    ids = sorted(a["id"] for a in case["assumptions"])
    worth = {}

    def value(present):
        key = frozenset(present)
        if key not in worth:
            worth[key] = change_of(case, key)
        return worth[key]

    orders = list(itertools.permutations(ids))
    shares = {i: np.zeros(len(case["curve"]["months"])) for i in ids}
    for order in orders:
        for place, i in enumerate(order):
            shares[i] += value(order[: place + 1]) - value(order[:place])
    return value(ids), {i: share / len(orders) for i, share in shares.items()}


def answer(case):
    total, shares = shapley(case)
    prices = np.array(case["curve"]["prices"]) + total
    return {"prices": prices.tolist(), "shares": {i: s.tolist() for i, s in shares.items()}}


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump({"numpy": np.__version__, "cases": [answer(case) for case in given["cases"]]}, sys.stdout)
