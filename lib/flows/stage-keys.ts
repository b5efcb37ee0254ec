/** Object keys of the stage chain: the output of a stage is the trigger of the next. */
import { refusal } from '#lib/domain/errors.ts';
import { isoDate } from '#schemas/curve-observation.ts';

export const RAW_PREFIX = 'raw/vendor_curves/';

/** Lists of keys are in the order of their numbers. */
export const numbered = (number: number) => String(number).padStart(4, '0');

export const stagedRowsKey = (version: string) => `staged/${version}/rows.parquet`;
export const stagedFailuresKey = (version: string) => `staged/${version}/failures.ndjson`;
export const stagedReportKey = (version: string) => `staged/${version}/report.json`;
export const refusedKey = (version: string) => `refused/${version}.json`;
export const gateResultKey = (version: string) => `gated/${version}/result.json`;
/** Result of a gate that was run again by the decision of that number. */
export const gateRetryPrefix = (version: string) => `gated/${version}/retry-`;
export const gateRetryKey = (version: string, number: number) =>
  `${gateRetryPrefix(version)}${numbered(number)}.json`;
/** The red result with the override that releases it. */
export const gateOverrideKey = (version: string) => `gated/${version}/override.json`;
export const quarantinePrefix = (version: string) => `quarantine/${version}/`;
export const releaseIntentKey = (version: string) => `releasing/${version}.json`;
/** What people decided on a version: of its quarantine, or of the correction it is. */
export const DECISIONS = 'decisions/';
export type DecisionTopic = 'quarantine' | 'hotfix';
export const decisionPrefix = (version: string, topic: DecisionTopic) => `${DECISIONS}${version}/${topic}-`;
export const decisionKey = (version: string, topic: DecisionTopic, number: number) =>
  `${decisionPrefix(version, topic)}${numbered(number)}.json`;
export const rejectedKey = (version: string) => `rejected/${version}.json`;
/** Which version has the n-th hotfix branch of the day. */
export const hotfixPrefix = (asof_date: string) => `hotfix/${asof_date}/`;
export const IMPACTS = 'impact/';
export const impactKey = (version: string) => `${IMPACTS}${version}.json`;
export const AUDIT_ANCHORS = 'audit/';
export const auditAnchorKey = (seq: number) => `${AUDIT_ANCHORS}${String(seq).padStart(12, '0')}.json`;
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
