/**
 * The parts of kafkajs below its public interface that this adapter uses, with the shapes it relies on (kafkajs 2.2.4).
 * The public consumer reads through a group only, never says when it is at the end, and drops aborted records only when
 * transactions did not overlap; reading partitions by fetch requests has none of these faults.
 */
declare module 'kafkajs/src/cluster/index.js' {
  import type { ISocketFactory, Logger, RetryOptions, SASLOptions } from 'kafkajs';

  export interface RawMessage {
    readonly offset: string;
    readonly timestamp: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly isControlRecord: boolean;
    readonly batchContext: {
      readonly firstOffset: string;
      readonly lastOffsetDelta: number;
      readonly producerId: string;
      readonly inTransaction: boolean;
    };
  }

  export interface AbortedTransaction {
    readonly producerId: string;
    readonly firstOffset: string;
  }

  export interface FetchedPartition {
    readonly partition: number;
    readonly highWatermark: string;
    readonly lastStableOffset: string;
    readonly abortedTransactions: readonly AbortedTransaction[];
    readonly messages: readonly RawMessage[];
  }

  export interface Broker {
    fetch(request: {
      readonly isolationLevel: 0 | 1;
      readonly maxWaitTime: number;
      readonly maxBytes: number;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly {
          readonly partition: number;
          readonly fetchOffset: string;
          readonly maxBytes: number;
        }[];
      }[];
    }): Promise<{
      readonly clientSideThrottleTime?: number;
      readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[];
    }>;
  }

  export interface ClusterOptions {
    readonly logger: Logger;
    readonly socketFactory: ISocketFactory;
    readonly brokers: readonly string[];
    readonly clientId: string;
    readonly ssl: boolean | { readonly ca: string };
    readonly sasl: SASLOptions | undefined;
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly enforceRequestTimeout: boolean;
    readonly metadataMaxAge: number;
    readonly retry: RetryOptions;
    readonly allowAutoTopicCreation: boolean;
    /** 1: of committed records only. */
    readonly isolationLevel: 0 | 1;
  }

  export default class Cluster {
    constructor(options: ClusterOptions);
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    addTargetTopic(topic: string): Promise<void>;
    refreshMetadata(): Promise<void>;
    refreshMetadataIfNecessary(): Promise<void>;
    findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number }[];
    /** Partitions by the id of the broker that leads them. */
    findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
    findBroker(broker: { readonly nodeId: string }): Promise<Broker>;
    fetchTopicsOffset(
      topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number }[];
        readonly fromBeginning: boolean;
      }[],
    ): Promise<
      readonly {
        readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
      }[]
    >;
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  import type { ISocketFactory } from 'kafkajs';
  export default function socketFactory(): ISocketFactory;
}

declare module 'kafkajs/src/instrumentation/emitter.js' {
  export default class InstrumentationEventEmitter {}
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  import type { Assigner, Logger, RetryOptions } from 'kafkajs';
  import type Cluster from 'kafkajs/src/cluster/index.js';

  export default class ConsumerGroup {
    constructor(options: {
      readonly cluster: Cluster;
      readonly groupId: string;
      readonly topics: string[];
      readonly topicConfigurations: Record<string, { readonly fromBeginning: boolean }>;
      readonly logger: Logger;
      readonly instrumentationEmitter: object;
      readonly assigners: readonly Assigner[];
      readonly sessionTimeout: number;
      readonly rebalanceTimeout: number;
      readonly retry: RetryOptions;
      readonly autoCommit: boolean;
    });
    memberId: string | null;
    readonly offsetManager: {
      /** Asks for what is committed; a partition without a commit starts where its configuration says. */
      resolveOffsets(): Promise<void>;
      committedOffsets(): Record<string, Record<string, string>>;
    };
    connect(): Promise<void>;
    joinAndSync(): Promise<void>;
    leave(): Promise<void>;
    assigned(): readonly { readonly topic: string; readonly partitions: readonly number[] }[];
    heartbeat(options: { readonly interval: number }): Promise<void>;
    commitOffsets(offsets: {
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
      }[];
    }): Promise<void>;
  }
}
