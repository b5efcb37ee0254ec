-- The operational database: tenants, instruments, scenarios, contracts, and the record of every delivery.
-- Runs on PostgreSQL 15+ and on PGlite, any number of times with the same result.
-- Tables with a tenant_id are closed by row-level security: without a tenant set (aurum.tenant) they show nothing.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aurum_api') THEN CREATE ROLE aurum_api NOLOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aurum_ingest') THEN CREATE ROLE aurum_ingest NOLOGIN; END IF;
END $$;

CREATE TABLE IF NOT EXISTS tenant (
  id    text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name  text NOT NULL
);

CREATE TABLE IF NOT EXISTS instrument (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asset_class     text NOT NULL,
  iso             text,
  region          text,
  location        text,
  market          text,
  product         text,
  block           text,
  spark_location  text,
  units_raw       text,
  currency        text,
  per_unit        text,
  curve_key       text NOT NULL UNIQUE CHECK (curve_key ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE instrument IS 'Every curve that was ever released; filled by describe-release';

CREATE TABLE IF NOT EXISTS curve_def (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id   bigint NOT NULL REFERENCES instrument (id),
  methodology     text NOT NULL,
  horizon_months  integer NOT NULL CHECK (horizon_months > 0),
  granularity     text NOT NULL CHECK (granularity IN ('hour', 'day', 'month', 'quarter', 'year')),
  version         integer NOT NULL DEFAULT 1 CHECK (version > 0),
  UNIQUE (instrument_id, methodology, granularity, version)
);

CREATE TABLE IF NOT EXISTS scenario (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id    text NOT NULL REFERENCES tenant (id),
  name         text NOT NULL,
  description  text NOT NULL DEFAULT '',
  UNIQUE (tenant_id, name)
);

CREATE TABLE IF NOT EXISTS assumption (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id    text NOT NULL REFERENCES tenant (id),
  scenario_id  bigint NOT NULL REFERENCES scenario (id) ON DELETE CASCADE,
  type         text NOT NULL CHECK (type IN ('policy', 'load_growth', 'fuel_curve', 'fleet_change')),
  payload      jsonb NOT NULL,
  version      integer NOT NULL DEFAULT 1 CHECK (version > 0)
);

CREATE TABLE IF NOT EXISTS model_run (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id     text NOT NULL REFERENCES tenant (id),
  scenario_id   bigint REFERENCES scenario (id) ON DELETE CASCADE,
  curve_def_id  bigint REFERENCES curve_def (id),
  code_version  text NOT NULL,
  seed          bigint NOT NULL,
  state         text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  version_hash  text NOT NULL
);

CREATE TABLE IF NOT EXISTS ppa_contract (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id      text NOT NULL REFERENCES tenant (id),
  instrument_id  bigint REFERENCES instrument (id),
  terms          jsonb NOT NULL
);

CREATE TABLE IF NOT EXISTS file_ingest_log (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asof     date,
  path     text NOT NULL,
  etag     text NOT NULL,
  sheet    text,
  version  text,
  vendor   text,
  stage    text NOT NULL CHECK (stage IN ('raw', 'staged', 'gated', 'released', 'published', 'quarantined', 'refused')),
  status   text NOT NULL CHECK (status IN ('running', 'done', 'red')),
  details  text NOT NULL,
  at       timestamptz NOT NULL,
  UNIQUE (path, etag, stage)
);
COMMENT ON TABLE file_ingest_log IS 'One row per delivery (path, etag) and stage; the same stage again changes nothing';
CREATE INDEX IF NOT EXISTS file_ingest_log_asof ON file_ingest_log (asof, id);

CREATE TABLE IF NOT EXISTS ingest_source (
  name         text PRIMARY KEY,
  description  text NOT NULL DEFAULT '',
  target       text NOT NULL DEFAULT '',
  vendor       text UNIQUE,
  deadline     time,
  time_zone    text,
  enabled      boolean NOT NULL DEFAULT true,
  CHECK ((deadline IS NULL) = (time_zone IS NULL))
);
COMMENT ON COLUMN ingest_source.deadline IS 'Local time by which a business day''s workbook must be released; null = none is due';

CREATE TABLE IF NOT EXISTS ingest_watermark (
  source      text NOT NULL REFERENCES ingest_source (name) ON DELETE CASCADE,
  key         text NOT NULL,
  watermark   timestamptz NOT NULL,
  PRIMARY KEY (source, key)
);

-- Adds a source or refreshes its description and target; a deadline set by an operator stays.
CREATE OR REPLACE FUNCTION register_ingest_source(p_name text, p_description text, p_target text)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO ingest_source (name, description, target) VALUES (p_name, p_description, p_target)
  ON CONFLICT (name) DO UPDATE SET description = excluded.description, target = excluded.target
$$;

-- From now on a workbook of the vendor is due every business day by the deadline in the zone.
CREATE OR REPLACE FUNCTION expect_workbook(p_vendor text, p_deadline time, p_time_zone text)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO ingest_source (name, vendor, deadline, time_zone) VALUES ('vendor_' || p_vendor, p_vendor, p_deadline, p_time_zone)
  ON CONFLICT (name) DO UPDATE SET vendor = excluded.vendor, deadline = excluded.deadline, time_zone = excluded.time_zone
$$;

-- Moves a watermark forward; an older timestamp changes nothing.
CREATE OR REPLACE FUNCTION update_ingest_watermark(p_source text, p_key text, p_timestamp timestamptz)
RETURNS timestamptz LANGUAGE sql AS $$
  INSERT INTO ingest_watermark AS held (source, key, watermark) VALUES (p_source, p_key, p_timestamp)
  ON CONFLICT (source, key) DO UPDATE SET watermark = greatest(held.watermark, excluded.watermark)
  RETURNING watermark
$$;

CREATE OR REPLACE FUNCTION get_ingest_watermark(p_source text, p_key text)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT watermark FROM ingest_watermark WHERE source = p_source AND key = p_key
$$;

-- Adds the instruments of a released workbook, given as a JSON array; known ones get its units.
CREATE OR REPLACE FUNCTION record_instruments(p_instruments jsonb)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO instrument (asset_class, iso, region, location, market, product, block, spark_location, units_raw, currency, per_unit, curve_key)
  SELECT asset_class, iso, region, location, market, product, block, spark_location, units_raw, currency, per_unit, curve_key
  FROM jsonb_to_recordset(p_instruments) AS one (
    asset_class text, iso text, region text, location text, market text, product text, block text, spark_location text,
    units_raw text, currency text, per_unit text, curve_key text)
  ON CONFLICT (curve_key) DO UPDATE
  SET units_raw = excluded.units_raw, currency = excluded.currency, per_unit = excluded.per_unit
$$;

-- The tenant of this transaction; no tenant set is no tenant.
CREATE OR REPLACE FUNCTION current_tenant() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('aurum.tenant', true), '')
$$;

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['scenario', 'assumption', 'model_run', 'ppa_contract'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('DROP POLICY IF EXISTS own_tenant ON %I', name);
    EXECUTE format('CREATE POLICY own_tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', name);
  END LOOP;
END $$;
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_tenant ON tenant;
CREATE POLICY own_tenant ON tenant USING (id = current_tenant());

GRANT SELECT ON tenant, instrument, curve_def, file_ingest_log, ingest_source, ingest_watermark TO aurum_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON scenario, assumption, model_run, ppa_contract TO aurum_api;
GRANT SELECT, INSERT, UPDATE ON instrument, file_ingest_log, ingest_source, ingest_watermark TO aurum_ingest;
