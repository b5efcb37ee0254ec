import { fork } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { NotificationBody } from '../../../local/s3/gateway.ts';
import { newest } from '../../../local/s3/state.ts';
import { openStore } from '../../../local/s3/store.ts';
import { runningGateway } from './running-gateway.ts';
import { send, signed } from './signed-request.ts';

const put = (port: number, key: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  send(port, { method: 'PUT', path: `/aurum/${key}`, body, headers });
const text = async (port: number, key: string) =>
  (await send(port, { path: `/aurum/${key}` })).body.toString();
const blobs = (folder: string) => readdirSync(join(folder, 'blobs'));

it('has everything again after a restart: bytes, metadata, versions, uploads', async () => {
  const { port, restart } = await runningGateway();
  await put(port, 'raw/a', 'one', { 'x-amz-meta-v': '1', 'content-type': 'text/csv' });
  const first = await send(port, { method: 'HEAD', path: '/aurum/raw/a' });
  await put(port, 'raw/a', 'two');
  await put(port, 'b', 'old');
  await put(port, 'b', 'new');
  await put(port, 'gone', 'x');
  await send(port, { method: 'DELETE', path: '/aurum/gone' });
  const begun = await send(port, { method: 'POST', path: '/aurum/big', query: { uploads: '' } });
  const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun.body.toString())![1]!;
  const part = await send(port, {
    method: 'PUT',
    path: '/aurum/big',
    query: { partNumber: '1', uploadId },
    body: 'part',
  });
  await restart();
  expect(await text(port, 'raw/a')).toBe('two');
  const versionId = String(first.headers['x-amz-version-id']);
  const old = await send(port, { path: '/aurum/raw/a', query: { versionId } });
  expect(old.body.toString()).toBe('one');
  expect(old.headers).toMatchObject({
    'x-amz-meta-v': '1',
    'content-type': 'text/csv',
    etag: first.headers.etag,
    'last-modified': first.headers['last-modified'],
  });
  expect(await text(port, 'b')).toBe('new');
  expect(await send(port, { path: '/aurum/gone' })).toMatchObject({ status: 404 });
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`;
  expect(await send(port, { method: 'POST', path: '/aurum/big', query: { uploadId }, body })).toMatchObject({
    status: 200,
  });
  expect(await text(port, 'big')).toBe('part');
});

it('cuts off a journal line torn by a crash, and sweeps the bytes nothing names', async () => {
  const { port, folder, restart, gateway } = await runningGateway();
  await put(port, 'a', 'kept');
  await gateway().close();
  const journal = join(folder, 'journal.ndjson');
  const whole = statSync(journal).size;
  appendFileSync(journal, readFileSync(journal).subarray(-100, -1));
  writeFileSync(join(folder, 'blobs', 'f'.repeat(32)), 'half a body');
  await restart();
  expect(statSync(journal).size).toBe(whole);
  expect(await text(port, 'a')).toBe('kept');
  expect(blobs(folder)).toHaveLength(1);
});

it('refuses to start on a journal damaged in the middle, saying where', async () => {
  const { folder, restart, gateway } = await runningGateway();
  await gateway().close();
  const journal = join(folder, 'journal.ndjson');
  writeFileSync(journal, `{"op":"head"\n${readFileSync(journal, 'utf8')}`);
  await expect(restart()).rejects.toThrow(/journal\.ndjson line 1 is damaged/);
});

it('keeps its journal short over many changes, and all that lives in it', async () => {
  const { port, folder, restart, gateway } = await runningGateway();
  await put(port, 'raw/a', 'one');
  await put(port, 'raw/a', 'two');
  await put(port, 'pointer', 'last');
  await gateway().close();
  const options = { data_dir: folder, versioned_prefixes: [], notifications: [], fsync: false };
  const store = openStore(options);
  const { sequencer } = store.state;
  const pointer = newest(store.bucket('aurum'), 'pointer')!;
  for (let i = 0; i < 12_000; i++) store.commit({ op: 'put', bucket: 'aurum', version: pointer });
  await store.close();
  const lines = readFileSync(join(folder, 'journal.ndjson'), 'utf8').split('\n').length;
  expect(lines).toBeLessThan(6_000);
  await restart();
  expect(await text(port, 'raw/a')).toBe('two');
  const versions = await send(port, { path: '/aurum', query: { versions: '', prefix: 'raw/' } });
  expect(versions.body.toString().match(/<Version>/g)).toHaveLength(2);
  await gateway().close();
  const again = openStore(options);
  expect(again.state.sequencer).toBe(sequencer);
  await again.close();
});

it('frees the bytes of what was replaced, deleted, refused or aborted', async () => {
  const { port, folder } = await runningGateway();
  await put(port, 'a', 'one');
  await put(port, 'a', 'two');
  await put(port, 'b', 'x');
  await send(port, { method: 'DELETE', path: '/aurum/b' });
  await put(port, 'c', 'x', { 'content-md5': Buffer.alloc(16).toString('base64') });
  await Promise.all(Array.from({ length: 10 }, (_, i) => put(port, 'd', `${i}`, { 'if-none-match': '*' })));
  const begun = await send(port, { method: 'POST', path: '/aurum/e', query: { uploads: '' } });
  const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun.body.toString())![1]!;
  await send(port, { method: 'PUT', path: '/aurum/e', query: { partNumber: '1', uploadId }, body: 'part' });
  await send(port, { method: 'DELETE', path: '/aurum/e', query: { uploadId } });
  await vi.waitFor(() => expect(blobs(folder)).toHaveLength(2)); // a and d
});

it('leaves the old object when an upload breaks off, and nothing of the new', async () => {
  const { port, folder } = await runningGateway();
  await put(port, 'a', 'old');
  const { target, headers } = signed(port, {
    method: 'PUT',
    path: '/aurum/a',
    content_sha256: 'UNSIGNED-PAYLOAD',
    headers: { 'content-length': '1000000' },
  });
  const socket = connect(port, '127.0.0.1');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`PUT ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  socket.write(Buffer.alloc(500_000, 1));
  await vi.waitFor(() => expect(blobs(folder)).toHaveLength(2));
  socket.destroy();
  await vi.waitFor(() => expect(blobs(folder)).toHaveLength(1));
  expect(await text(port, 'a')).toBe('old');
});

it('lets a reader finish an object that is replaced under it, also the part it has not come to', async () => {
  const { port, folder } = await runningGateway();
  const parts = [Buffer.alloc(24 * 1024 ** 2, 'o'), Buffer.alloc(100, 'p')];
  const begun = await send(port, { method: 'POST', path: '/aurum/a', query: { uploads: '' } });
  const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun.body.toString())![1]!;
  let body = '';
  for (const [index, part] of parts.entries()) {
    const query = { partNumber: String(index + 1), uploadId };
    const { headers } = await send(port, { method: 'PUT', path: '/aurum/a', query, body: part });
    body += `<Part><PartNumber>${index + 1}</PartNumber><ETag>${headers.etag}</ETag></Part>`;
  }
  body = `<CompleteMultipartUpload>${body}</CompleteMultipartUpload>`;
  await send(port, { method: 'POST', path: '/aurum/a', query: { uploadId }, body });
  const { target, headers } = signed(port, { path: '/aurum/a' });
  const response = await fetch(`http://127.0.0.1:${port}${target}`, { headers });
  const reader = response.body!.getReader();
  const pieces = [(await reader.read()).value!];
  await put(port, 'a', 'new');
  expect(await text(port, 'a')).toBe('new');
  for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value);
  expect(Buffer.concat(pieces).equals(Buffer.concat(parts))).toBe(true);
  await vi.waitFor(() => expect(blobs(folder)).toHaveLength(1));
});

