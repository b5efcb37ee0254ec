"""DuckDB with its Iceberg extension as pip installs it: extensions cannot be downloaded everywhere."""

import glob
import os
import tempfile

import duckdb


def connect():
    folder = tempfile.mkdtemp(prefix="duckdb-extensions-")
    connection = duckdb.connect(config={"extension_directory": folder})
    for name in ("avro", "iceberg"):
        package = __import__(f"duckdb_extension_{name}")
        [extension] = glob.glob(os.path.join(os.path.dirname(package.__file__), "extensions", "*", "*.duckdb_extension"))
        connection.execute(f"INSTALL '{extension}'")
        connection.execute(f"LOAD {name}")
    connection.execute("SET TimeZone = 'UTC'")
    return connection
