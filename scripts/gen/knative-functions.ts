/** One function on Knative: its service, and the broker trigger or the clock that calls it. */
import type { Trigger } from '#lib/runtime/triggers.ts';
import type { functionFiles } from './serverless.ts';

export type FunctionFile = Awaited<ReturnType<typeof functionFiles>>[number];
type TriggerOf<Kind extends Trigger['kind']> = Extract<Trigger, { kind: Kind }>;

/** The image's name in these files; an overlay says where it lies and which tag. */
export const IMAGE = 'aurum-functions';
/** Bucket whose events the triggers take. */
const BUCKET = 'aurum';
export const SECRETS_FILE = '/vault/secrets/aurum.env';

/** `api`, `ingest`: the folder; functions of one share an account and its rights. */
export const groupOf = ({ module }: FunctionFile): string => module.split('/')[1]!;
/** Each server answers its own probes; they are no services. */
export const isProbe = ({ trigger }: FunctionFile): boolean =>
  trigger.kind === 'http' && ['/health', '/ready'].includes(trigger.path);

export interface Size {
  /** Requests an instance answers at once. */
  readonly concurrency: number;
  readonly max_scale: number;
  readonly timeout_s: number;
  readonly cpu: { readonly request: string; readonly limit: string };
  readonly memory: { readonly request: string; readonly limit: string };
}

const BY_TRIGGER: Readonly<Record<Trigger['kind'], Size>> = {
  http: size(64, 10, 30, ['100m', '1'], ['256Mi', '640Mi']),
  'object-created': size(4, 10, 120, ['250m', '1'], ['256Mi', '768Mi']),
  // Records of one group in order: one instance.
  topic: size(1, 1, 300, ['250m', '2'], ['256Mi', '1024Mi']),
  // A second tick while one runs has nothing to do.
  schedule: size(1, 1, 300, ['100m', '1'], ['256Mi', '768Mi']),
};
/** A workbook may cost 512 MB while it is read, one at a time. */
const BY_NAME: Readonly<Record<string, Size>> = {
  'parse-workbook': size(2, 20, 120, ['500m', '2'], ['512Mi', '1536Mi']),
};

export const sizeOf = ({ name, trigger }: FunctionFile): Size => BY_NAME[name] ?? BY_TRIGGER[trigger.kind];

function size(
  concurrency: number,
  max_scale: number,
  timeout_s: number,
  cpu: [string, string],
  memory: [string, string],
): Size {
  const range = ([request, limit]: [string, string]) => ({ request, limit });
  return { concurrency, max_scale, timeout_s, cpu: range(cpu), memory: range(memory) };
}

export function service(file: FunctionFile): object {
  const group = groupOf(file);
  const { concurrency, max_scale, timeout_s } = sizeOf(file);
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name: file.name,
      // Reached by the broker and by the gateway, never from outside.
      labels: { 'networking.knative.dev/visibility': 'cluster-local', 'app.kubernetes.io/component': group },
    },
    spec: {
      template: {
        metadata: {
          labels: { 'app.kubernetes.io/component': group },
          annotations: {
            'autoscaling.knative.dev/min-scale': '0',
            'autoscaling.knative.dev/max-scale': String(max_scale),
            'autoscaling.knative.dev/target-utilization-percentage': '80',
            ...secrets(group),
            ...(group === 'api' ? signingKey : {}),
          },
        },
        spec: {
          serviceAccountName: `aurum-${group}`,
          containerConcurrency: concurrency,
          timeoutSeconds: timeout_s,
          containers: [container(file)],
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '2Gi' } }],
        },
      },
    },
  };
}

/** Vault's agent writes the group's secrets as an env file before the container starts. */
function secrets(group: string): Record<string, string> {
  const path = `secret/data/aurum/${group}`;
  const line = "{{ range $name, $value := .Data.data }}{{ $name }}='{{ $value }}'\n{{ end }}";
  return {
    'vault.hashicorp.com/agent-inject': 'true',
    'vault.hashicorp.com/agent-pre-populate-only': 'true',
    'vault.hashicorp.com/role': `aurum-${group}`,
    'vault.hashicorp.com/agent-inject-secret-aurum.env': path,
    'vault.hashicorp.com/agent-inject-template-aurum.env': `{{ with secret "${path}" }}${line}{{ end }}`,
  };
}

