"""A second valuation of power purchase agreements, written from the formulas of docs/economics.md, hour by hour.

Reads from stdin {"cases": [{"contract", "market", "valuation_date", "time_zone"}]}: contracts and markets as the product takes
them, defaults filled in, settled in the currency of the curve. Writes to stdout {"versions", "cases": [{...}]} with npv, its
parts, IRRs, break-even strike, levelised price, capture and monthly cashflows. Where the product reduces an hourly shape to a
factor per month, this goes through every delivered hour; rates of return are roots of numpy's companion matrix; break-even
prices come from scipy's brentq.
"""

import json
import math
import sys

import numpy as np
import numpy_financial as npf
import pandas as pd
import scipy
from scipy.optimize import brentq

PERIODS = {"annual": 1, "semiannual": 2, "quarterly": 4, "monthly": 12}


def month_start(day):
    return pd.Timestamp(day.year, day.month, 1)


def whole_years(first, last):
    return max(0, math.floor((last.year * 12 + last.month - first.year * 12 - first.month) / 12))


def year_fraction(day_count, first, last):
    days = (last - first).days
    if day_count == "ACT/365F":
        return days / 365
    if day_count == "ACT/360":
        return days / 360
    if day_count == "30/360":
        d1 = min(30, first.day)
        d2 = min(30, last.day) if d1 == 30 else last.day
        return (360 * (last.year - first.year) + 30 * (last.month - first.month) + d2 - d1) / 360
    each = pd.date_range(first, last, inclusive="left")
    return float(sum(1 / (366 if day.is_leap_year else 365) for day in each))


def factor_at(terms, rate, first, last):
    years = year_fraction(terms["day_count"], first, last)
    if terms["compounding"] == "continuous":
        return math.exp(-rate * years)
    if terms["compounding"] == "simple":
        return 1 / (1 + rate * years)
    periods = PERIODS[terms["compounding"]]
    return (1 + rate / periods) ** (-periods * years)


def discount(terms, first, last):
    if terms["kind"] == "flat":
        return factor_at(terms, terms["rate"], first, last)
    points = sorted((pd.Timestamp(point["date"]), point["rate"]) for point in terms["points"])
    days = [0] + [(date - first).days for date, _ in points]
    logs = [0.0] + [math.log(factor_at(terms, rate, first, date)) for date, rate in points]
    return math.exp(np.interp((last - first).days, days, logs))


def hours_of(case):
    """Every delivered hour from the valuation date on, by local clock; a frame with month, hour and day."""
    contract = case["contract"]
    first = max(pd.Timestamp(contract["start"]), pd.Timestamp(case["valuation_date"]))
    last = pd.Timestamp(contract["end"]) + pd.Timedelta(days=1)
    zone = case["time_zone"]
    utc = pd.date_range(first.tz_localize(zone).tz_convert("UTC"), last.tz_localize(zone).tz_convert("UTC"), freq="h",
                        inclusive="left")
    local = utc.tz_convert(zone)
    frame = pd.DataFrame({"hour": local.hour, "year": local.year, "m": local.month})
    frame["month"] = [f"{year:04d}-{month:02d}-01" for year, month in zip(frame["year"], frame["m"])]
    return frame


def hours_of_whole_month(zone, month):
    first = pd.Timestamp(month)
    span = (first + pd.DateOffset(months=1)).tz_localize(zone) - first.tz_localize(zone)
    return span.total_seconds() / 3600


def volumes(contract, frame, zone):
    """MWh of each hour before share and degradation."""
    volume = contract["volume"]
    place = frame["m"].to_numpy() - 1
    if volume["kind"] == "baseload":
        return np.full(len(frame), float(volume["power_mw"]))
    if volume["kind"] == "capacity_factor":
        return volume["power_mw"] * np.array(volume["capacity_factors"])[place]
    if volume["kind"] == "month_hour_shape":
        return volume["power_mw"] * np.array(volume["capacity_factors"])[place, frame["hour"].to_numpy()]
    whole = {month: hours_of_whole_month(zone, month) for month in frame["month"].unique()}
    p50 = np.array([month["p50_mwh"] for month in volume["months"]])[place]
    return p50 / frame["month"].map(whole).to_numpy()


def strike_path(price, month):
    if price["kind"] == "escalated":
        return (1 + price["escalation_annual"]) ** whole_years(pd.Timestamp(price["base_date"]), pd.Timestamp(month))
    if price["kind"] == "indexed":
        point = max((row for row in price["index"] if row["month"] <= month), key=lambda row: row["month"])
        return 1 - price["indexed_share"] + price["indexed_share"] * point["value"] / price["base_index"]
    return 1.0


