/** `aurum tenant`: tenants, what each may see, and the views its own SQL reads. */
import type { Entitlement } from '#lib/domain/access.ts';
import { refusal } from '#lib/domain/errors.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import type { Tenant } from '#schemas/tenant.ts';
import { apiClient } from '../api-client.ts';
import { type Command, type CommandArguments, type CommandIo, usageError } from '../command.ts';
import { tableText } from '../text.ts';

export const command: Command = {
  name: 'tenant',
  summary: 'tenants, and the curves each may see',
  usage:
    'tenant list [--format text|ndjson]\n       aurum tenant add ID [--name NAME]\n' +
    '       aurum tenant entitle ID CURVES.. | --nothing\n       aurum tenant sql ID [--apply]',
  details:
    'CURVES is VENDOR[:ASSET_CLASS[:REGION]], `*` for any: pw, eugp:power, "*:gas:ERCOT". They replace what the tenant\n' +
    'was entitled to. `sql` prints the Trino views of the tenant, or makes them with --apply.',
  options: {
    name: { value: 'NAME', description: 'of the tenant; default its id' },
    nothing: { value: '', description: 'withdraw every entitlement', flag: true },
    apply: { value: '', description: 'make the views on AURUM_TRINO_URL', flag: true },
    format: { value: 'F', description: 'default text', choices: ['text', 'ndjson'] },
  },
  run: async (given, io) => {
    const [action = '', id, ...curves] = given.positionals;
    if (action === 'list') await list(given, io);
    else if (id === undefined || !['add', 'entitle', 'sql'].includes(action)) {
      throw usageError('action_unknown', 'say `list`, or `add`, `entitle` or `sql` and a tenant', 'tenant');
    } else if (action === 'add') await add(id, given.options.name ?? id, io);
    else if (action === 'entitle') await entitle(id, entitlementsOf(curves, given), io);
    else await views(id, given.options.apply === 'yes', io);
    return undefined;
  },
};

const written = ({ vendor, asset_class, region }: Entitlement) =>
  [vendor, asset_class, region].map((part) => part ?? '*').join(':');

async function list(given: CommandArguments, io: CommandIo): Promise<void> {
  const { data } = await apiClient(io)<Tenant[]>('/v1/tenants');
  if (given.options.format === 'ndjson') {
    for (const tenant of data) await io.out(`${JSON.stringify(tenant)}\n`);
    return;
  }
  const rows = data.map(({ id, name, created_at, entitlements }) => [
    id,
    name,
    created_at,
    entitlements.map(written).join(' ') || 'nothing',
  ]);
  await io.out(tableText(['TENANT', 'NAME', 'SINCE', 'MAY SEE'], rows));
}

async function add(id: string, name: string, io: CommandIo): Promise<void> {
  const { meta } = await apiClient(io)<Tenant>('/v1/tenants', {}, { id, name });
  const already = meta.outcome === 'already' ? ' already' : '';
  io.tell(`aurum: tenant ${id} is registered${already}; \`aurum tenant entitle\` says what it may see\n`);
}

async function entitle(id: string, entitlements: readonly Entitlement[], io: CommandIo): Promise<void> {
  const path = `/v1/tenants/${encodeURIComponent(id)}/entitlements`;
  const { data } = await apiClient(io)<Tenant>(path, {}, { entitlements });
  io.tell(`aurum: tenant ${id} may see ${data.entitlements.map(written).join(' ') || 'nothing'}\n`);
}

function entitlementsOf(curves: readonly string[], { options }: CommandArguments): Entitlement[] {
  if ((curves.length === 0) !== (options.nothing === 'yes')) {
    throw usageError('curves_missing', 'say which curves, or --nothing', 'tenant');
  }
  return curves.map((text) => {
    const parts = text.split(':').map((part) => part.trim());
    if (parts.length > 3 || parts.includes('')) {
      throw usageError('curves_invalid', `"${text}" is not VENDOR[:ASSET_CLASS[:REGION]]`, 'tenant');
    }
    const [vendor = null, asset_class = null, region = null] = parts.map((part) =>
      part === '*' ? null : part,
    );
    return { vendor, asset_class, region };
  });
}

async function views(id: string, apply: boolean, io: CommandIo): Promise<void> {
  const { tenantViews } = await import('#lib/adapters/curve-queries/tenant-views.ts');
  const { data } = await apiClient(io)<Tenant[]>('/v1/tenants');
  const tenant = data.find((one) => one.id === id);
  if (tenant === undefined) {
    throw refusal('tenant_not_found', `there is no tenant ${id}`, { remedy: 'See: aurum tenant list' });
  }
  const config = readConfig(io.environment);
  const statements = tenantViews(id, tenant.entitlements, {
    catalog: 'iceberg',
    location_root: `s3://${config.AURUM_S3_BUCKET}`,
    vendors: adapters.map(({ vendor }) => vendor),
  });
  if (apply) {
    const { AURUM_TRINO_URL: url, AURUM_TRINO_USER: user } = config;
    if (url === undefined)
      throw refusal('setting_missing', 'AURUM_TRINO_URL is not set', { field: 'AURUM_TRINO_URL' });
    const { trinoSql } = await import('#lib/adapters/curve-queries/trino-sql.ts');
    const trino = trinoSql({ url, user, catalog: 'iceberg', schema: 'market' });
    for (const text of statements) await trino.query({ text, values: [] });
    io.tell(`aurum: the views of tenant ${id} are made\n`);
  } else for (const text of statements) await io.out(`${text};\n\n`);
}
