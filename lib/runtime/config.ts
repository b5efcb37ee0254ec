/**
 * Settings of a process: `AURUM_*` (and `PORT`) from the environment, checked by one schema, read once. Knows no adapter.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { refusal } from '#lib/domain/errors.ts';

const port = z.coerce.number().int().min(1).max(65_535);
const count = z.coerce.number().int().positive();
const milliseconds = count;
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const listOf = (pattern: RegExp, form: string) =>
  list.pipe(z.array(z.string().regex(pattern, `must be ${form}`)));

const DEADLINE = /^[a-z0-9]+=([01]\d|2[0-3]):[0-5]\d@[A-Za-z_]+(\/[A-Za-z_+\-0-9]+)*$/;
const deadlines = listOf(DEADLINE, 'vendor=HH:MM@Area/City').pipe(
  z.array(
    z.string().transform((text) => {
      const [vendor, deadline, time_zone] = text.split(/[=@]/) as [string, string, string];
      return { vendor, deadline, time_zone };
    }),
  ),
);

const machine = {
  AURUM_HOME: z.string().default('.aurum').describe('Data folder of the local stores'),
  AURUM_ENV_FILE: z
    .string()
    .optional()
    .describe('File of further settings, as a secrets agent writes it; default `.env`, where there is one'),
  AURUM_HTTP_PORT: port.default(3000).describe('Port of the API'),
  AURUM_API_URL: z.url().optional().describe('Where the command line finds the API; default this machine'),
  AURUM_EVENTS_PORT: port.default(3001).describe('Port on which local functions take bucket notifications'),
  AURUM_LAMBDA_PORT: port.default(3002).describe('Port on which local functions are invoked as Lambdas'),
  AURUM_S3_PORT: port.default(9000).describe('Port of the local S3 gateway'),
};

const processes = {
  AURUM_FUNCTION: z
    .string()
    .optional()
    .describe(
      'Functions a process serves: one (`ingest/parse-workbook`), a folder (`api`), or several by commas',
    ),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .describe('Port on which a process of functions answers requests and probes; 0 takes a free one'),
  AURUM_CONCURRENCY: count
    .optional()
    .describe('Requests, partitions or messages worked on at once; default 64, 4 and 4'),
  AURUM_BODY_LIMIT_BYTES: count.optional().describe('Largest body of a request; default 1 MiB'),
  AURUM_EVENT_TOKEN: z
    .string()
    .min(8)
    .optional()
    .describe('Bearer token a bucket notification must carry; default none'),
};

const objects = {
  AURUM_S3_ENDPOINT: z.url().optional().describe('S3 endpoint; default the local gateway'),
  AURUM_S3_REGION: z.string().default('us-east-1').describe('Region in S3 signatures'),
  AURUM_S3_BUCKET: z.string().default('aurum').describe('Bucket of all objects'),
  AURUM_S3_ACCESS_KEY: z.string().min(3).default('minio').describe('S3 access key'),
  AURUM_S3_SECRET_KEY: z.string().min(8).default('minio123').describe('S3 secret key'),
  AURUM_S3_PATH_STYLE: z
    .stringbool()
    .default(true)
    .describe('Bucket in the path (MinIO, the gateway), not in the host name'),
  AURUM_S3_NOTIFY_ARN: z
    .string()
    .default('arn:minio:sqs:us-east-1:AURUM:kafka')
    .describe('Notification target MinIO was started with; used by bootstrap'),
  AURUM_LAKEFS_ENDPOINT: z.url().optional().describe('lakeFS; default commit objects in the bucket'),
  AURUM_LAKEFS_ACCESS_KEY: z.string().optional().describe('lakeFS access key'),
  AURUM_LAKEFS_SECRET_KEY: z.string().optional().describe('lakeFS secret key'),
  AURUM_LAKEFS_HOOK_URL: z
    .url()
    .optional()
    .describe('Where lakeFS asks the gate before it merges, `.../hooks/lakefs/pre-merge`; used by bootstrap'),
  AURUM_LAKEFS_REPO: z.string().default('aurum').describe('lakeFS repository'),
};

const tables = {
  AURUM_NESSIE_URL: z
    .url()
    .optional()
    .describe('Nessie, the catalog of the tables; default pointer objects in the bucket'),
  AURUM_NESSIE_WAREHOUSE: z.string().default('aurum').describe('Warehouse in Nessie'),
  AURUM_NESSIE_TOKEN: z.string().optional().describe('Bearer token for Nessie; default none'),
  AURUM_QUERIES: z
    .enum(['columnar', 'trino'])
    .default('columnar')
    .describe('Who answers slices: the columnar engine in process, or Trino'),
  AURUM_QUERY_MEMORY_MB: z.coerce.number().int().min(32).default(256).describe('Memory for hot curve data'),
  AURUM_TRINO_URL: z.url().optional().describe('Trino coordinator'),
  AURUM_TRINO_USER: z.string().default('aurum').describe('User Trino sees'),
};

const events = {
  AURUM_KAFKA_BROKERS: listOf(/^(\[[\da-f:]+\]|[^\s:/]+):\d{1,5}$/i, 'host:port')
    .default([])
    .describe('Kafka, `host:port,...`; default an event log in AURUM_HOME'),
  AURUM_KAFKA_TLS: z.stringbool().default(false).describe('Kafka over TLS'),
  AURUM_KAFKA_CA_FILE: z
    .string()
    .optional()
    .describe('Certificates (PEM) of who signed those of the brokers; default the public authorities'),
  AURUM_KAFKA_SASL_USER: z.string().optional().describe('Kafka login (SCRAM-SHA-512)'),
  AURUM_KAFKA_SASL_PASSWORD: z.string().optional().describe('Its password'),
  AURUM_SCHEMA_REGISTRY_URL: z
    .url()
    .optional()
    .describe('Confluent-compatible Schema Registry; needed with Kafka'),
  AURUM_DLQ_TOPIC: z.string().default('aurum.ingest.error.v1').describe('Topic for inputs that are refused'),
  AURUM_STORAGE_TOPIC: z
    .string()
    .default('aurum.storage.event.v1')
    .describe('Topic that MinIO was started to notify, for `kafka-consumer`'),
  AURUM_SQS_QUEUE_URL: z
    .url()
    .optional()
    .describe('Queue that takes the bucket’s notifications, for `sqs-consumer`'),
  AURUM_SQS_ENDPOINT: z
    .url()
    .optional()
    .describe(
      'SQS beside AWS, with the S3 key; default AWS in AURUM_S3_REGION, with the role of the machine',
    ),
};

const databases = {
  AURUM_POSTGRES_URL: z
    .url()
    .optional()
    .describe('PostgreSQL, `postgres://user:password@host:port/database`; default PGlite in AURUM_HOME'),
  AURUM_REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe('Redis, the cache all processes share, `redis://user:password@host:port`; default memory'),
  AURUM_CACHE_MEMORY_MB: count.default(32).describe('Memory of the cache, where it is not Redis'),
  AURUM_VAULT_ADDR: z
    .url()
    .optional()
    .describe('Vault or OpenBao, for `aurum secrets` and database credentials'),
  AURUM_VAULT_NAMESPACE: z.string().optional().describe('Namespace in Vault; default its root'),
  AURUM_VAULT_TOKEN: z.string().optional().describe('Vault token; or the two of an AppRole'),
  AURUM_VAULT_ROLE_ID: z.string().optional().describe('AppRole id'),
  AURUM_VAULT_SECRET_ID: z.string().optional().describe('AppRole secret id'),
  AURUM_VAULT_DATABASE_ROLE: z
    .string()
    .optional()
    .describe(
      'Role of Vault whose leased credentials PostgreSQL is used with; default the login in AURUM_POSTGRES_URL',
    ),
};

const access = {
  AURUM_AUTH: z
    .enum(['development', 'oidc'])
    .optional()
    .describe(
      'Who vouches for a caller: this machine, or an identity provider; default `oidc` with AURUM_OIDC_ISSUER',
    ),
  AURUM_OIDC_ISSUER: z.url().optional().describe('Identity provider whose tokens the API takes'),
  AURUM_OIDC_AUDIENCE: z.string().default('aurum').describe('Audience a token must be for'),
  AURUM_OIDC_JWKS_URL: z.url().optional().describe('Keys of the provider; default as its configuration says'),
  AURUM_OIDC_GROUPS_CLAIM: z.string().default('groups').describe('Claim that lists the groups of a caller'),
  AURUM_TOKEN: z
    .string()
    .optional()
    .describe('Access token the command line sends; default one signed by this machine'),
  AURUM_CLOCK_TOLERANCE_S: z.coerce
    .number()
    .int()
    .min(0)
    .max(300)
    .default(5)
    .describe('How far the clock of the provider may be off'),
  AURUM_CORS_ORIGINS: listOf(/^https?:\/\/[^\s/?#*]+$/, 'an origin, https://host')
    .default([])
    .describe(
      'Origins whose pages may call the API, `https://desk.example.com,...`; default none but its own',
    ),
  AURUM_RATE_PER_MINUTE: count.default(6_000).describe('Requests a caller may send in a minute'),
  AURUM_EXPORT_SIGNING_KEY: z
    .string()
    .optional()
    .describe('File of the Ed25519 key (PEM) that signs exports; default one made in AURUM_HOME'),
};

const work = {
  AURUM_EXPECTED_VENDORS: list
    .default(['pw', 'eugp', 'rp'])
    .describe('Vendors whose release completes (and tags) a market day'),
  AURUM_DEADLINES: deadlines
    .default([])
    .describe('Workbooks that are due every business day, `eugp=18:00@Europe/London,...`; late = alert'),
  AURUM_PARSE_TIMEOUT_MS: milliseconds.default(30_000).describe('A workbook that parses longer is refused'),
  AURUM_GATE_TIMEOUT_MS: milliseconds.default(30_000).describe('A gate that runs longer is red'),
  AURUM_HOTFIX_APPROVAL: z
    .stringbool()
    .default(false)
    .describe('A correction of released curves waits until others than its sender approve it'),
  AURUM_SWEEP_GRACE_MS: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(60_000)
    .describe('Age from which the sweep drives an object on'),
  AURUM_SIMULATION_WORKERS: count
    .optional()
    .describe('Threads that simulate prices; default the number of cores'),
};

/** Read by `stack/` and the tests, which start before there is a platform. */
const workshop = {
  AURUM_CHROMIUM: z
    .string()
    .optional()
    .describe('Chromium of the tests of the desk; default /usr/bin/chromium, skipped without'),
  AURUM_STACK_HOME: z
    .string()
    .optional()
    .describe('Folder of the real services; default `~/.cache/aurum/stack`'),
  AURUM_STACK_PORT_SHIFT: z.coerce
    .number()
    .int()
    .min(0)
    .max(40_000)
    .default(0)
    .describe('Added to every port of the stack: a second one on the same machine'),
  AURUM_EVENT_WEBHOOK: z
    .url()
    .optional()
    .describe('Address that MinIO of the stack notifies too, with AURUM_EVENT_TOKEN'),
  AURUM_STACK: z
    .string()
    .optional()
    .describe('Services that the tests of the stack bring up, by commas, or `0` for none; default all'),
  AURUM_PYTHON: z
    .string()
    .optional()
    .describe('Python of the second opinions, as `stack/python.sh` makes it'),
  AURUM_REAL_WORKBOOKS: z
    .string()
    .optional()
    .describe('Folder of vendors’ workbooks for the tests that read them; skipped without'),
};

