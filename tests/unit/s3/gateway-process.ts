/** A gateway in a process of its own, to be killed, whose notifications nobody takes. Sends its port when it listens. */
import { startS3Gateway } from '../../../local/s3/gateway.ts';

const { port } = await startS3Gateway({
  port: 0,
  data_dir: process.argv[2]!,
  access_key: 'minio',
  secret_key: 'minio123',
  buckets: ['aurum'],
  notifications: [
    { id: 'all', bucket: 'aurum', events: ['s3:ObjectCreated:*'], target: { url: 'http://127.0.0.1:9/' } },
  ],
});
process.send?.(port);
