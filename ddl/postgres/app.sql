-- The operational database of Aurum: tenants, instruments, scenarios, runs, PPAs, and the log of what was ingested.
-- PostgreSQL 15 or newer, and PGlite. Applying it again changes nothing. The login that applies it owns the tables; the
-- platform works as aurum_ingest, aurum_api or aurum_admin (SET LOCAL ROLE), which own nothing and are bound by row-level
-- security.

SELECT pg_advisory_xact_lock(7318425609);

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['aurum_api', 'aurum_ingest', 'aurum_admin'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', wanted);
      EXCEPTION WHEN duplicate_object THEN
        NULL; -- Roles belong to the whole cluster: another database's migration made it this moment.
      END;
    END IF;
    -- A superuser takes any role; another login must hold it, also where creating it gave only the right to grant it.
    IF current_setting('is_superuser') = 'off' AND (NOT pg_has_role(current_user, wanted, 'MEMBER')
      OR pg_has_role(current_user, wanted, 'MEMBER WITH ADMIN OPTION')) THEN
      EXECUTE format('GRANT %I TO %I', wanted, current_user);
    END IF;
  END LOOP;
END
$$;

-- Reference data: shared by all tenants -----------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS instrument (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asset_class text NOT NULL CHECK (asset_class <> ''),
  iso text,
  region text,
  location text,
  market text,
  product text,
  block text,
  spark_location text,
  units_raw text,
  currency text,
  per_unit text,
  curve_key text NOT NULL UNIQUE CHECK (curve_key ~ '^[0-9a-f]{64}$'),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE instrument IS 'One row per curve that was ever released; identity as the first release wrote it.';
COMMENT ON COLUMN instrument.curve_key IS 'sha256 of the normalised identity, hex; the same in every store.';
COMMENT ON COLUMN instrument.units_raw IS 'Unit as the newest workbook that writes one has it; null while none does.';
CREATE INDEX IF NOT EXISTS instrument_market ON instrument (asset_class, iso, market);

CREATE TABLE IF NOT EXISTS curve_def (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id bigint NOT NULL REFERENCES instrument (id),
  methodology text NOT NULL CHECK (methodology <> ''),
  horizon_months integer NOT NULL CHECK (horizon_months BETWEEN 1 AND 1200),
  granularity text NOT NULL CHECK (granularity IN ('HOURLY', 'DAILY', 'MONTHLY', 'QUARTER', 'SEASON', 'CALENDAR')),
  version integer NOT NULL DEFAULT 1 CHECK (version > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (instrument_id, methodology, granularity, version)
);
COMMENT ON TABLE curve_def IS 'How a curve is built from what is quoted; a change is a new version.';

-- Ingestion ---------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS file_ingest_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asof date,
  path text NOT NULL CHECK (path <> ''),
  sheet text,
  etag text NOT NULL,
  version text,
  vendor text,
  stage text NOT NULL
    CHECK (stage IN ('raw', 'staged', 'gated', 'released', 'published', 'quarantined', 'refused')),
  status text NOT NULL CHECK (status IN ('running', 'done', 'red')),
  details text NOT NULL DEFAULT '',
  at timestamptz NOT NULL,
  UNIQUE (path, etag, stage)
);
COMMENT ON TABLE file_ingest_log IS 'One row per stage of each delivered workbook; a repeated event changes nothing.';
COMMENT ON COLUMN file_ingest_log.path IS 'Object key of the workbook.';
COMMENT ON COLUMN file_ingest_log.sheet IS 'Sheet the details are about; null for the workbook as a whole.';
COMMENT ON COLUMN file_ingest_log.etag IS 'Content of the object: a corrected file under the same key is another delivery.';
COMMENT ON COLUMN file_ingest_log.version IS 'Workbook version, known from parsing on.';
COMMENT ON COLUMN file_ingest_log.details IS 'One sentence: rows, or the reason with the cell.';
CREATE INDEX IF NOT EXISTS file_ingest_log_asof ON file_ingest_log (asof, vendor);
CREATE INDEX IF NOT EXISTS file_ingest_log_at ON file_ingest_log (at DESC);

CREATE OR REPLACE VIEW file_ingest_status WITH (security_invoker = true) AS
SELECT DISTINCT ON (path, etag)
  path, etag, version, vendor, asof, sheet, stage, status, details, at,
  min(at) OVER (PARTITION BY path, etag) AS first_at
FROM file_ingest_log
ORDER BY path, etag, id DESC;
COMMENT ON VIEW file_ingest_status IS 'Where each delivery stands: the newest of its stages.';

CREATE TABLE IF NOT EXISTS ingest_source (
  name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9_.-]*$'),
  description text,
  schedule text,
  target text,
  vendor text,
  file_pattern text,
  deadline time,
  time_zone text,
  enabled boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (deadline IS NULL OR (vendor IS NOT NULL AND time_zone IS NOT NULL))
);
COMMENT ON TABLE ingest_source IS 'What is ingested, and for vendors by when it must have arrived.';
COMMENT ON COLUMN ingest_source.schedule IS 'Cron expression of the job that fetches it; null when it is delivered to us.';
COMMENT ON COLUMN ingest_source.target IS 'Table or topic it ends in.';
COMMENT ON COLUMN ingest_source.file_pattern IS 'Name of the expected workbook, {asof} for the market day as YYYYMMDD, * for any text.';
COMMENT ON COLUMN ingest_source.deadline IS 'Local time of the market day by which its workbook must be released.';
COMMENT ON COLUMN ingest_source.time_zone IS 'IANA time zone of the deadline.';

CREATE TABLE IF NOT EXISTS ingest_watermark (
  source text NOT NULL REFERENCES ingest_source (name),
  key text NOT NULL DEFAULT 'default',
  watermark timestamptz NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, key)
);
COMMENT ON TABLE ingest_watermark IS 'Up to when a source has been ingested, per key; moves forward only.';

