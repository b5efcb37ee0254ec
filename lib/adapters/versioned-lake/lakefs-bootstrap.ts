/** Prepares a lakeFS repository: creates it, and puts the hook on its main branch that asks the gate before each merge. */
import { stringify } from 'yaml';
import { AurumError } from '#lib/domain/errors.ts';
import { type LakefsOptions, lakefsClient } from './lakefs-client.ts';

export interface LakefsBootstrapOptions extends LakefsOptions {
  /** Where lakeFS keeps what is its own, `s3://aurum/lakefs`. */
  readonly storage_namespace: string;
  /** Where the gate is asked; no hook without it. */
  readonly hook_url: string | undefined;
}

const HOOK_PATH = '_lakefs_actions/curve-gate.yaml';

/** @returns one line for each thing that is there now. */
export async function prepareRepository(options: LakefsBootstrapOptions): Promise<readonly string[]> {
  const { repository, storage_namespace, hook_url } = options;
  const lakefs = lakefsClient(options);
  const made = await lakefs.createRepository(storage_namespace);
  const first = `repository ${repository} ${made === 'created' ? 'created' : 'was there'}`;
  if (hook_url === undefined) {
    return [first, 'no hook: set AURUM_LAKEFS_HOOK_URL to have lakeFS ask the gate before it merges'];
  }
  const stored = await lakefs.putObject('main', HOOK_PATH, Buffer.from(hookText(hook_url)));
  const committed = stored === 'stored' ? await lakefs.commit('main', 'The gate stands before main') : stored;
  if (committed === 'branch_unknown') {
    throw new AurumError('fault', 'lake_main_missing', `repository ${repository} has no branch main`, {
      remedy: 'Create it in lakeFS, or name another repository by AURUM_LAKEFS_REPO.',
    });
  }
  return [
    first,
    `hook ${HOOK_PATH} ${committed === 'committed' ? 'committed' : 'was there'}, asks ${hook_url}`,
  ];
}

/**
 * Any answer but 2xx, also none in time, stops the merge (412). Branches are made from main and carry the action with
 * them. The token stays in lakeFS's environment: it replaces ENV in headers.
 */
export function hookText(url: string): string {
  const hook = {
    id: 'green_gate',
    type: 'webhook',
    description: 'Every version to be merged has a green gate result',
    properties: { url, timeout: '20s', headers: { Authorization: 'Bearer {{ ENV.AURUM_EVENT_TOKEN }}' } },
  };
  return stringify({
    name: 'Curve gate',
    description: 'Only workbooks with a green gate reach main',
    on: { 'pre-merge': { branches: ['main'] } },
    hooks: [hook],
  });
}
