"""Reads an Iceberg table by its metadata file with pyiceberg or DuckDB's extension and prints what it saw as one JSON line.

usage: read_iceberg.py pyiceberg|duckdb METADATA_LOCATION [--where COLUMN=VALUE]

{"rows": [canonical rows], "files": data files a plan of the filter reads, "all_files": of the whole table}
"""

import argparse
import datetime
import json
import re


def plain(value):
    """Dates and times as the canonical row has them; doubles are printed so that they read back exactly."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def by_pyiceberg(location, column, value):
    from pyiceberg.expressions import AlwaysTrue, EqualTo
    from pyiceberg.table import StaticTable

    table = StaticTable.from_metadata(location)
    scan = table.scan(row_filter=EqualTo(column, value) if column else AlwaysTrue())
    return scan.to_arrow().to_pylist(), len(list(scan.plan_files())), len(list(table.scan().plan_files()))


def by_duckdb(location, column, value):
    import duckdb_iceberg

    connection = duckdb_iceberg.connect()
    # DuckDB opens paths, not file URLs.
    path = location.removeprefix("file://")
    where = f"WHERE {column} = '{value}'" if column else ""
    query = f"SELECT * FROM iceberg_scan('{path}') {where}"
    rows = connection.sql(query).to_arrow_table().to_pylist()
    plan = connection.execute(f"EXPLAIN ANALYZE {query}").fetchall()[0][1]
    read = re.search(r"Total Files Read:\s*(\d+)", plan)
    [[all_files]] = connection.execute(f"SELECT count(*) FROM iceberg_metadata('{path}')").fetchall()
    return rows, int(read.group(1)) if read else plan, all_files


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["pyiceberg", "duckdb"])
    parser.add_argument("location")
    parser.add_argument("--where", default="=")
    given = parser.parse_args()
    column, value = given.where.split("=", 1)
    read = by_pyiceberg if given.engine == "pyiceberg" else by_duckdb
    rows, files, all_files = read(given.location, column, value)
    rows = [{name: plain(cell) for name, cell in row.items()} for row in rows]
    print(json.dumps({"rows": rows, "files": files, "all_files": all_files}))


main()
