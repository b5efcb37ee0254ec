/** How this process reaches Kafka, and what Kafka's errors mean to us. Knows no topic. */
import { Kafka, logLevel, type SASLOptions } from 'kafkajs';
import Cluster from 'kafkajs/src/cluster/index.js';
import socketFactory from 'kafkajs/src/network/socketFactory.js';
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';

export interface KafkaSettings {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  /** Names this process in the brokers' logs and quotas. */
  readonly client_id?: string;
  /** Over TLS; with `ca`, trusting who these certificates (PEM) are of instead of the public authorities. */
  readonly ssl?: boolean | { readonly ca: string };
  readonly sasl?: SASLOptions;
}

/** About four seconds of attempts: longer outages are the caller's to retry. */
const RETRY = { initialRetryTime: 200, retries: 4, maxRetryTime: 2_000 };
const CONNECTION_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 30_000;
const METADATA_MAX_AGE_MS = 60_000;
const DEFAULT_CLIENT_ID = 'aurum';

export function kafkaClient({ brokers, client_id, ssl, sasl }: KafkaSettings): Kafka {
  return new Kafka({
    brokers: [...brokers],
    clientId: client_id ?? DEFAULT_CLIENT_ID,
    ssl: ssl ?? false,
    ...(sasl === undefined ? {} : { sasl }),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    // What fails is thrown; kafkajs writes the rest to stdout, where only data goes.
    logLevel: logLevel.NOTHING,
  });
}

/** A connection of its own to all brokers, for requests the public client has no call for. */
export function kafkaCluster({ brokers, client_id, ssl, sasl }: KafkaSettings, kafka: Kafka): Cluster {
  return new Cluster({
    logger: kafka.logger(),
    socketFactory: socketFactory(),
    brokers,
    clientId: client_id ?? DEFAULT_CLIENT_ID,
    ssl: ssl ?? false,
    sasl,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    retry: RETRY,
    allowAutoTopicCreation: false,
    isolationLevel: 1,
  });
}

/** Another member's change, or ours coming too late: the group must be joined again. */
const REBALANCE = [
  'REBALANCE_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
];
const UNAUTHORISED = /AUTHORIZATION_FAILED$|^SASL_|^ILLEGAL_SASL_STATE$/;
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'];

interface KafkaFailure {
  readonly name?: string;
  readonly type?: string;
  readonly retriable?: boolean;
  readonly cause?: unknown;
  readonly originalError?: unknown;
}

/** The error and what caused it, outermost first. */
function* causes(error: unknown): Generator<KafkaFailure> {
  const seen = new Set<unknown>();
  for (let at = error; typeof at === 'object' && at !== null && !seen.has(at); ) {
    seen.add(at);
    const failure = at as KafkaFailure;
    yield failure;
    at = failure.cause ?? failure.originalError;
  }
}

/** The protocol's names of what went wrong: `UNKNOWN_TOPIC_OR_PARTITION`. */
export const hasType = (error: unknown, types: readonly string[]): boolean =>
  [...causes(error)].some(({ type }) => type !== undefined && types.includes(type));

export const isRebalance = (error: unknown): boolean => hasType(error, REBALANCE);

/** Whether newer metadata or a new connection may help. */
export const isTransient = (error: unknown): boolean =>
  [...causes(error)].some(({ retriable, name }) => retriable === true && name !== 'KafkaJSMemberIdRequired');

export function kafkaError(error: unknown, { brokers }: KafkaSettings, topic?: string): AurumError {
  if (error instanceof AurumError) return error;
  const chain = [...causes(error)];
  const types = chain.flatMap(({ type }) => type ?? []);
  const about = topic === undefined ? '' : ` for topic ${topic}`;
  const said = error instanceof Error ? error.message : String(error);
  if (
    types.some((type) => UNAUTHORISED.test(type)) ||
    chain.some(({ name }) => name === 'KafkaJSSASLAuthenticationError')
  ) {
    return new AurumError('fault', 'kafka_unauthorised', `Kafka refuses this process${about}: ${said}`, {
      cause: error,
      remedy:
        'Correct AURUM_KAFKA_SASL_USER and AURUM_KAFKA_SASL_PASSWORD, or the access rules of the topic and its transactional ids.',
    });
  }
  if (types.includes('UNKNOWN_TOPIC_OR_PARTITION')) {
    return busy('topic_missing', `Kafka has no topic ${topic ?? ''}`.trimEnd().concat('.'), {
      cause: error,
      remedy: 'Create the topics with `npm run bootstrap`.',
    });
  }
  if (TOO_LARGE.some((type) => types.includes(type))) {
    return refusal('event_too_large', `A record${about} is larger than the topic takes: ${said}`, {
      cause: error,
      remedy: 'Raise max.message.bytes of the topic, or publish smaller records.',
    });
  }
  const untrusted = /certificate|self-signed/i.test(said);
  return busy('kafka_unavailable', `Kafka at ${brokers.join(',')} does not answer${about}: ${said}`, {
    cause: error,
    remedy: untrusted
      ? 'Set AURUM_KAFKA_CA_FILE to the certificates of its authority.'
      : 'Start Kafka, or correct AURUM_KAFKA_BROKERS and AURUM_KAFKA_TLS.',
  });
}
