/** Which partition a key leads to, as every client of Kafka decides it. */
import { Partitioners } from 'kafkajs';

const partitionFor = Partitioners.DefaultPartitioner();
const NO_METADATA = { partitionErrorCode: 0, leader: 0, replicas: [], isr: [] };

/** @param partitions all of the topic's */
export function partitionOfKey(topic: string, partitions: Iterable<number>, key: string): number {
  const partitionMetadata = Array.from(partitions, (partitionId) => ({ ...NO_METADATA, partitionId }));
  return partitionFor({ topic, partitionMetadata, message: { key, value: null } });
}
