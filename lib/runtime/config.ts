/**
 * Settings of a process: `AURUM_*` from the environment, checked by one schema, read once. Knows no adapter.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { AurumError } from '#lib/domain/errors.ts';

const port = z.coerce.number().int().min(1).max(65_535);
const milliseconds = z.coerce.number().int().positive();
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

const deadlines = list.pipe(
  z.array(
    z
      .string()
      .regex(
        /^[a-z0-9]+=([01]\d|2[0-3]):[0-5]\d@[A-Za-z_]+(\/[A-Za-z_+\-0-9]+)*$/,
        'must be vendor=HH:MM@Area/City',
      )
      .transform((text) => {
        const [vendor, deadline, time_zone] = text.split(/[=@]/) as [string, string, string];
        return { vendor, deadline, time_zone };
      }),
  ),
);

/** Every setting with its default and meaning; `npm run gen` writes the README's table from it. */
export const settings = z.object({
  AURUM_HOME: z.string().default('.aurum').describe('Data folder of the local stores'),
  AURUM_HTTP_PORT: port.default(3000).describe('Port of the API'),
  AURUM_API_URL: z.url().optional().describe('Where the command line finds the API; default this machine'),
  AURUM_LAMBDA_PORT: port.default(3002).describe('Port on which local functions take events'),
  AURUM_S3_PORT: port.default(9000).describe('Port of the local S3 gateway'),
  AURUM_S3_ENDPOINT: z.url().optional().describe('S3 endpoint; default the local gateway'),
  AURUM_S3_REGION: z.string().default('us-east-1').describe('Region in S3 signatures'),
  AURUM_S3_BUCKET: z.string().default('aurum').describe('Bucket of all objects'),
  AURUM_S3_ACCESS_KEY: z.string().min(3).default('minio').describe('S3 access key'),
  AURUM_S3_SECRET_KEY: z.string().min(8).default('minio123').describe('S3 secret key'),
  AURUM_S3_PATH_STYLE: z
    .stringbool()
    .default(true)
    .describe('Bucket in the path (MinIO, the gateway), not in the host name'),
  AURUM_POSTGRES_URL: z
    .url()
    .optional()
    .describe('PostgreSQL, `postgres://user:password@host:port/database`; default PGlite in AURUM_HOME'),
  AURUM_NESSIE_URL: z
    .url()
    .optional()
    .describe('Nessie, the catalog of the tables; default pointer objects in the bucket'),
  AURUM_NESSIE_WAREHOUSE: z.string().default('aurum').describe('Warehouse in Nessie'),
  AURUM_KAFKA_BROKERS: list
    .default([])
    .describe('Kafka, `host:port,...`; default an event log in AURUM_HOME'),
  AURUM_KAFKA_TLS: z.stringbool().default(false).describe('Kafka over TLS'),
  AURUM_KAFKA_SASL_USER: z.string().optional().describe('Kafka login (SCRAM-SHA-512)'),
  AURUM_KAFKA_SASL_PASSWORD: z.string().optional().describe('Its password'),
  AURUM_SCHEMA_REGISTRY_URL: z
    .url()
    .optional()
    .describe('Confluent-compatible Schema Registry; needed with Kafka'),
  AURUM_QUERIES: z
    .enum(['columnar', 'trino'])
    .default('columnar')
    .describe('Who answers slices: the columnar engine in process, or Trino'),
  AURUM_TRINO_URL: z.url().optional().describe('Trino coordinator'),
  AURUM_TRINO_USER: z.string().default('aurum').describe('User Trino sees'),
  AURUM_S3_NOTIFY_ARN: z
    .string()
    .default('arn:minio:sqs:us-east-1:AURUM:kafka')
    .describe('Notification target MinIO was started with; used by bootstrap'),
  AURUM_LAKEFS_ENDPOINT: z.url().optional().describe('lakeFS; default commit objects in the bucket'),
  AURUM_LAKEFS_ACCESS_KEY: z.string().optional().describe('lakeFS access key'),
  AURUM_LAKEFS_SECRET_KEY: z.string().optional().describe('lakeFS secret key'),
  AURUM_LAKEFS_REPO: z.string().default('aurum').describe('lakeFS repository'),
  AURUM_VAULT_ADDR: z
    .url()
    .optional()
    .describe('Vault or OpenBao, for `aurum secrets` and database credentials'),
  AURUM_VAULT_TOKEN: z.string().optional().describe('Vault token; or the two of an AppRole'),
  AURUM_VAULT_ROLE_ID: z.string().optional().describe('AppRole id'),
  AURUM_VAULT_SECRET_ID: z.string().optional().describe('AppRole secret id'),
  AURUM_VAULT_DATABASE_ROLE: z
    .string()
    .optional()
    .describe(
      'Role of Vault whose leased credentials PostgreSQL is used with; default the login in AURUM_POSTGRES_URL',
    ),
  AURUM_EVENT_TOKEN: z
    .string()
    .min(8)
    .optional()
    .describe('Bearer token a bucket notification must carry; default none'),
  AURUM_EXPECTED_VENDORS: list
    .default(['pw', 'eugp', 'rp'])
    .describe('Vendors whose release completes (and tags) a market day'),
  AURUM_DEADLINES: deadlines
    .default([])
    .describe('Workbooks that are due every business day, `eugp=18:00@Europe/London,...`; late = alert'),
  AURUM_DLQ_TOPIC: z.string().default('aurum.ingest.error.v1').describe('Topic for inputs that are refused'),
  AURUM_PARSE_TIMEOUT_MS: milliseconds.default(30_000).describe('A workbook that parses longer is refused'),
  AURUM_GATE_TIMEOUT_MS: milliseconds.default(30_000).describe('A gate that runs longer is red'),
  AURUM_SWEEP_GRACE_MS: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(60_000)
    .describe('Age from which the sweep drives an object on'),
  AURUM_QUERY_MEMORY_MB: z.coerce.number().int().min(32).default(256).describe('Memory for hot curve data'),
});

export type Settings = z.infer<typeof settings>;

export interface Config extends Omit<Settings, 'AURUM_S3_ENDPOINT' | 'AURUM_API_URL'> {
  /** Without a slash at the end. */
  readonly AURUM_API_URL: string;
  readonly AURUM_S3_ENDPOINT: string;
}

/** @throws AurumError naming each setting that is wrong. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const named = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith('AURUM_') && value !== ''),
  );
  const parsed = settings.safeParse(named);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new AurumError('refused', 'setting_invalid', wrong, {
      field,
      remedy: 'Correct it in the environment or in .env.',
    });
  }
  const value = parsed.data;
  return {
    ...value,
    AURUM_HOME: resolve(value.AURUM_HOME),
    AURUM_API_URL: (value.AURUM_API_URL ?? `http://127.0.0.1:${value.AURUM_HTTP_PORT}`).replace(/\/+$/, ''),
    AURUM_S3_ENDPOINT: value.AURUM_S3_ENDPOINT ?? `http://127.0.0.1:${value.AURUM_S3_PORT}`,
  };
}
