/** Object keys of the stage chain: the output of a stage is the trigger of the next. */
import { refusal } from '#lib/domain/errors.ts';
import { isoDate } from '#schemas/curve-observation.ts';

export const RAW_PREFIX = 'raw/vendor_curves/';

export const stagedRowsKey = (version: string) => `staged/${version}/rows.parquet`;
export const stagedFailuresKey = (version: string) => `staged/${version}/failures.ndjson`;
export const stagedReportKey = (version: string) => `staged/${version}/report.json`;
export const refusedKey = (version: string) => `refused/${version}.json`;
export const gateResultKey = (version: string) => `gated/${version}/result.json`;
export const quarantinePrefix = (version: string) => `quarantine/${version}/`;
export const releaseIntentKey = (version: string) => `releasing/${version}.json`;
export const releasedKey = (version: string) => `released/${version}.json`;

/** As-of day and file name of `raw/vendor_curves/{asof}/{file}`. */
export function parseRawKey(key: string): { asof_date: string; source_file: string } {
  const match = /^raw\/vendor_curves\/(\d{4}-\d{2}-\d{2})\/([^/]+)$/.exec(key);
  if (match === null || !isoDate.safeParse(match[1]).success) {
    throw refusal('raw_path_invalid', `"${key}" is not raw/vendor_curves/{as-of}/{file}`, {
      file: key,
      remedy: 'Upload to raw/vendor_curves/YYYY-MM-DD/<workbook>.xlsx with the as-of day of the workbook.',
    });
  }
  return { asof_date: match[1]!, source_file: match[2]! };
}

/** The as-of day of a raw key; null when the key states none. */
export function dayOfRawKey(key: string): string | null {
  const day = key.slice(RAW_PREFIX.length).split('/')[0];
  return key.startsWith(RAW_PREFIX) && isoDate.safeParse(day).success ? day! : null;
}

/** The version in a key such as `staged/{version}/report.json` or `released/{version}.json`. */
export function versionOfKey(key: string): string {
  const match = /^[a-z]+\/(\d{8}-[0-9a-f]{16})(?:\/|\.json$)/.exec(key);
  if (match === null) {
    throw refusal('stage_key_invalid', `"${key}" names no workbook version`, {
      file: key,
      remedy:
        'Only the stages write below staged/, gated/ and released/; upload workbooks to raw/vendor_curves/.',
    });
  }
  return match[1]!;
}