-- Adds a source or changes it; null keeps what is there.
CREATE OR REPLACE FUNCTION register_ingest_source(
  p_name text, p_description text DEFAULT NULL, p_schedule text DEFAULT NULL, p_target text DEFAULT NULL,
  p_vendor text DEFAULT NULL, p_file_pattern text DEFAULT NULL, p_deadline time DEFAULT NULL,
  p_time_zone text DEFAULT NULL, p_enabled boolean DEFAULT NULL
) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF p_time_zone IS NOT NULL THEN
    PERFORM now() AT TIME ZONE p_time_zone; -- Refuses a zone the database does not know.
  END IF;
  INSERT INTO ingest_source AS s
    (name, description, schedule, target, vendor, file_pattern, deadline, time_zone, enabled)
  VALUES (p_name, p_description, p_schedule, p_target, p_vendor, p_file_pattern, p_deadline, p_time_zone,
    coalesce(p_enabled, true))
  ON CONFLICT (name) DO UPDATE SET
    description = coalesce(p_description, s.description),
    schedule = coalesce(p_schedule, s.schedule),
    target = coalesce(p_target, s.target),
    vendor = coalesce(p_vendor, s.vendor),
    file_pattern = coalesce(p_file_pattern, s.file_pattern),
    deadline = coalesce(p_deadline, s.deadline),
    time_zone = coalesce(p_time_zone, s.time_zone),
    enabled = coalesce(p_enabled, s.enabled),
    updated_at = now();
END
$$;

-- Moves a watermark forward and returns it; a time before it changes nothing, so events may come in any order.
CREATE OR REPLACE FUNCTION update_ingest_watermark(p_source text, p_key text, p_timestamp timestamptz)
RETURNS timestamptz LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO ingest_watermark AS w (source, key, watermark) VALUES (p_source, p_key, p_timestamp)
  ON CONFLICT (source, key) DO UPDATE SET
    watermark = greatest(w.watermark, excluded.watermark),
    updated_at = CASE WHEN excluded.watermark > w.watermark THEN now() ELSE w.updated_at END
  RETURNING watermark
$$;

CREATE OR REPLACE FUNCTION get_ingest_watermark(p_source text, p_key text DEFAULT 'default')
RETURNS timestamptz LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT watermark FROM ingest_watermark WHERE source = p_source AND key = p_key
$$;

-- Sets a watermark to any time, also back: an operator's decision to ingest again. Null forgets it.
CREATE OR REPLACE FUNCTION reset_ingest_watermark(p_source text, p_key text, p_timestamp timestamptz DEFAULT NULL)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM ingest_watermark WHERE source = p_source AND key = p_key;
  IF p_timestamp IS NOT NULL THEN
    PERFORM update_ingest_watermark(p_source, p_key, p_timestamp);
  END IF;
