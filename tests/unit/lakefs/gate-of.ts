/** The smallest gate result there is. */
import type { GateResult } from '#schemas/stages.ts';

const AT = '2025-09-12T22:00:00.000Z';

export function gateOf(version: string, verdict: 'green' | 'red'): GateResult {
  return {
    version,
    verdict,
    summary: verdict,
    suites: [],
    warnings: 0,
    checked_at: AT,
    report: {
      version,
      vendor: 'pw',
      asof_date: '2025-09-12',
      source_file: 'EOD_PW_20250912_1430.xlsx',
      source: {
        bucket: 'aurum',
        key: 'raw/vendor_curves/2025-09-12/EOD_PW_20250912_1430.xlsx',
        etag: 'e',
        version_id: null,
        sequence: '0',
        size: 1,
        uploaded_at: AT,
        sha256: '0'.repeat(64),
      },
      rows_key: `staged/${version}/rows.parquet`,
      row_count: 0,
      curve_count: 0,
      failure_count: 0,
      failures: [],
      failures_key: null,
      sheets: [],
      notes: [],
      parsed_at: AT,
    },
  };
}
