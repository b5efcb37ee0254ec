/** A decision and what follows from it, stopped at each effect and delivered again: the end is the same to the byte. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { decideHotfix } from '#lib/flows/decide-hotfix.ts';
import { decideQuarantine } from '#lib/flows/decide-quarantine.ts';
import { ingestWorkbook } from '#lib/flows/ingest-workbook.ts';
import { gateWorkbook } from '#lib/flows/run-gate.ts';
import { verifyAudit } from '#lib/flows/verify-audit.ts';
import { type ChainOptions, type ChainPorts, chainPorts, FIXED_NOW, upload } from '#tests/fixtures/chain.ts';
import { Crash, crashing } from '#tests/fixtures/crash.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { APPROVE, actions, by, DAY, deliver, follow, OVERRIDE, published, red } from './steps.ts';

/** Every object's content. */
async function content(ports: ChainPorts): Promise<Record<string, string>> {
  const objects: Record<string, string> = {};
  for await (const { key } of ports.objects.list(''))
    objects[key] = hash('sha256', (await ports.objects.get(key))!.body, 'hex');
  return objects;
}

const stores = () => ({
  objects: memoryObjectStore({ now: () => new Date(FIXED_NOW), versioned_prefixes: [] }),
  bus: memoryEventBus(),
});

describe('stopped at any effect and delivered again', () => {
  /** What is done up to the last step, and the last step, which is stopped. */
  const ways: Readonly<
    Record<
      string,
      {
        options?: ChainOptions;
        prepare(ports: ChainPorts): Promise<string>;
        decide(version: string, ports: ChainPorts): Promise<unknown>;
      }
    >
  > = {
    'an approved override': {
      prepare: async (ports) => {
        const version = await red(ports);
        await decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
        return version;
      },
      decide: (version, ports) => decideQuarantine({ version, body: APPROVE }, ports, by('bob')),
    },
    'a retried gate': {
      prepare: (ports) => deliver({ ...ports, families: [] }, {}, '01'),
      decide: (version, ports) =>
        decideQuarantine({ version, body: { decision: 'retry', reason: 'full disk' } }, ports, by('ann')),
    },
    'a correction that needs no approval': {
      prepare: async (ports) => {
        await deliver(ports, {}, '01');
        const { file, bytes } = await sampleFile('pw', DAY, { seed: 2 });
        const ingested = await ingestWorkbook(await upload(ports, file, DAY, bytes, '02'), ports);
        if (ingested.outcome !== 'staged') throw new Error(ingested.outcome);
        await gateWorkbook(ingested.version, ports);
        return ingested.version;
      },
      decide: async () => undefined,
    },
    'an approved correction': {
      options: { hotfix_approval: true },
      prepare: async (ports) => {
        await deliver(ports, {}, '01');
        return deliver(ports, { seed: 2 }, '02', 'uma');
      },
      decide: (version, ports) =>
        decideHotfix({ version, body: { decision: 'approve', reason: 'checked' } }, ports, by('bob')),
    },
  };

  test.each(Object.keys(ways))('%s ends byte for byte as undisturbed', async (name) => {
    const { options = {}, prepare, decide } = ways[name]!;
    const portsOf = (held: ReturnType<typeof stores>) => chainPorts({ ...options, ...held });
    const calm = portsOf(stores());
    const version = await prepare(calm);
    await decide(version, calm);
    await follow(version, calm);
    const wanted = await content(calm);
    const records = await published(calm);
    const audited = await actions(calm);
    let stopped = 0;
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at++) {
        const held = stores();
        const ports = portsOf(held);
        await prepare(ports);
        const stop = (): never => {
          throw new Crash();
        };
        const stores_stopping = crashing(held, { at, when, stop });
        const stopping = { ...portsOf(stores_stopping), log: ports.log, audit: ports.audit };
        const outcome = await decide(version, stopping)
          .then(() => follow(version, stopping))
          .then(
            () => 'done',
            (error: unknown) => error,
          );
        if (outcome === 'done') break;
        expect(outcome).toBeInstanceOf(Crash);
        stopped += 1;
        // Whoever decided got no answer and says it again; the event comes again too.
        await decide(version, ports);
        await follow(version, ports);
        expect(await content(ports), `stopped ${when} effect ${at}`).toEqual(wanted);
        expect(await published(ports)).toBe(records);
        expect(await actions(ports)).toEqual(audited);
        expect((await verifyAudit(ports)).broken).toBeNull();
      }
    }
    expect(stopped).toBeGreaterThanOrEqual(30);
  });
});
