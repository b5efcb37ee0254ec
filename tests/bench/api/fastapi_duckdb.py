"""One curve of one day by FastAPI and DuckDB over the same data files, as one would write it in an afternoon.

fastapi_duckdb.py FOLDER PORT: /native asks a table in memory, sorted by day and curve; /file the day's Parquet file;
/files all of them. No authentication, no cache, no ETag.
"""

import sys
import time

import duckdb
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

folder, port = sys.argv[1], int(sys.argv[2])
files = f"{folder}/*.parquet"
COLUMNS = """asof_date::varchar as asof_date, source_file, sheet_name, asset_class, region, iso, location, market, product,
  block, spark_location, price_type, units_raw, currency, per_unit, tenor_type, contract_month::varchar as contract_month,
  tenor_label, value, bid, ask, mid, curve_key, version_hash, source_cell, source_cell_bid_ask,
  strftime(_ingest_ts, '%Y-%m-%dT%H:%M:%S.%gZ') as _ingest_ts"""
began = time.time()
base = duckdb.connect(":memory:")
base.execute("attach ':memory:' as hot (compress)")
base.execute(f"create table hot.curve as select * from read_parquet('{files}') order by asof_date, curve_key")
print(f"loaded after {time.time() - began:.1f} s", flush=True)

app = FastAPI()


def slice_of(source: str, asof: str, location: str, market: str) -> JSONResponse:
    found = base.cursor().execute(
        f"select {COLUMNS} from {source} where asof_date = $1::date and lower(location) = lower($2) and lower(market) = lower($3)"
        " order by curve_key, tenor_type, contract_month, tenor_label",
        [asof, location, market],
    )
    names = [column[0] for column in found.description]
    data = [dict(zip(names, row)) for row in found.fetchall()]
    return JSONResponse({"meta": {"count": len(data), "asof": asof}, "data": data})


@app.get("/native")
def native(asof: str, location: str, market: str) -> JSONResponse:
    return slice_of("hot.curve", asof, location, market)


@app.get("/file")
def file(asof: str, location: str, market: str) -> JSONResponse:
    return slice_of(f"read_parquet('{folder}/{asof}.parquet')", asof, location, market)


@app.get("/files")
def all_files(asof: str, location: str, market: str) -> JSONResponse:
    return slice_of(f"read_parquet('{files}')", asof, location, market)


@app.get("/hello")
async def hello() -> dict[str, bool]:
    return {"ok": True}


print(f"listens on {port}", flush=True)
uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
