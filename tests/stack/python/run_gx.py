"""The second opinion on the gate: the same suites on the same rows in the real Great Expectations.

Reads from stdin {"cases": [{"name", "asof_date", "seasons", "heat_rates", "parameters", "texts", "numbers", "suites":
[{"suite", "texts", "numbers"}]}]}: columns by name, the canonical ones per case and the measures per suite. Measures that
this file knows how to compute are computed here anew and replace the ones handed in. Writes to stdout
{"versions", "cases": [{"name", "suites": [{"name", "results": {notes: {"success", "unexpected_count", "raised"}},
"differences": {measure: greatest absolute difference from the one handed in}}]}]}.
"""

import hashlib
import json
import math
import os
import sys

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx  # noqa: E402
import pandas as pd  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402

KEY_FIELDS = ["asset_class", "iso", "region", "location", "market", "product", "block", "spark_location"]


def folded(part):
    return "" if part is None else " ".join(str(part).split()).lower()


def frame(texts, numbers):
    """Text as objects with None for missing, numbers as float64 with NaN: no type of pandas' own choice."""
    columns = {name: pd.Series(values, dtype=object) for name, values in texts.items()}
    columns |= {name: pd.Series([float("nan") if v is None else float(v) for v in values], dtype="float64")
                for name, values in numbers.items()}
    return pd.DataFrame(columns)


def month_number(text):
    return int(text[:4]) * 12 + int(text[5:7])


def strip_months(row, asof_month, seasons):
    """Delivery months of a strip from the as-of month on."""
    first = month_number(row.contract_month)
    if row.tenor_type == "CALENDAR":
        last = first // 12 * 12 + 12 if first % 12 else first
    elif row.tenor_type == "QUARTER":
        last = first + 2
    elif row.tenor_type == "SEASON":
        last = first + seasons[row.tenor_label.split()[0].lower()]["months"] - 1
    else:
        return []
    return [month for month in range(first, last + 1) if month >= asof_month]


def identity_key(rows, case):
    joined = ("|".join(folded(value) for value in identity) for identity in rows[KEY_FIELDS].values.tolist())
    return [hashlib.sha256(text.encode()).hexdigest() for text in joined]


def mid_deviation(rows, case):
    return rows["mid"] - (rows["bid"] + rows["ask"]) / 2


def spark_deviation(rows, case):
    place = ["region", "location", "block", "contract_month", "tenor_type", "price_type"]
    legs = rows.assign(block=rows["block"].map(folded), row=range(len(rows)))
    is_power = (legs["asset_class"] == "power") & legs["spark_location"].isna()
    power = legs[is_power].drop_duplicates(place)[place + ["value"]].rename(columns={"value": "power"})
    gas = legs[legs["asset_class"] == "gas"][["location", *place[3:], "value"]]
    gas = gas.rename(columns={"location": "spark_location", "value": "gas"}).drop_duplicates(
        ["spark_location", *place[3:]])
    sparks = legs[legs["spark_location"].notna()].merge(power, how="left", on=place)
    sparks = sparks.merge(gas, how="left", on=["spark_location", *place[3:]]).set_index("row")
    implied = sparks["power"] - sparks["region"].map(case["heat_rates"]).astype(float) * sparks["gas"]
    return (sparks["value"] - implied).reindex(range(len(rows)))


def monthly(rows):
    return rows[rows["tenor_type"] == "MONTHLY"]


def months_since_previous(rows, case):
    steps = pd.Series(float("nan"), index=rows.index)
    for _, curve in monthly(rows).groupby("curve_key", dropna=False):
        months = curve["contract_month"].map(month_number)
        previous = dict(zip(sorted(set(months))[1:], sorted(set(months))))
        steps[curve.index] = [month - previous.get(month, math.nan) for month in months]
    return steps


def months_after_asof(rows, case):
    months = monthly(rows)["contract_month"].map(month_number)
    first = months.groupby(monthly(rows)["curve_key"], dropna=False).transform("min")
    return (months - month_number(case["asof_date"])).where(months == first).reindex(rows.index).astype(float)


def strip_deviation(rows, case):
    quoted = {}
    for row in monthly(rows).itertuples():
        quoted.setdefault((row.curve_key, row.price_type, month_number(row.contract_month)), row.value)
    asof_month = month_number(case["asof_date"])
    deviations = []
    for row in rows.itertuples():
        months = strip_months(row, asof_month, case["seasons"])
        prices = [quoted.get((row.curve_key, row.price_type, month), math.nan) for month in months]
        deviations.append(row.value - math.fsum(prices) / len(prices) if prices else math.nan)
    return pd.Series(deviations, index=rows.index, dtype="float64")


MEASURES = {measure.__name__: measure for measure in (
    identity_key, mid_deviation, spark_deviation, months_since_previous, months_after_asof, strip_deviation)}


def difference(theirs, ours):
    """Greatest absolute difference; infinite where one of the two is missing or a text differs."""
    if ours.dtype == object:
        return 0.0 if list(theirs) == list(ours) else math.inf
    if list(theirs.isna()) != list(ours.isna()):
        return math.inf
    both = (theirs - ours).abs()[(theirs != ours) & ours.notna()]
    return float(both.max()) if len(both) else 0.0


def run_suite(asset, number, case, given):
    rows = frame(case["texts"], case["numbers"])
    measures = frame(given["texts"], given["numbers"])
    differences = {}
    for name in measures.columns:
        if name in MEASURES and len(rows):
            mine = pd.Series(MEASURES[name](rows, case), index=rows.index)
            differences[name] = difference(mine, measures[name])
            measures[name] = mine.astype(measures[name].dtype)
    batch = asset.add_batch_definition_whole_dataframe(f"batch {number}").get_batch(
        {"dataframe": pd.concat([rows, measures], axis=1)})
    outcome = batch.validate(gx.ExpectationSuite(**given["suite"]), expectation_parameters=case["parameters"],
                             result_format="BASIC")
    results = {}
    for result in outcome.results:
        raised = not isinstance(result.exception_info.get("raised_exception"), bool) or \
            result.exception_info["raised_exception"]
        results[result.expectation_config.meta["notes"]] = {
            "success": bool(result.success),
            "unexpected_count": result.result.get("unexpected_count"),
            "raised": bool(raised),
        }
    return {"name": given["suite"]["name"], "results": results, "differences": differences}


def main():
    cases = json.load(sys.stdin)["cases"]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("curves").add_dataframe_asset("rows")
    answers = []
    for number, case in enumerate(cases):
        suites = [run_suite(asset, f"{number}.{i}", case, given) for i, given in enumerate(case["suites"])]
        answers.append({"name": case["name"], "suites": suites})
    # An infinite difference is written as text: JSON has no number for it.
    for suite in (suite for answer in answers for suite in answer["suites"]):
        suite["differences"] = {k: v if math.isfinite(v) else "infinite" for k, v in suite["differences"].items()}
    json.dump({"versions": {"great_expectations": gx.__version__, "pandas": pd.__version__}, "cases": answers},
              sys.stdout)


main()