/** Every setting with its default and meaning; `npm run gen` writes the README's table from it. */
export const settingGroups = {
  'This machine': machine,
  'Processes of functions': processes,
  Objects: objects,
  'Tables and slices': tables,
  Events: events,
  'Databases and secrets': databases,
  Access: access,
  Work: work,
  'Stack and tests': workshop,
} as const;

export const settings = z.object({
  ...machine,
  ...processes,
  ...objects,
  ...tables,
  ...events,
  ...databases,
  ...access,
  ...work,
  ...workshop,
});

type Settings = z.infer<typeof settings>;
export type SettingName = keyof Settings;

type Derived = 'AURUM_S3_ENDPOINT' | 'AURUM_API_URL' | 'AURUM_AUTH' | 'AURUM_SIMULATION_WORKERS';

export interface Config extends Omit<Settings, Derived> {
  /** Without a slash at the end. */
  readonly AURUM_API_URL: string;
  readonly AURUM_S3_ENDPOINT: string;
  readonly AURUM_AUTH: 'development' | 'oidc';
  readonly AURUM_SIMULATION_WORKERS: number;
}

/** A setting that is of no use, or fails at its first use, without one of each of the others. */
interface Need {
  readonly given: SettingName;
  /** Only when it has this value. */
  readonly value?: string;
  readonly needs: readonly (readonly SettingName[])[];
}

