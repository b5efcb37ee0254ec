/**
 * The process of a stage where S3 notifies an SQS queue and no Lambda takes it: polls AURUM_SQS_QUEUE_URL for the functions
 * that AURUM_FUNCTION names, all of those the queue is for, and answers /health and /ready on PORT.
 */
import { runHost } from './host-process.ts';
import { deliver, notifiedObjects } from './notified.ts';
import { pollSqs } from './sqs-poller.ts';

runHost({
  wanted: ['AURUM_SQS_QUEUE_URL'],
  consume: async ({ config, functions }) => {
    const { AURUM_SQS_ENDPOINT: endpoint, AURUM_CONCURRENCY: concurrency } = config;
    const { AURUM_S3_ACCESS_KEY: access_key, AURUM_S3_SECRET_KEY: secret_key } = config;
    return pollSqs({
      queue_url: config.AURUM_SQS_QUEUE_URL!,
      region: config.AURUM_S3_REGION,
      handle: (envelope) => deliver(functions, notifiedObjects(envelope)),
      // AWS knows the process by its role.
      ...(endpoint === undefined ? {} : { endpoint, credentials: { access_key, secret_key } }),
      ...(concurrency === undefined ? {} : { concurrency }),
    });
  },
});
