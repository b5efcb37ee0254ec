/** The views of tenants on a real Trino: each shows what its tenant is entitled to, as the API would, and no more. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenantViews } from '#lib/adapters/curve-queries/tenant-views.ts';
import { raw, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import type { Entitlement } from '#lib/domain/access.ts';
import { chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import {
  bucketThere,
  clearCorners,
  corner,
  TRINO_THERE,
  type TrinoCorner,
  trinoOn,
} from './lake-services.ts';

const DAY = '2025-09-12';
const VENDORS = ['pw', 'eugp'];
const any = { asset_class: null, region: null };

describe.skipIf(!TRINO_THERE)('views of tenants (skipped without AURUM_TRINO_URL, AURUM_NESSIE_URL)', () => {
  const lake = corner();
  const ports = {
    ...chainPorts({ objects: lake.objects, expected_vendors: VENDORS }),
    tables: lake.open(),
  };
  let corners: TrinoCorner | undefined;

  beforeAll(async () => {
    await bucketThere();
    corners = await trinoOn(lake);
    for (const [at, vendor] of VENDORS.entries()) {
      const { file, bytes } = await sampleFile(vendor, DAY);
      await runChain(ports, await upload(ports, file, DAY, bytes, `0${at}`));
    }
  });
  afterAll(async () => {
    await corners?.close();
    await clearCorners();
  });

  const ask = async (text: string) => trinoSql(corners!.options).query(raw(text));

  /** Makes the views and counts what they show beside what the API shows. */
  async function shown(tenant: string, ...entitlements: Entitlement[]) {
    const { catalog } = corners!.options;
    const place = { catalog: catalog!, location_root: lake.location_root, vendors: VENDORS };
    for (const text of tenantViews(tenant, entitlements, place)) await ask(text);
    const view = `${catalog}.tenant_${tenant.replaceAll('-', '_')}`;
    const releases = await ports.tables.releases('main');
    const wanted = { releases, latest: false, entitlements, filter: {}, limit: 1_000_000 };
    const rows = await ports.queries.slice(wanted);
    const sums = await ask(
      `SELECT vendor, asset_class, count(*) FROM ${view}.curve_observation GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    const vendors = await ask(`SELECT vendor FROM ${view}.curve_release ORDER BY 1`);
    expect(sums.reduce((sum, [, , count]) => sum + (count as number), 0)).toBe(rows.length);
    return { vendors: vendors.flat(), rows: rows.length, classes: new Set(sums.map(([, name]) => name)) };
  }

  test('one vendor, one asset class of any, any at all, and nothing', async () => {
    const whole = await shown('whole-house', { vendor: null, ...any });
    expect(whole.vendors).toEqual(['eugp', 'pw']);
    const pw = await shown('buyer', { vendor: 'PW', ...any });
    expect(pw.vendors).toEqual(['pw']);
    const power = await shown('buyer', { vendor: null, asset_class: 'Power', region: null });
    expect(power.classes).toEqual(new Set(['power']));
    expect(power.rows).toBeLessThan(whole.rows);
    expect(await shown('buyer')).toEqual({ vendors: [], rows: 0, classes: new Set() });
  });

  test('what an entitlement says is text, whatever it says', async () => {
    const hostile = { vendor: 'pw', asset_class: `x' OR '1'='1`, region: '?);--' };
    expect(await shown('hostile', hostile)).toMatchObject({ rows: 0 });
  });
});
