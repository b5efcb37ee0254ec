"""Reads the tables of a Nessie branch with pyiceberg over the Iceberg REST protocol and prints what it counted as one JSON line.

usage: read_catalog.py NESSIE_URL BRANCH WAREHOUSE   (S3 from AURUM_S3_ENDPOINT, _REGION, _ACCESS_KEY, _SECRET_KEY)

{"market.curve_observation": {"rows": 28000, "versions": ["..."], "field_ids": {"asof_date": 1, ...}}, ...}
"""

import json
import os
import sys

from pyiceberg.catalog.rest import RestCatalog

VERSION_COLUMN = {"curve_observation": "version_hash", "curve_release": "version", "qa_checks": "version"}


def main():
    url, branch, warehouse = sys.argv[1:]
    catalog = RestCatalog(
        "aurum",
        **{
            "uri": f"{url}/iceberg/{branch}",
            "warehouse": warehouse,
            "s3.endpoint": os.environ["AURUM_S3_ENDPOINT"],
            "s3.region": os.environ.get("AURUM_S3_REGION", "us-east-1"),
            "s3.access-key-id": os.environ["AURUM_S3_ACCESS_KEY"],
            "s3.secret-access-key": os.environ["AURUM_S3_SECRET_KEY"],
        },
    )
    counted = {}
    for name, column in VERSION_COLUMN.items():
        table = catalog.load_table(f"market.{name}")
        seen = table.scan(selected_fields=(column,)).to_arrow()
        counted[f"market.{name}"] = {
            "rows": seen.num_rows,
            "versions": sorted(set(seen.column(column).to_pylist())),
            "field_ids": {field.name: field.field_id for field in table.schema().fields},
        }
    print(json.dumps(counted))


main()
