"""Reads the tables of a Nessie branch with pyiceberg over the Iceberg REST protocol, and with DuckDB out of the bucket, and
prints what they counted as one JSON line.

usage: read_catalog.py NESSIE_URL BRANCH WAREHOUSE [ASOF_DATE]
(S3 from AURUM_S3_ENDPOINT, _REGION, _ACCESS_KEY, _SECRET_KEY)

{"market.curve_observation": {"rows": 28000, "duckdb_rows": 28000, "versions": ["..."], "field_ids": {"asof_date": 1, ...}}, ...}
"""

import json
import os
import sys
from urllib.parse import urlparse

import duckdb_iceberg
from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow.fs import S3FileSystem
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.expressions import AlwaysTrue, EqualTo

VERSION_COLUMN = {"curve_observation": "version_hash", "curve_release": "version", "qa_checks": "version"}
ENDPOINT = os.environ["AURUM_S3_ENDPOINT"]
REGION = os.environ.get("AURUM_S3_REGION", "us-east-1")
ACCESS_KEY = os.environ["AURUM_S3_ACCESS_KEY"]
SECRET_KEY = os.environ["AURUM_S3_SECRET_KEY"]


class Bucket(ArrowFSWrapper):
    """What DuckDB reads s3:// with, where its own extension for that cannot be had."""

    protocol = "s3"


def bucket():
    endpoint = urlparse(ENDPOINT)
    return Bucket(
        S3FileSystem(
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            endpoint_override=endpoint.netloc,
            scheme=endpoint.scheme,
            region=REGION,
        )
    )


def main():
    url, branch, warehouse, *asof = sys.argv[1:]
    catalog = RestCatalog(
        "aurum",
        **{
            "uri": f"{url}/iceberg/{branch}",
            "warehouse": warehouse,
            "s3.endpoint": ENDPOINT,
            "s3.region": REGION,
            "s3.access-key-id": ACCESS_KEY,
            "s3.secret-access-key": SECRET_KEY,
        },
    )
    connection = duckdb_iceberg.connect()
    connection.register_filesystem(bucket())
    row_filter = EqualTo("asof_date", asof[0]) if asof else AlwaysTrue()
    where = f"WHERE asof_date = DATE '{asof[0]}'" if asof else ""
    counted = {}
    for name, column in VERSION_COLUMN.items():
        table = catalog.load_table(f"market.{name}")
        seen = table.scan(row_filter=row_filter, selected_fields=(column,)).to_arrow()
        query = f"SELECT count(*) FROM iceberg_scan('{table.metadata_location}') {where}"
        [[duckdb_rows]] = connection.execute(query).fetchall()
        counted[f"market.{name}"] = {
            "rows": seen.num_rows,
            "duckdb_rows": duckdb_rows,
            "versions": sorted(set(seen.column(column).to_pylist())),
            "field_ids": {field.name: field.field_id for field in table.schema().fields},
        }
    print(json.dumps(counted))


main()