END
$$;

-- Records a stage of a delivery. Done stays done and red is not running again, whatever a repeated or late event says;
-- what is known only later (version, vendor, as-of) is filled in. True when something changed.
CREATE OR REPLACE FUNCTION log_ingest(
  p_path text, p_etag text, p_stage text, p_status text, p_details text, p_at timestamptz,
  p_version text DEFAULT NULL, p_vendor text DEFAULT NULL, p_asof date DEFAULT NULL, p_sheet text DEFAULT NULL
) RETURNS boolean LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO file_ingest_log AS l (path, etag, stage, status, details, at, version, vendor, asof, sheet)
  VALUES (p_path, p_etag, p_stage, p_status, p_details, p_at, p_version, p_vendor, p_asof, p_sheet)
  ON CONFLICT (path, etag, stage) DO UPDATE SET
    status = excluded.status, details = excluded.details, at = excluded.at, sheet = excluded.sheet,
    version = coalesce(excluded.version, l.version),
    vendor = coalesce(excluded.vendor, l.vendor),
    asof = coalesce(excluded.asof, l.asof)
  WHERE (l.status = 'running' AND excluded.status <> 'running') OR (l.status = 'red' AND excluded.status = 'done');
  RETURN FOUND;
END
$$;

-- Adds the instruments of a released workbook and refreshes units that changed: one call for all of them, an array of
-- {curve_key, asset_class, iso, region, location, market, product, block, spark_location, units_raw, currency, per_unit}.
-- Returns how many were new or changed.
CREATE OR REPLACE FUNCTION record_instruments(p_series jsonb)
RETURNS integer LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  changed integer;
BEGIN
  INSERT INTO instrument AS i (curve_key, asset_class, iso, region, location, market, product, block, spark_location,
    units_raw, currency, per_unit)
  SELECT DISTINCT ON (s.curve_key) s.curve_key, s.asset_class, s.iso, s.region, s.location, s.market, s.product, s.block,
    s.spark_location, s.units_raw, s.currency, s.per_unit
  FROM jsonb_to_recordset(p_series) AS s (curve_key text, asset_class text, iso text, region text, location text,
    market text, product text, block text, spark_location text, units_raw text, currency text, per_unit text)
  ORDER BY s.curve_key, s.units_raw NULLS LAST, s.currency NULLS LAST
  ON CONFLICT (curve_key) DO UPDATE SET
    units_raw = coalesce(excluded.units_raw, i.units_raw),
    currency = coalesce(excluded.currency, i.currency),
    per_unit = coalesce(excluded.per_unit, i.per_unit),
    updated_at = now()
  WHERE (coalesce(excluded.units_raw, i.units_raw), coalesce(excluded.currency, i.currency),
      coalesce(excluded.per_unit, i.per_unit))
    IS DISTINCT FROM (i.units_raw, i.currency, i.per_unit);
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END
$$;

-- Sources whose deadline for a market day has passed without a released workbook. Which days are market days is the
-- caller's to know.
CREATE OR REPLACE FUNCTION overdue_ingest_sources(p_asof date, p_now timestamptz)
RETURNS TABLE (name text, vendor text, file_pattern text, due_at timestamptz)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT s.name, s.vendor, s.file_pattern, (p_asof + s.deadline) AT TIME ZONE s.time_zone
  FROM ingest_source s
  WHERE s.enabled AND s.deadline IS NOT NULL AND (p_asof + s.deadline) AT TIME ZONE s.time_zone <= p_now
    AND NOT EXISTS (SELECT FROM file_ingest_log l
      WHERE l.vendor = s.vendor AND l.asof = p_asof AND l.stage = 'released' AND l.status = 'done')
  ORDER BY s.name
$$;

-- Tenants' own: every key begins with the tenant, so neither a unique violation nor a foreign key tells of another's rows --

