/**
 * Stored PPA valuations made again by the API, and what came of it in words. For whoever cannot open the database: on one
 * machine it is the server's while that runs. Knows no command.
 */
import { HOUSE_TENANT } from '#lib/domain/access.ts';
import type { ValuationProof } from '#lib/flows/verify-valuations.ts';
import { readConfig } from '#lib/runtime/config.ts';
import type { PpaReplayAnswer, PpaValuationSummary } from '#schemas/ppa-routes.ts';
import type { Tenant } from '#schemas/tenant.ts';
import { apiClient, asMemberOf } from './api-client.ts';
import type { CommandIo } from './command.ts';
import { counted } from './text.ts';

const PAGE = '1000';

interface ApiReplay extends Omit<ValuationProof, 'first_difference'> {
  /** Whether the valuations of all tenants were made again, or those alone that the caller's token shows. */
  readonly every_tenant: boolean;
  readonly first_difference: Difference | null;
}

interface Difference {
  /** Null for the caller's own, whose tenant the token says. */
  readonly tenant: string | null;
  readonly valuation_hash: string;
  readonly reason: string;
}

/** Tenant by tenant, newest first. @throws AurumError as the API client does */
export async function replayThroughApi(io: CommandIo): Promise<ApiReplay> {
  const all = await callers(io);
  const counts = { tenants: all.length, valuations: 0, bytes: 0, different: 0, of_another_version: 0 };
  let first_difference: Difference | null = null;
  for (const { tenant, io: as } of all) {
    const stored = await everyPage<PpaValuationSummary>(as, '/v1/ppa/valuations', { state: 'succeeded' });
    const api = apiClient(as);
    for (const { valuation_hash } of stored) {
      const { data } = await api<PpaReplayAnswer['data']>(`/v1/ppa/valuations/${valuation_hash}/replay`);
      counts.valuations += 1;
      counts.bytes += data.bytes;
      if (data.identical) continue;
      if (data.made_by_another_version) {
        counts.of_another_version += 1;
        continue;
      }
      counts.different += 1;
      const reason = data.differences[0]?.path ?? 'the same values in other bytes';
      first_difference ??= { tenant, valuation_hash, reason };
    }
  }
  return { ...counts, every_tenant: all.every(({ tenant }) => tenant !== null), first_difference };
}

/** `2 valuations, 9,000 bytes: all the same` */
export function replayText(replay: Omit<ApiReplay, 'tenants' | 'every_tenant'>): string {
  const { valuations, bytes, different, of_another_version: others, first_difference: first } = replay;
  const counts = `${counted(valuations, 'valuation')}, ${counted(bytes, 'byte')}`;
  const rest = others === 0 ? 'all the same' : 'all others the same';
  const aside = others === 0 ? '' : `${others} made by another version of the code give other values here, `;
  if (first === null) return `${counts}: ${aside}${rest}`;
  const of = first.tenant === null ? '' : ` of tenant ${first.tenant}`;
  return `${counts}: ${aside}${different} DIFFER, first ${first.valuation_hash}${of}: ${first.reason}`;
}

/** All rows of a list, page after page. */
export async function everyPage<Row>(
  io: CommandIo,
  path: string,
  filter: Readonly<Record<string, string>> = {},
): Promise<readonly Row[]> {
  const api = apiClient(io);
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const page = await api<Row[]>(path, { ...filter, limit: PAGE, cursor });
    rows.push(...page.data);
    cursor = (page.meta.next_cursor as string | null) ?? undefined;
  } while (cursor !== undefined);
  return rows;
}

/** The caller; where this machine vouches for callers, one of each tenant, and of staff in the house's. */
async function callers(io: CommandIo): Promise<{ readonly tenant: string | null; readonly io: CommandIo }[]> {
  const { AURUM_TOKEN, AURUM_AUTH } = readConfig(io.environment);
  if (AURUM_TOKEN !== undefined || AURUM_AUTH !== 'development') return [{ tenant: null, io }];
  const { data: tenants } = await apiClient(io)<Tenant[]>('/v1/tenants');
  const members = tenants.map(async ({ id: tenant }) => ({ tenant, io: await asMemberOf(tenant, io) }));
  return [...(await Promise.all(members)), { tenant: HOUSE_TENANT, io }];
}
