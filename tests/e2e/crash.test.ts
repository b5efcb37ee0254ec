/** A process that dies between any two effects of the chain, and the event delivered again. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { qaResultTopic } from '#events/qa-result.ts';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { chainPorts, FIXED_NOW, runChain, upload } from '#tests/fixtures/chain.ts';
import { Crash, crashing, type Stores } from '#tests/fixtures/crash.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const DAY = '2025-09-12';
const stop = (): never => {
  throw new Crash();
};

/** Every object's content and every record of every topic. */
async function state(stores: Stores) {
  const objects: Record<string, string> = {};
  for await (const { key } of stores.objects.list(''))
    objects[key] = hash('sha256', (await stores.objects.get(key))!.body, 'hex');
  const records = [];
  for (const topic of [curveObservationTopic, qaResultTopic, alertTopic]) {
    for await (const { position, value } of stores.bus.read(topic as typeof curveObservationTopic))
      records.push([topic.name, position, value]);
  }
  return { objects, records: hash('sha256', JSON.stringify(records), 'hex'), count: records.length };
}

const stores = () => ({
  objects: memoryObjectStore({ now: () => new Date(FIXED_NOW), versioned_prefixes: [] }),
  bus: memoryEventBus(),
});

describe.each([
  ['a good workbook', {}, 54],
  ['a red workbook', { corrupt: 'crossed-bid-ask' }, 14],
] as const)('%s', (_, options, least) => {
  test('ends byte for byte as undisturbed, wherever it was stopped', async () => {
    const { file, bytes } = await sampleFile('pw', DAY, options);
    const undisturbed = stores();
    const ports = chainPorts(undisturbed);
    await runChain(ports, await upload(ports, file, DAY, bytes, '01'));
    const wanted = await state(undisturbed);

    let stopped = 0;
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at++) {
        const held = stores();
        const event = await upload(chainPorts(held), file, DAY, bytes, '01');
        const outcome = await runChain(chainPorts(crashing(held, { at, when, stop })), event).then(
          () => 'done',
          (error: unknown) => error,
        );
        if (outcome === 'done') break;
        expect(outcome).toBeInstanceOf(Crash);
        stopped += 1;
        await runChain(chainPorts(held), event);
        expect(await state(held), `stopped ${when} effect ${at}`).toEqual(wanted);
      }
    }
    expect(stopped).toBeGreaterThanOrEqual(least);
  }, 120_000);
});
