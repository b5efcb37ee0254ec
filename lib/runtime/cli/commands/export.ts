/** `aurum export`: rows of released curves in any format, as a signed folder, or in the vendor's own workbook. */
import { createPublicKey } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { HOUSE_TENANT } from '#lib/domain/access.ts';
import { refusal } from '#lib/domain/errors.ts';
import { FORMATS, type Format } from '#lib/formats/negotiate.ts';
import type { ExportAnswer, ExportRequest } from '#schemas/export.ts';
import { exportRequest } from '#schemas/export.ts';
import { apiClient, asMemberOf } from '../api-client.ts';
import { type Command, type CommandArguments, type CommandIo, tenantOption, usageError } from '../command.ts';
import { exportTarget } from '../export-folder.ts';
import { writeOutput } from '../files.ts';
import { queryGiven, queryOptions } from '../query-options.ts';
import { counted } from '../text.ts';

const { format: _format, ...FILTERS } = exportRequest.shape;
/** Whoever runs the command line reads the stores themselves. */
const OPERATOR = { entitlements: 'all' } as const;

export const command: Command = {
  name: 'export',
  summary: 'rows of released curves as files, signed, or as a workbook',
  usage: [
    'export [filters] [--format parquet|csv|ndjson|json|arrow] [--output FILE]',
    '       aurum export [filters] [--format parquet|csv] --output DIR/ | --tenant T',
    '       aurum export --format xlsx --vendor V [--as-of DATE] [--output FILE|DIR/]',
  ].join('\n'),
  details: [
    'To FILE or stdout: the rows. To a folder (it exists, or the name ends in /): files and a manifest signed with Ed25519, which',
    "`aurum verify-export DIR` checks. xlsx writes the release in the vendor's own layout; ingesting it gives the same curves,",
    'tenors and prices. These read the stores directly, as `aurum verify` does, and see all there is. The key is',
    'AURUM_EXPORT_SIGNING_KEY (a PEM file), or one made in AURUM_HOME. With --tenant the API exports what a member of T is',
    'entitled to into the bucket, below exports/T/asof=DATE/, and keeps who asked; so does POST /v1/exports.',
  ].join('\n'),
  options: {
    ...queryOptions(FILTERS),
    format: { value: 'F', description: 'default parquet', choices: [...FORMATS, 'xlsx'] },
    output: { value: 'PATH', description: 'file, or folder for a signed export; default stdout' },
    tenant: { value: 'T', description: 'export into the bucket, as a member of this tenant' },
    'public-key': { value: 'FILE', description: 'write the public key of the exports and stop' },
  },
  run: async (given, io) => {
    if (given.positionals.length > 0)
      throw usageError('argument_unknown', 'export takes options only', 'export');
    const { readConfig } = await import('#lib/runtime/config.ts');
    const { signingKey } = await import('#lib/runtime/signing-key.ts');
    const { AURUM_HOME: home, AURUM_EXPORT_SIGNING_KEY: file } = readConfig(io.environment);
    const key_file = given.options['public-key'];
    if (key_file !== undefined) {
      const key = createPublicKey(await signingKey({ home, file }));
      await writeOutput(key_file, [key.export({ type: 'spki', format: 'pem' }) as string]);
      await io.out(`${key_file}\n`);
      return undefined;
    }
    const request = requestOf(given);
    const tenant = tenantOption(given, 'export');
    if (tenant !== undefined) return exportByApi(tenant, given, request, io);
    const { compose } = await import('#lib/runtime/compose.ts');
    const ports = await compose(readConfig(io.environment));
    try {
      if (given.options.format === 'xlsx') await writeWorkbook(given, request, ports, io);
      else if (await isFolder(given.options.output)) {
        await writeSigned(given, request, { ...ports, signing_key: await signingKey({ home, file }) }, io);
      } else await writeRows(given, request, ports, io);
    } finally {
      await ports.close();
    }
    return undefined;
  },
};

type Ports = Awaited<ReturnType<typeof import('#lib/runtime/compose.ts').compose>>;
type SignedPorts = Ports & Pick<import('#lib/flows/export-curves.ts').ExportPorts, 'signing_key'>;

function requestOf(given: CommandArguments): ExportRequest {
  const format = given.options.format === 'csv' ? 'csv' : 'parquet';
  const parsed = exportRequest.safeParse({ ...queryGiven(FILTERS, given), format });
  if (parsed.success) return parsed.data;
  throw usageError('filter_invalid', z.prettifyError(parsed.error).replaceAll('\n', ' '), 'export');
}