it('loses no answered put and no notification of one when the process is killed at any moment', async () => {
  const probe = await runningGateway();
  const { folder } = probe;
  await probe.gateway().close();
  const answered = new Set<string>();
  let round = 0;
  for (; round < 3; round++) {
    const child = fork(new URL('./gateway-process.ts', import.meta.url), [folder]);
    const port = await new Promise<number>((resolve) =>
      child.once('message', (value) => resolve(Number(value))),
    );
    const dead = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    setTimeout(() => child.kill('SIGKILL'), 30 + round * 23);
    for (let i = 0; child.exitCode === null && child.signalCode === null; i++) {
      const keys = Array.from({ length: 8 }, (_, j) => `r${round}/${i}-${j}`);
      await Promise.all(
        keys.map(async (key) => {
          const done = await put(port, key, key.repeat(50)).catch(() => undefined);
          if (done?.status === 200) answered.add(key);
        }),
      );
    }
    await dead;
  }
  const announced = new Set<string>();
  const handle = async ({ Key }: NotificationBody) => void announced.add(Key.slice('aurum/'.length));
  const events = ['s3:ObjectCreated:*'];
  await probe.restart({ notifications: [{ id: 'all', bucket: 'aurum', events, target: { handle } }] });
  await vi.waitFor(() => expect(probe.gateway().pendingNotifications()).toBe(0));
  const { port } = probe;
  expect([...answered].filter((key) => !announced.has(key))).toEqual([]);
  expect(answered.size).toBeGreaterThan(0);
  const listed = await send(port, { path: '/aurum', query: { 'list-type': '2', prefix: 'r' } });
  expect(listed.status).toBe(200);
  for (const key of answered) expect(await text(port, key), key).toBe(key.repeat(50));
  for (const [, key] of listed.body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)) {
    expect(await text(port, key!), key).toBe(key!.repeat(50));
  }
  expect(existsSync(join(folder, 'journal.ndjson.new'))).toBe(false);
});
