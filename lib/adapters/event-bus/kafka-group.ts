/**
 * One member of a consumer group that takes what the group has not acknowledged and leaves. Membership and offsets are
 * the group's, by kafkajs; reading is ours. Knows nothing of what records hold.
 */
import type { Kafka } from 'kafkajs';
import { PartitionAssigners } from 'kafkajs';
import type Cluster from 'kafkajs/src/cluster/index.js';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import InstrumentationEventEmitter from 'kafkajs/src/instrumentation/emitter.js';
import { isRebalance } from './kafka-client.ts';
import type { KafkaLog, KafkaMessage } from './kafka-log.ts';

export interface GroupDrain {
  readonly kafka: Kafka;
  /** Of this drain alone: joining a group holds up all other requests of a connection. */
  readonly cluster: Cluster;
  readonly log: KafkaLog;
  readonly topic: string;
  readonly group: string;
  /** Where the drain ends, by partition. */
  readonly ends: ReadonlyMap<number, number>;
  /** Hands each record on, in order, and calls `handled` after each one. */
  readonly deliver: (partition: number, messages: readonly KafkaMessage[], handled: Handled) => Promise<void>;
}

/** Acknowledges all up to this offset; throws when another member has the partition now. */
export type Handled = (offset: number) => Promise<void>;

/** After a crash at most so many records come again. */
const COMMIT_EVERY = 256;
const SESSION_TIMEOUT_MS = 10_000;
const REBALANCE_TIMEOUT_MS = 60_000;
const HEARTBEAT_MS = 3_000;

/** Returns when every partition this member was given is read to its end; others see to theirs. */
export async function drainGroup(drain: GroupDrain): Promise<void> {
  const member = new ConsumerGroup({
    cluster: drain.cluster,
    groupId: drain.group,
    topics: [drain.topic],
    topicConfigurations: { [drain.topic]: { fromBeginning: true } },
    logger: drain.kafka.logger(),
    instrumentationEmitter: new InstrumentationEventEmitter(),
    assigners: [
      PartitionAssigners.roundRobin({
        groupId: drain.group,
        logger: drain.kafka.logger(),
        cluster: drain.cluster as never,
      }),
    ],
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    retry: { retries: 8 },
    autoCommit: false,
  });
  try {
    await drain.cluster.connect();
    await drain.cluster.addTargetTopic(drain.topic);
    await member.connect();
    await member.joinAndSync();
    while (!(await drainAssigned(member, drain))) await member.joinAndSync();
  } finally {
    // A member that cannot say good-bye is missed after its session's timeout; what happened before is what matters.
    await member.leave().catch(() => undefined);
    await drain.cluster.disconnect();
  }
}

/** @returns false when the group is rebalancing: what is ours now must be asked for again. */
async function drainAssigned(member: ConsumerGroup, drain: GroupDrain): Promise<boolean> {
  let lost: unknown;
  const beating = setInterval(() => {
    member.heartbeat({ interval: HEARTBEAT_MS }).catch((error: unknown) => {
      lost ??= error;
    });
  }, HEARTBEAT_MS / 3);
  const stillOurs = () => {
    if (lost !== undefined) throw lost;
  };
  try {
    await member.offsetManager.resolveOffsets();
    const committed = member.offsetManager.committedOffsets()[drain.topic] ?? {};
    const starts = await drain.log.offsets(drain.topic, 'start');
    for (const partition of member.assigned().flatMap(({ partitions }) => partitions)) {
      const from = Math.max(Number(committed[partition] ?? 0), starts.get(partition) ?? 0);
      await drainPartition(member, drain, { partition, from }, stillOurs);
    }
    return true;
  } catch (error) {
    if (isRebalance(error)) return false;
    throw error;
  } finally {
    clearInterval(beating);
  }
}

async function drainPartition(
  member: ConsumerGroup,
  { log, topic, ends, deliver }: GroupDrain,
  { partition, from }: { readonly partition: number; readonly from: number },
  stillOurs: () => void,
): Promise<void> {
  const end = ends.get(partition) ?? 0;
  let next = from;
  let written = from;
  const commit = async () => {
    if (next > written) {
      await member.commitOffsets({ topics: [{ topic, partitions: [{ partition, offset: String(next) }] }] });
    }
    written = next;
  };
  const handled: Handled = async (offset) => {
    next = offset + 1;
    if (next - written >= COMMIT_EVERY) await commit();
    stillOurs();
  };
  try {
    while (next < end) {
      stillOurs();
      const slice = await log.slice({ topic, partition, from: next });
      const due = slice.messages.filter(({ offset }) => offset < end);
      await deliver(partition, due, handled);
      next = Math.min(slice.next, end);
    }
  } finally {
    await commit();
  }
}
