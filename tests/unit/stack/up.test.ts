import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask } from '../../../stack/ask.ts';
import { runningAt } from '../../../stack/process.ts';
import { type Daemon, HOST, type Service, siteOf } from '../../../stack/service.ts';
import { statusOf, table } from '../../../stack/status.ts';
import { down, up } from '../../../stack/up.ts';
import { fakeService, freePort, ownStackHome } from './fake-service.ts';

let remove: () => void;
let home: string;
let said: string[];
let services: Service[];
const say = (line: string) => void said.push(line);
const starts = (port: number) => ask(`http://${HOST}:${port}`);

beforeEach(() => {
  ({ home, remove } = ownStackHome());
  said = [];
  services = [];
});
afterEach(async () => {
  await down(services, say);
  remove();
});

describe('a service brought up', () => {
  test('is left running as it is by a second run', async () => {
    const port = await freePort();
    services = [fakeService('one', port)];
    await up(services, say);
    const first = runningAt(siteOf(services[0]!));
    await up(services, say);
    expect(runningAt(siteOf(services[0]!))).toEqual(first);
    expect(await starts(port)).toBe('1');
    expect(said.at(-1)).toMatch(/^one: running port/);
  });

  test('is restarted when its settings have changed', async () => {
    const port = await freePort();
    services = [fakeService('one', port)];
    await up(services, say);
    const changed = (site: { data: string }) => ({
      ...fakeService('one', port).daemon({ ...siteOf(services[0]!), ...site }),
      environment: { EXTRA: 'on' },
    });
    await up([fakeService('one', port, { daemon: changed })], say);
    expect(said).toContain('one: settings have changed, restarting');
    expect(await starts(port)).toBe('2');
  });

  test('keeps its data over a stop, and loses it with a fresh start', async () => {
    const port = await freePort();
    services = [fakeService('one', port)];
    await up(services, say);
    await down(services, say);
    expect(runningAt(siteOf(services[0]!))).toBeUndefined();
    await up(services, say);
    expect(await starts(port)).toBe('2');
    await up(services, say, true);
    expect(await starts(port)).toBe('1');
  });

  test('starts after those it needs and stops before them', async () => {
    const [first, second] = [await freePort(), await freePort()];
    services = [fakeService('late', second, { after: ['early'] }), fakeService('early', first)];
    await up(services, say);
    expect(said.map((line) => line.split(':')[0])).toEqual(['early', 'late']);
    said = [];
    await down(services, say);
    expect(said.map((line) => line.split(':')[0])).toEqual(['late', 'early']);
  });

  test('is brought up once by two runs at the same time', async () => {
    const port = await freePort();
    services = [fakeService('one', port)];
    await Promise.all([up(services, say), up(services, say)]);
    expect(await starts(port)).toBe('1');
    expect(said).toContain('waiting for another run on this stack');
  });
});

describe('what keeps a service from coming up is named', () => {
  test('a foreign process on its port, with the remedy, while the others come up', async () => {
    const [taken, free] = [await freePort(), await freePort()];
    const foreign = createServer().listen(taken, HOST);
    await once(foreign, 'listening');
    services = [fakeService('blocked', taken), fakeService('other', free)];
    const failed = up(services, say);
    await expect(failed).rejects.toThrow(
      new RegExp(`blocked: port ${taken} is taken by pid ${process.pid} .*AURUM_STACK_PORT_SHIFT`),
    );
    expect(await starts(free)).toBe('1');
    expect((await statusOf(services)).map(({ state }) => state.replace(/ \(.*/, ''))).toEqual([
      `taken by pid ${process.pid}`,
      'healthy',
    ]);
    foreign.close();
  });

  test('its last words, when it ends while starting', async () => {
    const program = 'console.error("no such warehouse"); process.exit(3)';
    const daemon = (): Daemon => ({ argv: [process.execPath, '-e', program] });
    services = [fakeService('brief', await freePort(), { daemon })];
    await expect(up(services, say)).rejects.toThrow(/brief: it ended while starting.*no such warehouse/s);
  });

  test('a program that is not there', async () => {
    const daemon = (): Daemon => ({ argv: [join(home, 'absent')] });
    services = [fakeService('absent', await freePort(), { daemon })];
    await expect(up(services, say)).rejects.toThrow(/absent could not be started/);
  });
});

test('an installation that is killed is made again, a finished one is not', async () => {
  let installed = 0;
  const install = async (folder: string) => {
    installed += 1;
    expect(existsSync(join(folder, 'half'))).toBe(false);
    writeFileSync(join(folder, 'half'), '');
    if (installed === 1) throw new Error('killed');
  };
  services = [fakeService('one', await freePort(), { install })];
  await expect(up(services, say)).rejects.toThrow('killed');
  expect(existsSync(siteOf(services[0]!).software)).toBe(false);
  await up(services, say);
  await up(services, say);
  expect(installed).toBe(2);
});

test('a pid file whose pid was given to another process is not taken for the service', async () => {
  services = [fakeService('one', await freePort())];
  await up(services, say);
  await down(services, say);
  const site = siteOf(services[0]!);
  writeFileSync(join(site.run, 'pid'), `${process.pid} 1 0123456789abcdef\n`);
  expect(runningAt(site)).toBeUndefined();
  await down(services, say); // and stopping it does not end this test
  expect((await statusOf(services))[0]?.state).toBe('stopped');
});

test('the status is a table with one line per service', async () => {
  const port = await freePort();
  services = [fakeService('one', port)];
  await up(services, say);
  const lines = table(await statusOf(services)).split('\n');
  expect(lines[0]).toMatch(/^service +state +port +pid +rss +data$/);
  expect(lines[1]).toMatch(new RegExp(`^one +healthy +${port} +\\d+ +\\d+ MB +${home}`));
});