const NEEDS: readonly Need[] = [
  { given: 'AURUM_KAFKA_BROKERS', needs: [['AURUM_SCHEMA_REGISTRY_URL']] },
  { given: 'AURUM_KAFKA_SASL_USER', needs: [['AURUM_KAFKA_SASL_PASSWORD']] },
  { given: 'AURUM_KAFKA_SASL_PASSWORD', needs: [['AURUM_KAFKA_SASL_USER']] },
  { given: 'AURUM_KAFKA_CA_FILE', needs: [['AURUM_KAFKA_TLS']] },
  { given: 'AURUM_LAKEFS_ENDPOINT', needs: [['AURUM_LAKEFS_ACCESS_KEY'], ['AURUM_LAKEFS_SECRET_KEY']] },
  { given: 'AURUM_QUERIES', value: 'trino', needs: [['AURUM_TRINO_URL'], ['AURUM_NESSIE_URL']] },
  { given: 'AURUM_NESSIE_TOKEN', needs: [['AURUM_NESSIE_URL']] },
  { given: 'AURUM_VAULT_ROLE_ID', needs: [['AURUM_VAULT_SECRET_ID']] },
  { given: 'AURUM_VAULT_SECRET_ID', needs: [['AURUM_VAULT_ROLE_ID']] },
  {
    given: 'AURUM_VAULT_DATABASE_ROLE',
    needs: [['AURUM_VAULT_ADDR'], ['AURUM_VAULT_TOKEN', 'AURUM_VAULT_ROLE_ID'], ['AURUM_POSTGRES_URL']],
  },
  { given: 'AURUM_AUTH', value: 'oidc', needs: [['AURUM_OIDC_ISSUER']] },
  { given: 'AURUM_OIDC_JWKS_URL', needs: [['AURUM_OIDC_ISSUER']] },
];

