-- The lake's tables as Trino creates them: trino -f ddl/iceberg/market.sql
-- The same columns in the same order as lib/parquet/fields.ts, so that Trino gives them the field ids our files carry;
-- a test holds both equal. Columns may be added at the end; none is renamed, moved or narrowed.

CREATE SCHEMA IF NOT EXISTS iceberg.market
WITH (location = 's3://aurum/curated/iceberg/market');

-- Normalised price points of all vendors, one row per point and workbook version.
CREATE TABLE IF NOT EXISTS iceberg.market.curve_observation (
    asof_date DATE NOT NULL,
    source_file VARCHAR NOT NULL,
    sheet_name VARCHAR NOT NULL,
    asset_class VARCHAR NOT NULL,
    region VARCHAR,
    iso VARCHAR,
    location VARCHAR,
    market VARCHAR,
    product VARCHAR,
    block VARCHAR,
    spark_location VARCHAR,
    price_type VARCHAR NOT NULL,
    units_raw VARCHAR,
    currency VARCHAR,
    per_unit VARCHAR,
    tenor_type VARCHAR NOT NULL,
    contract_month DATE NOT NULL,
    tenor_label VARCHAR NOT NULL,
    value DOUBLE NOT NULL,
    bid DOUBLE,
    ask DOUBLE,
    mid DOUBLE,
    curve_key VARCHAR NOT NULL,
    version_hash VARCHAR NOT NULL,
    source_cell VARCHAR NOT NULL,
    source_cell_bid_ask VARCHAR,
    _ingest_ts TIMESTAMP(6) WITH TIME ZONE NOT NULL
)
WITH (
    format = 'PARQUET',
    format_version = 2,
    location = 's3://aurum/curated/iceberg/market/curve_observation',
    partitioning = ARRAY['month(asof_date)'],
    sorted_by = ARRAY['curve_key', 'tenor_type', 'contract_month', 'tenor_label']
);

-- What became visible when: one row, in a file of its own, per workbook version.
CREATE TABLE IF NOT EXISTS iceberg.market.curve_release (
    vendor VARCHAR NOT NULL,
    asof_date DATE NOT NULL,
    version VARCHAR NOT NULL,
    sequence VARCHAR NOT NULL,
    known_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
    source_file VARCHAR NOT NULL,
    source_key VARCHAR NOT NULL,
    source_version_id VARCHAR,
    source_sha256 VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    data_file VARCHAR NOT NULL,
    lake_commit VARCHAR NOT NULL
)
WITH (
    format = 'PARQUET',
    format_version = 2,
    location = 's3://aurum/curated/iceberg/market/curve_release',
    partitioning = ARRAY['month(asof_date)']
);

-- What the gate said: one row per expectation and workbook version.
CREATE TABLE IF NOT EXISTS iceberg.market.qa_checks (
    version VARCHAR NOT NULL,
    asof_date DATE NOT NULL,
    suite VARCHAR NOT NULL,
    expectation VARCHAR NOT NULL,
    "column" VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    success BOOLEAN NOT NULL,
    element_count BIGINT NOT NULL,
    unexpected_count BIGINT NOT NULL,
    unexpected_cells VARCHAR NOT NULL,
    checked_at TIMESTAMP(6) WITH TIME ZONE NOT NULL
)
WITH (
    format = 'PARQUET',
    format_version = 2,
    location = 's3://aurum/curated/iceberg/market/qa_checks',
    partitioning = ARRAY['month(asof_date)']
);

-- Scenario curves: one row per curve and delivery month of a run, a file per run. Maps are JSON: json_parse(attribution).
CREATE TABLE IF NOT EXISTS iceberg.market.scenario_output (
    run_id VARCHAR NOT NULL,
    tenant_id VARCHAR NOT NULL,
    scenario_id VARCHAR NOT NULL,
    scenario_hash VARCHAR NOT NULL,
    run_hash VARCHAR NOT NULL,
    asof_date DATE NOT NULL,
    curve_key VARCHAR NOT NULL,
    asset_class VARCHAR NOT NULL,
    region VARCHAR,
    iso VARCHAR,
    location VARCHAR,
    market VARCHAR,
    product VARCHAR,
    block VARCHAR,
    spark_location VARCHAR,
    currency VARCHAR,
    per_unit VARCHAR,
    contract_month DATE NOT NULL,
    base_price DOUBLE NOT NULL,
    scenario_price DOUBLE NOT NULL,
    delta DOUBLE NOT NULL,
    attribution VARCHAR NOT NULL,
    bands VARCHAR NOT NULL
)
WITH (
    format = 'PARQUET',
    format_version = 2,
    location = 's3://aurum/curated/iceberg/market/scenario_output',
    partitioning = ARRAY['month(asof_date)']
);

-- PPA valuations: one row per delivery month of a valuation, the figures of the whole beside it, a file per valuation.
CREATE TABLE IF NOT EXISTS iceberg.market.ppa_valuation (
    valuation_hash VARCHAR NOT NULL,
    tenant_id VARCHAR NOT NULL,
    contract_id VARCHAR,
    run_id VARCHAR,
    asof_date DATE NOT NULL,
    contract VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    contract_hash VARCHAR NOT NULL,
    market_hash VARCHAR NOT NULL,
    options_hash VARCHAR NOT NULL,
    npv DOUBLE NOT NULL,
    contract_month DATE NOT NULL,
    hours DOUBLE NOT NULL,
    payment_date DATE NOT NULL,
    volume_mwh DOUBLE NOT NULL,
    delivered_mwh DOUBLE NOT NULL,
    reference_price DOUBLE NOT NULL,
    extrapolated BOOLEAN NOT NULL,
    origin VARCHAR NOT NULL,
    basis DOUBLE NOT NULL,
    capture_price DOUBLE NOT NULL,
    capture_factor DOUBLE,
    strike DOUBLE,
    market_leg DOUBLE NOT NULL,
    contract_leg DOUBLE NOT NULL,
    balancing DOUBLE NOT NULL,
    certificates DOUBLE NOT NULL,
    settlement DOUBLE NOT NULL,
    discount_factor DOUBLE NOT NULL,
    pv DOUBLE NOT NULL,
    risk VARCHAR,
    valuation VARCHAR
)
WITH (
    format = 'PARQUET',
    format_version = 2,
    location = 's3://aurum/curated/iceberg/market/ppa_valuation',
    partitioning = ARRAY['month(asof_date)']
);
