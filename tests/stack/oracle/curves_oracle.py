"""Second implementation of calendars, bootstrap, maximum smoothness, discounting and conversion, in numpy, scipy and zoneinfo.

Reads {"hours": [...], "bootstrap": [...], "smooth": [...], "discount": [...], "convert": [...]} on stdin and writes the same keys
with one answer a case. Made by other means than the code it checks: hours by walking UTC with zoneinfo, holidays by counting
weekdays, the spline in quartic B-splines with double knots, minima in the null space of the constraints.
"""

import json
import sys
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import lstsq, null_space

# zone, local hours of the peak, weekdays of the peak, NERC holidays, start of the day in hours after midnight
MARKETS = {
    "PJM": ("America/New_York", range(7, 23), 5, True, 0),
    "NYISO": ("America/New_York", range(7, 23), 5, True, 0),
    "ISONE": ("America/New_York", range(7, 23), 5, True, 0),
    "MISO": ("America/New_York", range(7, 23), 5, True, 0),
    "ERCOT": ("America/Chicago", range(6, 22), 5, True, 0),
    "SPP": ("America/Chicago", range(6, 22), 5, True, 0),
    "CAISO": ("America/Los_Angeles", range(6, 22), 6, True, 0),
    "AESO": ("America/Edmonton", range(7, 23), 6, True, 0),
    "IESO": ("America/New_York", range(7, 23), 5, True, 0),
    "EEX": ("Europe/Berlin", range(8, 20), 5, False, 0),
    "UK": ("Europe/London", range(7, 19), 5, False, -1),
    "GAS_EU": ("Europe/Amsterdam", (), 5, False, 6),
    "GAS_UK": ("Europe/London", (), 5, False, 5),
    "GAS_US": ("America/Chicago", (), 5, False, 9),
}


def day(text):
    return date.fromisoformat(text)


def nerc_holidays(year):
    def of_month(month, weekday):
        days = (date(year, month, 1) + timedelta(d) for d in range(31))
        return [d for d in days if d.month == month and d.weekday() == weekday]

    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 12, 25)]
    kept = [d + timedelta(1) if d.isoweekday() == 7 else d for d in fixed]
    return {*kept, of_month(5, 0)[-1], of_month(9, 0)[0], of_month(11, 3)[3]}


def hours(case):
    name, peak, week, nerc, start = MARKETS[case["calendar"]]
    zone, block = ZoneInfo(name), case["block"]
    first, end = day(case["from"]), day(case["to"])
    holidays = set().union(*(nerc_holidays(y) for y in range(first.year, end.year + 1))) if nerc else set()
    instant = datetime(first.year, first.month, first.day, tzinfo=timezone.utc) - timedelta(days=2)
    count = 0
    while True:
        local = instant.astimezone(zone)
        delivery = (local.replace(tzinfo=None) - timedelta(hours=start)).date()
        if delivery >= end:
            return count
        instant += timedelta(hours=1)
        if delivery < first:
            continue
        in_peak, weekday, free = local.hour in peak, delivery.weekday(), delivery in holidays
        five, six = weekday < 5 and not free, weekday < 6 and not free
        market = weekday < week and not free
        count += {
            "ATC": True,
            "ON_PEAK": in_peak and market,
            "OFF_PEAK": not (in_peak and market),
            "5x16": in_peak and five,
            "6x16": in_peak and six,
            "2x16": in_peak and not five,
            "1x16": in_peak and not six,
            "7x16": in_peak,
            "7x8": not in_peak,
        }[block]


def least(quadratic, constraints, targets):
    """Minimum of |quadratic x| subject to constraints x = targets: a particular solution plus the null space."""
    particular = lstsq(constraints, targets, lapack_driver="gelsy")[0]
    free = null_space(constraints)
    if free.shape[1] == 0:
        return particular
    step = lstsq(quadratic @ free, -(quadratic @ particular), lapack_driver="gelsy")[0]
    return particular + free @ step


def bootstrap(case):
    quotes = [(day(q["from"]), day(q["to"]), q["price"]) for q in case["contracts"]]
    cuts = sorted({d for start, end, _ in quotes for d in (start, end)})
    pieces = list(zip(cuts, cuts[1:]))
    rows = np.array([[(b - a).days * (start <= a and b <= end) / (end - start).days for a, b in pieces] for start, end, _ in quotes])
    differences = np.diff(np.eye(len(pieces)), axis=0)
    prices = least(differences, rows, np.array([price for *_, price in quotes]))
    months = {}
    for (a, b), price in zip(pieces, prices):
        month = a
        while month < b:
            if any(start <= a and b <= end for start, end, _ in quotes):
                months[month.isoformat()] = price
            month = (month.replace(day=28) + timedelta(4)).replace(day=1)
    return months


