import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as minio from 'minio';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Notification, NotificationBody } from '../../../local/s3/gateway.ts';
import { KEYS, type RunningGateway, runningGateway } from './running-gateway.ts';
import { send } from './signed-request.ts';

interface Delivery {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: NotificationBody;
}

/** A webhook that answers what it is told to, and keeps what it was sent. */
async function webhook(answer: (body: NotificationBody, count: number) => number | 'hang up' = () => 200) {
  const got: Delivery[] = [];
  const server = createServer(async (message, response) => {
    let text = '';
    for await (const piece of message) text += piece;
    const body = JSON.parse(text) as NotificationBody;
    got.push({ headers: message.headers, body });
    const status = answer(body, got.length);
    if (status === 'hang up') message.socket.destroy();
    else response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got };
}

const rawPuts = (target: Notification['target']): Notification => ({
  id: 'parse-workbook',
  bucket: 'aurum',
  prefix: 'raw/',
  suffix: '.xlsx',
  events: ['s3:ObjectCreated:*'],
  target,
});

const put = ({ port }: RunningGateway, key: string, headers: Record<string, string> = {}, body = 'x') =>
  send(port, { method: 'PUT', path: `/aurum/${key}`, headers, body });
const keysOf = (deliveries: readonly Delivery[]) =>
  deliveries.map((one) => one.body.Key.slice('aurum/'.length));
const status = async ({ url }: RunningGateway) =>
  (await (await fetch(`${url}/_aurum/notifications`)).json()) as {
    pending: number;
    notifications: { id: string; pending: number; failed_attempts: number; last_error?: string }[];
  };
const settled = (running: RunningGateway) =>
  vi.waitFor(() => expect(running.gateway().pendingNotifications()).toBe(0), {
    timeout: 10_000,
    interval: 10,
  });

it('sends the body a MinIO server was recorded to send, field by field', async () => {
  const hook = await webhook();
  const running = await runningGateway({
    notifications: [rawPuts({ url: hook.url, headers: { authorization: 'Bearer token-1' } })],
  });
  const client = new minio.Client({
    endPoint: '127.0.0.1',
    port: running.port,
    useSSL: false,
    accessKey: KEYS.access_key,
    secretKey: KEYS.secret_key,
  });
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
  const stored = await client.putObject(
    'aurum',
    'raw/vendor_curves/2025-09-12/EOD PW+é_20250912.xlsx',
    Buffer.from('hello!'),
    6,
    {
      'X-Amz-Meta-Asof': '2025-09-12',
      'X-Amz-Meta-Vendor': 'pw',
      'content-type': type,
    },
  );
  await settled(running);
  expect(hook.got).toHaveLength(1);
  const { headers, body } = hook.got[0]!;
  expect(headers).toMatchObject({ authorization: 'Bearer token-1', 'content-type': 'application/json' });
  // The recording, with a pattern where a run differs from another; toEqual allows no field more or less.
  const like = (pattern: RegExp) => expect.stringMatching(pattern);
  expect(body).toEqual({
    EventName: 's3:ObjectCreated:Put',
    Key: 'aurum/raw/vendor_curves/2025-09-12/EOD PW+é_20250912.xlsx',
    Records: [
      {
        eventVersion: '2.0',
        eventSource: 'minio:s3',
        awsRegion: '',
        eventTime: like(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        eventName: 's3:ObjectCreated:Put',
        userIdentity: { principalId: 'minio' },
        requestParameters: { principalId: 'minio', region: '', sourceIPAddress: '127.0.0.1' },
        responseElements: {
          'x-amz-id-2': like(/^[0-9a-f]{64}$/),
          'x-amz-request-id': like(/^[0-9A-F]{16}$/),
          'x-minio-deployment-id': like(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
          'x-minio-origin-endpoint': running.url,
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'Config',
          bucket: { name: 'aurum', ownerIdentity: { principalId: 'minio' }, arn: 'arn:aws:s3:::aurum' },
          object: {
            key: 'raw%2Fvendor_curves%2F2025-09-12%2FEOD+PW%2B%C3%A9_20250912.xlsx',
            size: 6,
            eTag: stored.etag,
            contentType: type,
            userMetadata: {
              'X-Amz-Meta-Asof': '2025-09-12',
              'X-Amz-Meta-Vendor': 'pw',
              'content-type': type,
            },
            versionId: stored.versionId,
            sequencer: like(/^[0-9A-F]{16}$/),
          },
        },
        source: { host: '127.0.0.1', port: '', userAgent: like(/minio-js/) },
      },
    ],
  });
});

it('announces what matches prefix, suffix and event, and nothing else', async () => {
  const seen: string[] = [];
  const target = {
    handle: async (body: NotificationBody) => void seen.push(`${body.EventName} ${body.Key}`),
  };
  const running = await runningGateway({
    notifications: [
      rawPuts(target),
      { id: 'reads', bucket: 'aurum', prefix: 'raw/', events: ['s3:ObjectAccessed:Get'], target },
    ],
  });
  await put(running, 'raw/a.xlsx');
  await put(running, 'raw/a.txt');
  await put(running, 'staged/a.xlsx');
  await put(running, 'raw/a.xlsx', { 'if-none-match': '*' });
  await put(running, 'raw/none.xlsx', { 'if-match': '"x"' });
  await put(running, 'raw/bad.xlsx', { 'content-md5': Buffer.alloc(16).toString('base64') });
  await send(running.port, { method: 'PUT', path: '/aurum/raw/denied.xlsx', body: 'x', secret_key: 'other' });
  await send(running.port, {
    method: 'PUT',
    path: '/aurum/raw/copy.xlsx',
    headers: { 'x-amz-copy-source': '/aurum/raw/a.txt' },
  });
  await send(running.port, { method: 'HEAD', path: '/aurum/raw/a.xlsx' });
  await send(running.port, { path: '/aurum/raw/a.xlsx' });
  await send(running.port, { method: 'DELETE', path: '/aurum/raw/a.xlsx' });
  await settled(running);
  expect(seen.toSorted()).toEqual([
    's3:ObjectAccessed:Get aurum/raw/a.xlsx',
    's3:ObjectCreated:Copy aurum/raw/copy.xlsx',
    's3:ObjectCreated:Put aurum/raw/a.xlsx',
  ]);
});

it('gives a Get the sequencer of the version it reads, and every new version a higher one, also after restarts', async () => {
  const got: { event: string; sequencer: string }[] = [];
  const handle = async ({ EventName, Records }: NotificationBody) =>
    void got.push({ event: EventName, sequencer: Records[0]!.s3.object.sequencer });
  const notifications = [{ ...rawPuts({ handle }), events: ['s3:ObjectCreated:*', 's3:ObjectAccessed:Get'] }];
  const running = await runningGateway({ notifications });
  const puts = async () => {
    await Promise.all(Array.from({ length: 20 }, () => put(running, 'raw/a.xlsx')));
    await settled(running);
  };
  await puts();
  const highest = got
    .map((one) => one.sequencer)
    .sort()
    .at(-1);
  await send(running.port, { path: '/aurum/raw/a.xlsx' });
  await settled(running);
  expect(got.at(-1)).toEqual({ event: 's3:ObjectAccessed:Get', sequencer: highest });
  await running.restart();
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 60_000); // a clock set back must not turn the order around
  onTestFinished(() => void vi.restoreAllMocks());
  await puts();
  const created = got.filter((one) => one.event === 's3:ObjectCreated:Put').map((one) => one.sequencer);
  expect(new Set(created).size).toBe(40);
  const [before, after] = [created.slice(0, 20).sort(), created.slice(20).sort()];
  expect(after[0]! > before.at(-1)!).toBe(true);
});

it('sends again until the target takes it, and then never more', async () => {
  const answers: (number | 'hang up')[] = [404, 302, 'hang up', 204];
  const hook = await webhook((_, count) => answers[count - 1] ?? 200);
  const running = await runningGateway({ notifications: [rawPuts({ url: hook.url })] });
  await put(running, 'raw/a.xlsx');
  await vi.waitFor(() => expect(hook.got).toHaveLength(2), { timeout: 5_000 });
  await vi.waitFor(async () =>
    expect(await status(running)).toMatchObject({
      pending: 1,
      notifications: [
        { id: 'parse-workbook', pending: 1, failed_attempts: 2, last_error: 'the target answered 302' },
      ],
    }),
  );
  await settled(running);
  expect(hook.got).toHaveLength(4);
  expect(new Set(hook.got.map((one) => JSON.stringify(one.body))).size).toBe(1);
});

it('calls a slow target a few at a time', async () => {
  let now = 0;
  let most = 0;
  const handle = async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
  };
  const running = await runningGateway({ notifications: [{ ...rawPuts({ handle }), concurrency: 3 }] });
  await Promise.all(Array.from({ length: 30 }, (_, i) => put(running, `raw/${i}.xlsx`)));
  await settled(running);
  expect(most).toBe(3);
});

it('loses nothing while the target is down, over a restart, with 10 % of deliveries failing after', async () => {
  const down = 'http://127.0.0.1:9/hook';
  const running = await runningGateway({ notifications: [rawPuts({ url: down })] });
  const keys = Array.from({ length: 200 }, (_, i) => `raw/${String(i).padStart(3, '0')}.xlsx`);
  for (let i = 0; i < keys.length; i += 20)
    await Promise.all(keys.slice(i, i + 20).map((key) => put(running, key)));
  expect((await status(running)).pending).toBe(200);
  const hook = await webhook((_, count) => (count % 10 === 0 ? 503 : 200));
  await running.restart({ notifications: [rawPuts({ url: hook.url })] });
  await settled(running);
  expect([...new Set(keysOf(hook.got))].sort()).toEqual(keys);
  const taken = hook.got.length;
  await running.restart();
  expect((await status(running)).pending).toBe(0);
  expect(hook.got).toHaveLength(taken);
});

it('asks a target that refuses everything a few times a second, not once per event', async () => {
  let up = false;
  const hook = await webhook(() => (up ? 200 : 503));
  const running = await runningGateway({ notifications: [rawPuts({ url: hook.url })] });
  const keys = Array.from({ length: 150 }, (_, i) => `raw/${i}.xlsx`);
  await Promise.all(keys.map((key) => put(running, key)));
  await vi.waitFor(() => expect(hook.got.length).toBeGreaterThanOrEqual(150), { timeout: 10_000 });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(hook.got.length).toBeLessThan(200);
  up = true;
  await put(running, 'raw/fresh.xlsx'); // does not wait for the pause to end, and ends it
  await settled(running);
  expect(new Set(keysOf(hook.got)).size).toBe(151);
});

it('does not hold others up behind an event that is refused for ever', async () => {
  const seen: string[] = [];
  const handle = async ({ Key }: NotificationBody) => {
    if (Key.endsWith('poison.xlsx')) throw new Error('poison');
    seen.push(Key);
  };
  const running = await runningGateway({ notifications: [{ ...rawPuts({ handle }), concurrency: 1 }] });
  await put(running, 'raw/poison.xlsx');
  await vi.waitFor(async () =>
    expect((await status(running)).notifications[0]?.failed_attempts).toBeGreaterThan(1),
  );
  const start_ms = performance.now();
  for (let i = 0; i < 20; i++) await put(running, `raw/${i}.xlsx`);
  await vi.waitFor(() => expect(seen).toHaveLength(20), { interval: 10 });
  expect(performance.now() - start_ms).toBeLessThan(2_000);
  expect(running.gateway().pendingNotifications()).toBe(1);
});

it('keeps what is owed to a subscription that is away, and delivers it when it is back', async () => {
  const first: string[] = [];
  const fail = { handle: async () => Promise.reject(new Error('not yet')) };
  const take = { handle: async (body: NotificationBody) => void first.push(body.Key) };
  const running = await runningGateway({ notifications: [rawPuts(fail)] });
  await put(running, 'raw/a.xlsx');
  await running.gateway().reconfigure([]);
  await put(running, 'raw/unseen.xlsx');
  expect((await status(running)).pending).toBe(1);
  await running.gateway().reconfigure([rawPuts(take)]);
  await settled(running);
  expect(first).toEqual(['aurum/raw/a.xlsx']);
});

it('tells each of two subscriptions once, when one of them fails at first', async () => {
  const calls = { good: 0, bad: 0 };
  const good = { handle: async () => void calls.good++ };
  const bad = { handle: async () => void (++calls.bad < 3 && (await Promise.reject(new Error('busy')))) };
  const running = await runningGateway({
    notifications: [
      { ...rawPuts(good), id: 'good' },
      { ...rawPuts(bad), id: 'bad' },
    ],
  });
  await put(running, 'raw/a.xlsx');
  await settled(running);
  expect(calls).toEqual({ good: 1, bad: 3 });
});