def hourly_prices(case, frame, mean_prices):
    """Reference price of each hour: the mean of the month, moved by the market's hourly shape where volume has one too."""
    capture = case["market"].get("capture")
    flat = frame["month"].map(mean_prices).to_numpy()
    hourly_volume = case["contract"]["volume"]["kind"] in ("month_hour_shape", "capacity_factor")
    if capture is None or capture["kind"] == "rates" or not hourly_volume:
        return flat
    table = np.array(capture["shape"] if capture["kind"] == "price_shape" else capture["differences"])
    raw = pd.Series(table[frame["m"].to_numpy() - 1, frame["hour"].to_numpy()])
    level = raw.groupby(frame["month"]).transform("mean")
    if capture["kind"] == "price_shape":
        return flat * (raw / level).to_numpy()
    return flat + (raw - level).to_numpy()


def bound(price, low, high):
    return min(max(price, low), high)


def settle(case, frame, mwh, prices, month, settings):
    """Legs of one month to the buyer: market, contract; and delivered MWh. Sums over hours where hours are known."""
    contract, market = case["contract"], case["market"]
    rows = (frame["month"] == month).to_numpy()
    energy, price = mwh[rows], prices[rows]
    volume = energy.sum()
    place = int(month[5:7]) - 1
    clause = contract["negative_prices"]
    capture = market.get("capture")
    shaped = capture is not None and capture["kind"] != "rates" and \
        contract["volume"]["kind"] in ("month_hour_shape", "capacity_factor")
    basis = settings["basis"](month)
    mean = price.mean()
    if shaped:
        below = price < 0
        n_mwh = energy[below].sum()
        n_price = (energy[below] @ price[below]) / n_mwh if n_mwh > 0 else 0.0
        captured = energy @ price / volume if volume > 0 else mean
    else:
        rate = capture["rates"][place] if capture and contract["volume"]["kind"] != "baseload" else 1.0
        captured = mean * rate
        stated = (market.get("negative_hours") or [{"share_of_volume": 0, "average_price": 0}] * 12)[place]
        n_mwh, n_price = volume * stated["share_of_volume"], stated["average_price"]
    if contract["settles_on"] == "average":
        # Every hour is settled at the mean; the clause sees which hours are below 0, not what they cost.
        captured = n_price = mean
    if clause == "settled":
        n_mwh, n_price = 0.0, 0.0
    rest = volume - n_mwh
    other = (captured * volume - n_price * n_mwh) / rest + basis if rest > 0 else 0.0
    low, high, strike = settings["low"], settings["high"], settings["strike"]
    collar = strike is None
    k = None if collar else strike * strike_path(contract["price"], month)
    pays = (lambda x: bound(x, low, high)) if collar else (lambda x: k)
    worth = (lambda x: x) if collar else (lambda x: bound(x, low, high))
    market_leg, contract_leg = rest * worth(other), rest * pays(other)
    if clause == "zero_price":
        market_leg += n_mwh * (n_price + basis)
    if clause == "zero_reference":
        market_leg += n_mwh * worth(0.0)
        contract_leg += n_mwh * pays(0.0)
    delivered = rest if clause == "no_settlement" else volume
    return market_leg, contract_leg, delivered, captured, mean, volume


def hours_with_volume_and_price(case, means):
    contract = case["contract"]
    frame = hours_of(case)
    mwh = volumes(contract, frame, case["time_zone"]) * contract["share_of_output"]
    since = pd.Timestamp(contract.get("degradation_from") or contract["start"])
    kept = {month: (1 - contract["degradation_annual"]) ** whole_years(since, pd.Timestamp(month))
            for month in frame["month"].unique()}
    return frame, mwh * frame["month"].map(kept).to_numpy(), hourly_prices(case, frame, means)


def flows(case, strike_shift=None):
    """Rows of the cashflow table. `strike_shift`: another base strike, or the shift of a collar's floor and cap."""
    contract, market = case["contract"], case["market"]
    day = pd.Timestamp(case["valuation_date"])
    price = contract["price"]
    collar = price["kind"] == "collar"
    bounds = price if collar else (contract.get("reference_bounds") or {})
    shift = (strike_shift or 0.0) if collar else 0.0
    means = {row["month"]: row["price"] for row in market["reference"]["prices"]}
    location = {row["month"]: row["price"] for row in (market.get("location") or {"prices": []})["prices"]}
    basis_terms = contract["basis"]
    settings = {
        "low": bounds.get("floor", -math.inf) + shift,
        "high": bounds.get("cap", math.inf) + shift,
        "strike": None if collar else (price["strike"] if strike_shift is None else strike_shift),
        "basis": lambda month: basis_terms["price"] if basis_terms["kind"] == "adder" else
        (location[month] - means[month] if basis_terms["kind"] == "curve" else 0.0),
    }
    if "hours" not in case:
        case["hours"] = hours_with_volume_and_price(case, means)
    frame, mwh, prices = case["hours"]
    sign = 1 if contract["direction"] == "buyer" else -1
    balancing = contract.get("balancing")
    certificates = contract.get("certificates")
    rows = []
    for month in frame["month"].unique():
        market_leg, contract_leg, delivered, captured, mean, volume = settle(case, frame, mwh, prices, month, settings)
        after = pd.Timestamp(month) + pd.DateOffset(months=1)
        lag = contract["payment_lag"]
        paid = after + (pd.Timedelta(days=lag["days"]) if lag["kind"] == "days" else pd.DateOffset(months=lag["months"]))
        cost = 0.0
        if balancing and balancing["borne_by"] == contract["direction"]:
            cost = -delivered * (balancing["cost_per_mwh"] + balancing["share_of_reference"] * means[month])
        green = 0.0
        if certificates:
            grown = (1 + certificates["growth_annual"]) ** whole_years(pd.Timestamp(contract["start"]), pd.Timestamp(month))
            green = sign * delivered * certificates["value_per_mwh"] * grown
        df = discount(contract["discounting"], day, paid)
        settlement = sign * (market_leg - contract_leg) + cost + green
        rows.append({"month": month, "hours": float((frame["month"] == month).sum()), "volume_mwh": volume,
                     "delivered_mwh": delivered, "capture_price": captured + settings["basis"](month),
                     "market_leg": sign * market_leg, "contract_leg": -sign * contract_leg, "balancing": cost,
                     "certificates": green, "settlement": settlement, "discount_factor": df, "pv": settlement * df,
                     "captured": captured, "paid": paid, "years": (paid - day).days / 365})
    return pd.DataFrame(rows)