def smooth(case):
    quotes = [(day(q["from"]), day(q["to"]), q["price"]) for q in case["contracts"]]
    origin = min(start for start, *_ in quotes)
    cuts = sorted({(d - origin).days for start, end, _ in quotes for d in (start, end)})
    size = float(cuts[-1])
    knots = np.concatenate([[cuts[0]] * 5, np.repeat(cuts[1:-1], 2), [cuts[-1]] * 5]) / size
    count = len(knots) - 5
    basis = BSpline(knots, np.eye(count), 4)
    days = np.arange(cuts[-1])
    factors, additions, weights = (np.array(case[k], float) for k in ("multiplicative", "additive", "weight"))
    values = basis(days / size)
    rows, targets = [], []
    for start, end, price in quotes:
        span = slice((start - origin).days, (end - origin).days)
        share = weights[span] / weights[span].sum()
        rows.append((share * factors[span]) @ values[span])
        targets.append(price - share @ (factors[span] * additions[span]))
    # Gauss-Legendre with three points is exact for the square of a quadratic.
    nodes, gauss = np.polynomial.legendre.leggauss(3)
    second = basis.derivative(2)
    bends = []
    for a, b in zip(cuts, cuts[1:]):
        middle, half = (a + b) / 2 / size, (b - a) / 2 / size
        bends.append(np.sqrt(gauss * half)[:, None] * second(middle + half * nodes))
    coefficients = least(np.vstack(bends), np.array(rows), np.array(targets))
    return list((values @ coefficients + additions) * factors)


def years(count, start, end):
    if count == "ACT/365F":
        return Fraction((end - start).days, 365)
    if count == "ACT/360":
        return Fraction((end - start).days, 360)
    if count == "30/360":
        d1, d2 = start.day, end.day
        if d1 == 31:
            d1 = 30
        if d2 == 31 and d1 == 30:
            d2 = 30
        return Fraction(360 * (end.year - start.year) + 30 * (end.month - start.month) + d2 - d1, 360)
    total, at = Fraction(0), start
    while at < end:
        stop = min(end, date(at.year + 1, 1, 1))
        total += Fraction((stop - at).days, (date(at.year + 1, 1, 1) - date(at.year, 1, 1)).days)
        at = stop
    return total


def factor(rate, compounding, time):
    if compounding == "continuous":
        return np.exp(-rate * time)
    if compounding == "simple":
        return 1 / (1 + rate * time)
    times = {"annual": 1, "semiannual": 2, "quarterly": 4, "monthly": 12}[compounding]
    return np.exp(-times * time * np.log1p(rate / times))


def discount(case):
    start, end, given = day(case["from"]), day(case["to"]), case["discounting"]
    one = lambda rate, to: factor(rate, given["compounding"], float(years(given["day_count"], start, to)))
    if given["kind"] == "flat":
        return one(given["rate"], end)
    points = sorted((day(p["date"]), p["rate"]) for p in given["points"])
    x = [0] + [(d - start).days for d, _ in points]
    y = [0.0] + [np.log(one(rate, d)) for d, rate in points]
    at = (end - start).days
    if at > x[-1]:
        return np.exp(y[-1] + (at - x[-1]) * (y[-1] - y[-2]) / (x[-1] - x[-2]))
    return np.exp(np.interp(at, x, y))


BTU = Fraction("1055.05585262")
JOULES = {"MWh": Fraction(3600000000), "kWh": Fraction(3600000), "GJ": Fraction(10**9), "therm": 100000 * BTU, "MMBtu": 10**6 * BTU, "Dth": 10**6 * BTU}


def convert(case):
    euros = {"EUR": Fraction(1), "USD": 1 / Fraction(case["eur_usd"]), "GBP": 1 / Fraction(case["eur_gbp"])}
    euros["GBp"] = euros["GBP"] / 100
    a, b = case["from"], case["to"]
    ratio = euros[a["currency"]] / euros[b["currency"]] * JOULES[b["per_unit"]] / JOULES[a["per_unit"]]
    return float(Fraction(case["value"]) * ratio)


ANSWERS = {"hours": hours, "bootstrap": bootstrap, "smooth": smooth, "discount": discount, "convert": convert}

if __name__ == "__main__":
    cases = json.load(sys.stdin)
    json.dump({kind: [ANSWERS[kind](case) for case in cases[kind]] for kind in ANSWERS}, sys.stdout)
