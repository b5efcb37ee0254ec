/** The chain: one workbook dropped to served, and a hundred in a row at constant memory, over in-memory stores. */
import { queryCurves } from '#lib/flows/query-curves.ts';
import { curveQuery } from '#schemas/curve-query.ts';
import { chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const print = (name: string, value: number, unit: string, note?: string) =>
  process.stdout.write(`${JSON.stringify({ name, value, unit, note })}\n`);

async function drop(ports: ReturnType<typeof chainPorts>, vendor: string, day: string): Promise<number> {
  const { file, bytes } = await sampleFile(vendor, day);
  const began_ms = performance.now();
  await runChain(ports, await upload(ports, file, day, bytes));
  const answer = await queryCurves(curveQuery.parse({ asof: day, limit: 1 }), ports, { entitlements: 'all' });
  if (answer.data.length === 0) throw new Error(`${vendor} ${day} is not served`);
  return performance.now() - began_ms;
}

const warm = chainPorts({ expected_vendors: ['eugp'] });
const times: number[] = [];
for (const day of [
  '2025-09-01',
  '2025-09-02',
  '2025-09-03',
  '2025-09-04',
  '2025-09-05',
  '2025-09-08',
  '2025-09-09',
]) {
  times.push(await drop(warm, 'eugp', day));
}
print('EUGP dropped to served, first', times[0]!, 'ms');
print('EUGP dropped to served, slowest of the next six', Math.max(...times.slice(1)), 'ms', '11,483 rows');

const many = chainPorts({ expected_vendors: ['eugp'] });
const { file, bytes } = await sampleFile('eugp', '2025-09-12');
const memory: number[] = [];
const began_ms = performance.now();
for (let index = 0; index < 100; index++) {
  await runChain(
    many,
    await upload(
      many,
      file.replace('1430', String(1000 + index)),
      '2025-09-12',
      bytes,
      String(index).padStart(4, '0'),
    ),
  );
  if (index % 25 === 24) {
    globalThis.gc?.();
    const { heapUsed } = process.memoryUsage();
    memory.push(heapUsed / 2 ** 20);
  }
}
print('100 EUGP workbooks in a row', performance.now() - began_ms, 'ms');
print('heap after 25, 50, 75, 100', memory.at(-1)!, 'MB', memory.map((used) => used.toFixed(0)).join(', '));
