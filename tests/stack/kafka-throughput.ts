/**
 * How long it takes to publish the rows of one large workbook, each publication in one transaction.
 * `node tests/stack/kafka-throughput.ts [rows] [runs]` prints a line per run.
 */
import { curveObservationTopic } from '#events/curve-observation.ts';
import { kafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { curveKey } from '#lib/domain/curve.ts';
import { row } from '#tests/fixtures/rows.ts';
import { deploy, newInstallation, removeInstallations } from './kafka-cluster.ts';

const [rows, runs] = process.argv.slice(2).map(Number);
const MONTHS = 120;

const values = Array.from({ length: rows ?? 28_000 }, (_, index) => {
  const location = `Location ${Math.floor(index / MONTHS)}`;
  const month = new Date(Date.UTC(2025, 9 + (index % MONTHS), 1)).toISOString().slice(0, 10);
  const value = 40 + Math.sin(index) * 17;
  const cell = `Fixed Prices - Mid!H${12 + index}`;
  const part = { location, contract_month: month, tenor_label: month.slice(0, 7), value, source_cell: cell };
  return { ...row(part), curve_key: curveKey({ ...row(part), location }) };
});

const settings = newInstallation();
await deploy(settings, [curveObservationTopic]);
const bus = kafkaEventBus(settings);
for (let run = 1; run <= (runs ?? 3); run++) {
  const began_ms = performance.now();
  await bus.publish(curveObservationTopic, `workbook ${run}`, values);
  const published_s = (performance.now() - began_ms) / 1000;
  let read = 0;
  const reading_ms = performance.now();
  for await (const _ of bus.read(curveObservationTopic)) read++;
  const read_s = (performance.now() - reading_ms) / 1000;
  process.stdout.write(`${JSON.stringify({ run, rows: values.length, published_s, read, read_s })}\n`);
}
await bus.close();
await removeInstallations();