def credit_loss(credit, table, day, upfront, upfront_pv):
    """Flows by day, an upfront payment still to be made among them."""
    if credit["kind"] == "none":
        return 0.0
    lgd = credit["loss_given_default"]
    dated = list(zip(table["years"], table["pv"]))
    if upfront:
        dated.append(((upfront[0] - day).days / 365, upfront_pv))
    dated.sort(key=lambda flow: flow[0])
    flows_pv = np.array([pv for _, pv in dated])
    years = np.concatenate([[0.0], np.clip([year for year, _ in dated], 0, None)])
    survival = np.exp(-credit["spread"] / lgd * years) if credit["kind"] == "spread" else \
        (1 - credit["annual_probability"]) ** years
    exposure = np.maximum(np.cumsum(flows_pv[::-1])[::-1], 0)
    return -lgd * float(exposure @ (survival[:-1] - survival[1:]))


def upfront_of(contract, day):
    upfront = contract.get("upfront")
    if not upfront or pd.Timestamp(upfront["date"]) < day:
        return None
    amount = -upfront["amount"] if upfront["paid_by"] == contract["direction"] else upfront["amount"]
    return pd.Timestamp(upfront["date"]), amount


def rates_of_return(table, upfront, day):
    months = [(date.year - day.year) * 12 + date.month - day.month for date in table["paid"]]
    amounts = list(table["settlement"])
    if upfront:
        months.append((upfront[0].year - day.year) * 12 + upfront[0].month - day.month)
        amounts.append(upfront[1])
    series = np.bincount(months, weights=amounts)
    series = np.trim_zeros(np.where(np.abs(series) > 1e-14 * np.abs(series).max(), series, 0.0))
    signs = np.sign(series[series != 0])
    changes = int((signs[1:] != signs[:-1]).sum())
    rate = float(npf.irr(series)) if changes == 1 else None
    return changes, rate


def value(case):
    contract = case["contract"]
    day = pd.Timestamp(case["valuation_date"])
    upfront = upfront_of(contract, day)
    upfront_pv = upfront[1] * discount(contract["discounting"], day, upfront[0]) if upfront else 0.0

    def loss(table):
        return credit_loss(contract["credit"], table, day, upfront, upfront_pv)

    def npv(shift=None):
        table = flows(case, shift)
        return float(table["pv"].sum()) + upfront_pv + loss(table)

    table = flows(case)
    changes, rate = rates_of_return(table, upfront, day)
    volume = table["volume_mwh"].sum()
    discounted = float(table["delivered_mwh"] @ table["discount_factor"])
    sign = 1 if contract["direction"] == "buyer" else -1
    low, high = -200.0, 400.0
    at_low, at_high = npv(low), npv(high)
    break_even = brentq(npv, low, high, xtol=1e-12, rtol=1e-14) if at_low * at_high < 0 else None
    return {
        "npv": npv(), "credit": loss(table), "upfront": upfront_pv, "sign_changes": changes,
        "irr_monthly": rate, "break_even": break_even, "volume_mwh": float(volume),
        "levelised_price": -sign * float(table["contract_leg"] @ table["discount_factor"]) / discounted if discounted else None,
        "capture_price": float(table["captured"] @ table["volume_mwh"]) / float(volume) if volume else None,
        "cashflows": table.drop(columns=["paid", "years", "captured"]).to_dict("records"),
    }


def main():
    cases = json.load(sys.stdin)["cases"]
    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "pandas": pd.__version__,
                "numpy_financial": npf.__version__}
    json.dump({"versions": versions, "cases": [value(case) for case in cases]}, sys.stdout)


main()
