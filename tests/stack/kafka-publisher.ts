/**
 * Works on a topic of readings in a process of its own. Arguments: settings as JSON, then one of
 * `crash MARKER ROWS N before|after`: publishes once and is killed at its Nth request that writes,
 * `race`: publishes each marker its parent sends, at once, and sends back what came out,
 * `drain TOPIC`: drains it, sends each count to its parent, and is killed at the 400th.
 */
import { Socket } from 'node:net';
import { type KafkaEventBusSettings, kafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { reading, readings } from '#tests/contract/event-bus/cases.ts';

const [settings, what, marker = '', rows, nth, when] = process.argv.slice(2) as string[];
const bus = kafkaEventBus(JSON.parse(settings!) as KafkaEventBusSettings);
const topic = readings();

/** InitProducerId, AddPartitionsToTxn, Produce, EndTxn: the requests of a transaction, by their key in the header. */
const WRITING = [22, 24, 0, 26];

function killAt(request: number, flushed: boolean): void {
  const write = Socket.prototype.write;
  const kill = () => process.kill(process.pid, 'SIGKILL');
  let seen = 0;
  Socket.prototype.write = function (this: Socket, ...args: unknown[]) {
    const [bytes] = args;
    const writes = Buffer.isBuffer(bytes) && bytes.length > 8 && WRITING.includes(bytes.readInt16BE(4));
    if (!writes || ++seen !== request) return Reflect.apply(write, this, args) as boolean;
    if (!flushed) return kill();
    return Reflect.apply(write, this, [bytes, kill]) as boolean;
  } as typeof write;
}

if (what === 'crash') {
  killAt(Number(nth), when === 'after');
  const values = Array.from({ length: Number(rows) }, (_, count) =>
    reading(count, { station: `${marker} ${count % 50}` }),
  );
  process.stdout.write(await bus.publish(topic, marker, values));
  await bus.close();
} else if (what === 'drain') {
  await bus.drain({ ...topic, name: marker }, 'desk', async ({ value }) => {
    await new Promise((resolve) => process.send!(value.count, undefined, undefined, resolve));
    if (value.count === 400) process.kill(process.pid, 'SIGKILL');
  });
} else {
  process.on('message', async (next: string) => {
    const values = Array.from({ length: 50 }, (_, count) =>
      reading(count, { station: `${next} by ${process.pid}` }),
    );
    const outcome = await bus.publish(topic, next, values).catch((error: Error) => error.message);
    process.send!({ marker: next, outcome, pid: process.pid });
  });
  process.on('disconnect', () => bus.close());
}