type Environment = Readonly<Record<string, string | undefined>>;

interface Problem {
  readonly code: 'setting_invalid' | 'setting_missing';
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
}

/**
 * @param wanted settings this process cannot do without.
 * @throws AurumError naming every setting that is wrong or missing.
 */
export function readConfig(environment: Environment, wanted: readonly SettingName[] = []): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settings.safeParse(given);
  const problems = [
    ...(parsed.error?.issues.map(problemOf) ?? []),
    ...wanted.filter((name) => given[name] === undefined).map(notSet),
    ...NEEDS.flatMap((need) => unmet(need, given)),
  ];
  if (parsed.data === undefined || problems.length > 0) throw refused(problems);
  const value = parsed.data;
  return {
    ...value,
    AURUM_HOME: resolve(value.AURUM_HOME),
    AURUM_API_URL: (value.AURUM_API_URL ?? `http://127.0.0.1:${value.AURUM_HTTP_PORT}`).replace(/\/+$/, ''),
    AURUM_S3_ENDPOINT: value.AURUM_S3_ENDPOINT ?? `http://127.0.0.1:${value.AURUM_S3_PORT}`,
    AURUM_AUTH: value.AURUM_AUTH ?? (value.AURUM_OIDC_ISSUER === undefined ? 'development' : 'oidc'),
    AURUM_SIMULATION_WORKERS: value.AURUM_SIMULATION_WORKERS ?? availableParallelism(),
  };
}

/** One setting alone, for what runs before or without a platform. @throws AurumError when it is wrong. */
export function readSetting<Name extends SettingName>(
  name: Name,
  environment: Environment = process.env,
): Settings[Name] {
  const parsed = settings.shape[name].safeParse(environment[name] || undefined);
  if (parsed.success) return parsed.data as Settings[Name];
  throw refused(parsed.error.issues.map(({ message }) => problemOf({ path: [name], message })));
}

function problemOf({ path, message }: Pick<z.core.$ZodIssue, 'path' | 'message'>): Problem {
  const remedy = 'Correct it in the environment or in .env.';
  // What follows the name is a place inside a list.
  return { code: 'setting_invalid', field: String(path[0]), message, remedy };
}

function notSet(field: SettingName): Problem {
  const remedy = `Set ${field}: ${settings.shape[field].description}.`;
  return { code: 'setting_missing', field, message: 'is not set', remedy };
}

function unmet({ given: name, value, needs }: Need, given: Environment): Problem[] {
  if (given[name] === undefined || (value !== undefined && given[name] !== value)) return [];
  const named = value === undefined ? name : `${name}=${value}`;
  return needs
    .filter((alternatives) => alternatives.every((other) => given[other] === undefined))
    .map((alternatives) => {
      const missing = alternatives.join(' or ');
      const remedy = `Set ${missing}, or leave ${named} out.`;
      return { code: 'setting_missing', field: name, message: `${named} needs ${missing}`, remedy };
    });
}

/** One problem with its own remedy; of several, each by its name. */
function refused(problems: readonly Problem[]) {
  const [first] = problems as [Problem];
  const code = problems.find((problem) => problem.code === 'setting_invalid')?.code ?? 'setting_missing';
  if (problems.length === 1) {
    return refusal(code, first.message, { field: first.field, remedy: first.remedy });
  }
  const message = problems.map((problem) => `${problem.field}: ${problem.message}`).join('; ');
  return refusal(code, message, { remedy: 'Correct them in the environment or in .env.' });
}