async function isFolder(path: string | undefined): Promise<boolean> {
  if (path === undefined) return false;
  if (path.endsWith('/')) return true;
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function writeRows(
  given: CommandArguments,
  request: ExportRequest,
  ports: Ports,
  io: CommandIo,
): Promise<void> {
  const format = (given.options.format ?? 'parquet') as Format;
  const { encodedCurves } = await import('#lib/flows/stream-curves.ts');
  const { bytes, meta } = await encodedCurves(format, request, ports, OPERATOR);
  const { output } = given.options;
  if (output !== undefined) await writeOutput(output, bytes);
  else for await (const chunk of bytes) await io.out(chunk);
  io.tell(`${output ?? 'stdout'}: ${format}, as known at ${meta.as_known_at}\n`);
}

/** Formats of signed files. */
function requireSignable({ options }: CommandArguments): void {
  if (options.format === undefined || options.format === 'parquet' || options.format === 'csv') return;
  throw usageError('format_unsigned', 'a signed export is of parquet or csv files', 'export');
}

/** By the API, which knows what the tenant may see and keeps who asked. */
async function exportByApi(
  tenant: string,
  given: CommandArguments,
  request: ExportRequest,
  io: CommandIo,
): Promise<undefined> {
  requireSignable(given);
  if (given.options.output !== undefined)
    throw usageError('output_twice', 'give --output or --tenant, not both', 'export');
  const api = apiClient(await asMemberOf(tenant, io));
  const { data: me } = await api<{ readonly tenant: string }>('/v1/me');
  if (me.tenant !== tenant) {
    throw refusal('tenant_other', `AURUM_TOKEN is of a member of ${me.tenant}`, {
      field: 'tenant',
      remedy: `Set the token of a member of ${tenant}.`,
    });
  }
  const { meta, data } = await api<ExportAnswer['data']>('/v1/exports', {}, request);
  await tellSigned(String(meta.prefix), String(meta.outcome), data, io);
  return undefined;
}

async function writeSigned(
  given: CommandArguments,
  request: ExportRequest,
  ports: SignedPorts,
  io: CommandIo,
): Promise<void> {
  requireSignable(given);
  const { exportCurves } = await import('#lib/flows/export-curves.ts');
  const folder = given.options.output!;
  const operator = { tenant: HOUSE_TENANT, ...OPERATOR };
  const { meta, data } = await exportCurves(
    request,
    { ...ports, objects: exportTarget(folder) },
    operator,
    () => '',
  );
  await tellSigned(folder, meta.outcome, data, io);
}

async function tellSigned(
  place: string,
  outcome: string,
  { rows, files, signature, export_id }: ExportAnswer['data'],
  io: CommandIo,
): Promise<void> {
  await io.out(`${place}\n`);
  const what = `${counted(rows, 'row')} in ${counted(files.length, 'file')}`;
  io.tell(`${outcome}: export ${export_id}, ${what}, signed with key ${signature.key_id}\n`);
}

async function writeWorkbook(
  { options }: CommandArguments,
  request: ExportRequest,
  ports: Ports,
  io: CommandIo,
): Promise<void> {
  const { output } = options;
  const { vendor, asof, as_known_at, version, format: _format, ...filters } = request;
  if (vendor === undefined) throw usageError('option_missing', 'xlsx needs --vendor V', 'export');
  const { exceljsWorkbookWriter } = await import('#lib/adapters/workbook-writer/exceljs.ts');
  const { exportWorkbook } = await import('#lib/flows/export-workbook.ts');
  if (Object.keys(filters).length > 0) {
    throw usageError(
      'filter_invalid',
      'a workbook holds a whole release: only --vendor, --as-of, --as-known-at, --version',
      'export',
    );
  }
  const asked = { vendor, asof, as_known_at, version };
  const writing = { ...ports, writer: exceljsWorkbookWriter() };
  const { file_name, bytes, rows } = await exportWorkbook(asked, writing, OPERATOR);
  if (output === undefined) await io.out(bytes);
  else {
    const path = (await isFolder(output)) ? join(output, basename(file_name)) : output;
    await writeOutput(path, bytes);
    await io.out(`${path}\n`);
  }
  io.tell(`${file_name}: ${counted(rows, 'row')}\n`);
}