/** One key for all instances: who checks an export trusts one. */
const SIGNING_KEY = 'secret/data/aurum/export-signing';
const signingKey = {
  'vault.hashicorp.com/agent-inject-secret-export-signing.pem': SIGNING_KEY,
  'vault.hashicorp.com/agent-inject-template-export-signing.pem': `{{ with secret "${SIGNING_KEY}" }}{{ .Data.data.pem }}{{ end }}`,
};
const SIGNING_KEY_FILE = '/vault/secrets/export-signing.pem';

function container(file: FunctionFile): object {
  const { concurrency, cpu, memory } = sizeOf(file);
  const signs =
    groupOf(file) === 'api' ? [{ name: 'AURUM_EXPORT_SIGNING_KEY', value: SIGNING_KEY_FILE }] : [];
  return {
    image: IMAGE,
    ports: [{ containerPort: 8080 }],
    env: [
      { name: 'AURUM_FUNCTION', value: `${groupOf(file)}/${file.name}` },
      { name: 'AURUM_CONCURRENCY', value: String(concurrency) },
      { name: 'AURUM_ENV_FILE', value: SECRETS_FILE },
      ...signs,
    ],
    envFrom: [{ configMapRef: { name: 'aurum-settings' } }],
    // Without a period of its own: Knative then asks every few milliseconds while an instance starts.
    readinessProbe: { httpGet: { path: '/ready' } },
    livenessProbe: { httpGet: { path: '/health' }, periodSeconds: 10, failureThreshold: 6 },
    resources: {
      requests: { cpu: cpu.request, memory: memory.request },
      limits: { cpu: cpu.limit, memory: memory.limit },
    },
    securityContext: {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
}

const subscriber = (name: string) => ({
  ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name },
});

/**
 * Events of the objects the function waits for. A KafkaSource gives the record's key as the attribute `key`, and MinIO's
 * key is `bucket/object`. Ten tries with doubling pauses reach over half an hour of trouble; the sweep finds the rest.
 */
export function trigger(name: string, { prefix, suffix }: TriggerOf<'object-created'>): object {
  const last = suffix === undefined ? [] : [{ suffix: { key: suffix } }];
  const all = [
    { exact: { type: 'dev.knative.kafka.event' } },
    { prefix: { key: `${BUCKET}/${prefix}` } },
    ...last,
  ];
  return {
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Trigger',
    // Stages take events in any order, so one that is tried again holds up no other.
    metadata: { name, annotations: { 'kafka.eventing.knative.dev/delivery.order': 'unordered' } },
    spec: {
      broker: 'storage',
      filters: [{ all }],
      subscriber: subscriber(name),
      delivery: {
        retry: 10,
        backoffPolicy: 'exponential',
        backoffDelay: 'PT2S',
        deadLetterSink: {
          ref: { apiVersion: 'eventing.knative.dev/v1alpha1', kind: 'KafkaSink', name: 'undelivered' },
        },
      },
    },
  };
}

export function pingSource(name: string, { rate }: TriggerOf<'schedule'>): object {
  return {
    apiVersion: 'sources.knative.dev/v1',
    kind: 'PingSource',
    metadata: { name },
    spec: { schedule: cron(rate), contentType: 'application/json', data: '{}', sink: subscriber(name) },
  };
}

/** Wakes the function for records of its topic; it reads them itself, in its own group. */
export function topicSource(name: string, { topic }: TriggerOf<'topic'>): object {
  return {
    apiVersion: 'sources.knative.dev/v1beta1',
    kind: 'KafkaSource',
    metadata: { name },
    spec: {
      consumerGroup: `knative-${name}`,
      bootstrapServers: ['aurum-kafka-bootstrap.kafka:9092'],
      topics: [topic],
      initialOffset: 'earliest',
      sink: subscriber(name),
    },
  };
}

const LONGEST = { minute: 60, hour: 24, day: 1 } as const;

/** `rate(5 minutes)` as cron. @throws when cron has no equal: 7 minutes do not fill an hour. */
export function cron(rate: string): string {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(rate) ?? [];
  const every = Number(count);
  const longest = LONGEST[unit as keyof typeof LONGEST];
  if (longest === undefined || every === 0 || longest % every !== 0)
    throw new Error(`cron cannot say ${rate}`);
  const step = every === 1 ? '*' : `*/${every}`;
  return { minute: `${step} * * * *`, hour: `0 ${step} * * *`, day: '0 0 * * *' }[
    unit as keyof typeof LONGEST
  ];
}