CREATE TABLE IF NOT EXISTS tenant (
  id text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text NOT NULL CHECK (name <> ''),
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN tenant.id IS 'The id of the tenant-{id} group of the identity provider.';

CREATE TABLE IF NOT EXISTS scenario (
  tenant_id text NOT NULL DEFAULT current_setting('aurum.tenant', true) REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (name <> ''),
  description text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE IF NOT EXISTS assumption (
  tenant_id text NOT NULL DEFAULT current_setting('aurum.tenant', true),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  scenario_id uuid NOT NULL,
  type text NOT NULL CHECK (type ~ '^[a-z][a-z0-9_]*$'),
  payload jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
  version integer NOT NULL DEFAULT 1 CHECK (version > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, scenario_id) REFERENCES scenario (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN assumption.type IS 'Scenario driver: policy, load_growth, fuel_curve, fleet_change ...';
COMMENT ON COLUMN assumption.version IS 'Version of the driver''s meaning the payload was written for.';
CREATE INDEX IF NOT EXISTS assumption_scenario ON assumption (tenant_id, scenario_id);

CREATE TABLE IF NOT EXISTS model_run (
  tenant_id text NOT NULL DEFAULT current_setting('aurum.tenant', true),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  scenario_id uuid NOT NULL,
  curve_def_id bigint REFERENCES curve_def (id),
  code_version text NOT NULL,
  seed bigint NOT NULL,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  version_hash text NOT NULL CHECK (version_hash ~ '^[0-9a-f]{64}$'),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, scenario_id) REFERENCES scenario (tenant_id, id)
);
COMMENT ON COLUMN model_run.version_hash IS 'sha256 over all the run was made from: equal runs give equal numbers.';
CREATE INDEX IF NOT EXISTS model_run_scenario ON model_run (tenant_id, scenario_id, created_at DESC);

CREATE TABLE IF NOT EXISTS ppa_contract (
  tenant_id text NOT NULL DEFAULT current_setting('aurum.tenant', true) REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  instrument_id bigint REFERENCES instrument (id),
  terms jsonb NOT NULL CHECK (jsonb_typeof(terms) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS ppa_contract_instrument ON ppa_contract (instrument_id);

-- Scenarios and their runs: what was added to the three tables above -----------------------------------------------------

ALTER TABLE scenario
  ADD COLUMN IF NOT EXISTS version integer NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS scenario_hash text,
  ADD COLUMN IF NOT EXISTS created_by text NOT NULL DEFAULT '';
COMMENT ON COLUMN scenario.version IS 'The current one, from 1 on; the assumptions of all versions are kept.';

ALTER TABLE assumption ADD COLUMN IF NOT EXISTS scenario_version integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN assumption.scenario_version IS 'Version of the scenario it belongs to.';
CREATE UNIQUE INDEX IF NOT EXISTS assumption_name
  ON assumption (tenant_id, scenario_id, scenario_version, (payload ->> 'id'));

ALTER TABLE model_run
  ADD COLUMN IF NOT EXISTS scenario_version integer NOT NULL DEFAULT 1,
  ADD COLUMN IF NOT EXISTS scenario_hash text,
  ADD COLUMN IF NOT EXISTS asof date,
  ADD COLUMN IF NOT EXISTS input_commit text,
  ADD COLUMN IF NOT EXISTS request jsonb,
  ADD COLUMN IF NOT EXISTS requested_by text NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS input_versions jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN IF NOT EXISTS attempt integer NOT NULL DEFAULT 1,
  ADD COLUMN IF NOT EXISTS tries integer NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS error jsonb,
  ADD COLUMN IF NOT EXISTS notes jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN IF NOT EXISTS started_at timestamptz,
  ADD COLUMN IF NOT EXISTS sealed_at timestamptz,
  ADD COLUMN IF NOT EXISTS finished_at timestamptz,
  ADD COLUMN IF NOT EXISTS curve_count bigint,
  ADD COLUMN IF NOT EXISTS row_count bigint,
  ADD COLUMN IF NOT EXISTS data_file text,
  ADD COLUMN IF NOT EXISTS table_commit text,
  ADD COLUMN IF NOT EXISTS band_coverage jsonb;
COMMENT ON COLUMN model_run.request IS 'What was asked for, seed included, its as-of day resolved.';
COMMENT ON COLUMN model_run.input_commit IS 'Commit of the tables whose releases it reads, however long it waits.';
COMMENT ON COLUMN model_run.input_versions IS 'Versions of the sheets and workbooks it was made from.';
COMMENT ON COLUMN model_run.attempt IS 'A run that failed or was cancelled may be asked for again: the same run, the next attempt.';
COMMENT ON COLUMN model_run.tries IS 'How often the attempt was begun: more than once when a process died in it.';
COMMENT ON COLUMN model_run.error IS 'Why it failed: {code, message, field, remedy}.';
COMMENT ON COLUMN model_run.sealed_at IS 'From here on its output is being made visible: it can neither fail nor be cancelled.';
COMMENT ON COLUMN model_run.data_file IS 'Object with its rows of market.scenario_output.';
COMMENT ON COLUMN model_run.table_commit IS 'Commit of the tables from which they are seen.';
COMMENT ON COLUMN model_run.band_coverage IS 'Of estimated volatilities: how the 90 % band did on held-out days.';

-- PPAs: contracts and their valuations ---------------------------------------------------------------------------------

ALTER TABLE ppa_contract
  ADD COLUMN IF NOT EXISTS name text NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS contract_hash text CHECK (contract_hash ~ '^[0-9a-f]{64}$'),
  ADD COLUMN IF NOT EXISTS created_by text NOT NULL DEFAULT '';
COMMENT ON COLUMN ppa_contract.contract_hash IS 'sha256 of the canonical JSON of the terms: the same terms are the same contract.';
CREATE UNIQUE INDEX IF NOT EXISTS ppa_contract_terms ON ppa_contract (tenant_id, contract_hash);

CREATE TABLE IF NOT EXISTS ppa_valuation (
  tenant_id text NOT NULL DEFAULT current_setting('aurum.tenant', true) REFERENCES tenant (id),
  valuation_hash text NOT NULL CHECK (valuation_hash ~ '^[0-9a-f]{64}$'),
  state text NOT NULL CHECK (state IN ('queued', 'succeeded', 'failed')),
  contract_id uuid,
  contract text NOT NULL,
  curve_key text,
  run_id uuid,
  valuation_date date NOT NULL,
  currency text NOT NULL,
  npv double precision,
  inputs json NOT NULL,
  provenance json NOT NULL,
  output json,
  error jsonb,
  created_at timestamptz NOT NULL,
  finished_at timestamptz,
  PRIMARY KEY (tenant_id, valuation_hash),
  FOREIGN KEY (tenant_id, contract_id) REFERENCES ppa_contract (tenant_id, id) ON DELETE RESTRICT,
  CHECK ((state = 'succeeded') = (output IS NOT NULL) AND (state = 'succeeded') = (npv IS NOT NULL))
);
COMMENT ON TABLE ppa_valuation IS 'One row per valuation of a tenant; the same inputs are the same valuation.';
COMMENT ON COLUMN ppa_valuation.valuation_hash IS 'sha256 over all inputs and the version of the formulas.';
COMMENT ON COLUMN ppa_valuation.inputs IS 'Contract, market, valuation date and options as canonical JSON; json, not jsonb, keeps its bytes.';
COMMENT ON COLUMN ppa_valuation.output IS 'The valuation as canonical JSON, byte for byte as it was made.';
COMMENT ON COLUMN ppa_valuation.error IS 'Why it failed: {code, message, field}.';
CREATE INDEX IF NOT EXISTS ppa_valuation_created ON ppa_valuation (tenant_id, created_at DESC, valuation_hash);
CREATE INDEX IF NOT EXISTS ppa_valuation_contract ON ppa_valuation (tenant_id, contract_id);

-- Entitlements: which released curves a tenant may see --------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS entitlement (
  tenant_id text NOT NULL REFERENCES tenant (id),
  vendor text CHECK (vendor <> ''),
  asset_class text CHECK (asset_class <> ''),
  region text CHECK (region <> ''),
  UNIQUE NULLS NOT DISTINCT (tenant_id, vendor, asset_class, region)
);
COMMENT ON TABLE entitlement IS 'Curves of a vendor, asset class and region that a tenant may see; null stands for any.';

-- Without a tenant set, or with an empty one, no id matches: nothing is seen and nothing can be written.
DO $$
DECLARE
  owned record;
BEGIN
  FOR owned IN
    SELECT * FROM (VALUES ('tenant', 'id'), ('scenario', 'tenant_id'), ('assumption', 'tenant_id'),
      ('model_run', 'tenant_id'), ('ppa_contract', 'tenant_id'), ('ppa_valuation', 'tenant_id'),
      ('entitlement', 'tenant_id')) AS t (name, key)
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned.name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', owned.name);
    IF NOT EXISTS (SELECT FROM pg_policies WHERE schemaname = current_schema AND tablename = owned.name
      AND policyname = 'own_tenant') THEN
      EXECUTE format('CREATE POLICY own_tenant ON %I USING (%I = current_setting(''aurum.tenant'', true))',
        owned.name, owned.key);
    END IF;
  END LOOP;
END
$$;

-- Who registers tenants and says what they may see: of tenants' other tables the role has nothing.
DO $$
DECLARE
  owned text;
BEGIN
  FOREACH owned IN ARRAY ARRAY['tenant', 'entitlement'] LOOP
    IF NOT EXISTS (SELECT FROM pg_policies WHERE schemaname = current_schema AND tablename = owned
      AND policyname = 'administered') THEN
      EXECUTE format('CREATE POLICY administered ON %I TO aurum_admin USING (true)', owned);
    END IF;
  END LOOP;
END
$$;

-- Staff that belongs to no tenant keeps its scenarios and contracts in a tenant of its own. Row-level security holds for
-- who applies this, too.
DO $$
DECLARE
  before text := current_setting('aurum.tenant', true);
BEGIN
  PERFORM set_config('aurum.tenant', 'house', true);
  INSERT INTO tenant (id, name) VALUES ('house', 'House') ON CONFLICT (id) DO NOTHING;
  PERFORM set_config('aurum.tenant', coalesce(before, ''), true);
END
$$;

-- The audit trail ----------------------------------------------------------------------------------------------------------

-- Readable by who may read it (GET /v1/audit), added to by both roles, changed by nobody: an owner who turns the trigger
-- off and changes a row breaks the chain of hashes, which `aurum verify` names.
CREATE TABLE IF NOT EXISTS audit_event (
  seq bigint PRIMARY KEY CHECK (seq > 0),
  at timestamptz NOT NULL,
  subject text NOT NULL CHECK (subject <> ''),
  tenant text NOT NULL,
  action text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
  object text NOT NULL CHECK (object <> ''),
  details jsonb NOT NULL CHECK (jsonb_typeof(details) = 'object'),
  event_id text NOT NULL UNIQUE CHECK (event_id <> ''),
  prev_hash text NOT NULL UNIQUE CHECK (prev_hash ~ '^[0-9a-f]{64}$'),
  hash text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE audit_event IS 'One row per decision that changed something, chained by hash to the one before.';
COMMENT ON COLUMN audit_event.event_id IS 'Names the decision: recorded again after a crash, it is found.';
COMMENT ON COLUMN audit_event.prev_hash IS 'Hash of the event before; unique, so that the chain has one end.';
COMMENT ON COLUMN audit_event.hash IS 'sha256 over the canonical JSON of all other columns.';
CREATE INDEX IF NOT EXISTS audit_event_object ON audit_event (object, seq DESC);
CREATE INDEX IF NOT EXISTS audit_event_subject ON audit_event (subject, seq DESC);

CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is added to and never changed' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE OR REPLACE TRIGGER audit_event_is_kept BEFORE UPDATE OR DELETE ON audit_event
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE OR REPLACE TRIGGER audit_event_is_kept_whole BEFORE TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
-- aurum_admin: a change of a tenant and its event are one transaction.
GRANT SELECT, INSERT ON audit_event TO aurum_api, aurum_ingest, aurum_admin;

-- Who may what -----------------------------------------------------------------------------------------------------------

GRANT SELECT ON instrument, curve_def, file_ingest_log, file_ingest_status, ingest_source, ingest_watermark
  TO aurum_api, aurum_ingest;
GRANT INSERT, UPDATE ON instrument, curve_def, file_ingest_log, ingest_source, ingest_watermark TO aurum_ingest;
GRANT DELETE ON ingest_watermark TO aurum_ingest;
GRANT SELECT ON tenant, entitlement TO aurum_api;
REVOKE INSERT, UPDATE ON tenant FROM aurum_api; -- Which it once had.
GRANT SELECT, INSERT, UPDATE (name) ON tenant TO aurum_admin;
GRANT SELECT, INSERT, DELETE ON entitlement TO aurum_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON scenario, assumption, model_run, ppa_contract, ppa_valuation TO aurum_api;

REVOKE EXECUTE ON FUNCTION
  register_ingest_source, update_ingest_watermark, reset_ingest_watermark, log_ingest, record_instruments FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  register_ingest_source, update_ingest_watermark, reset_ingest_watermark, log_ingest, record_instruments
  TO aurum_ingest;
