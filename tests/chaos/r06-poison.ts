/** R6: poison among good workbooks: bytes that are none, a truncated one, and a stage object that no stage wrote. */
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { MAX_TRIES } from '#lib/flows/dead-letter.ts';
import { account, recordsOf } from './account.ts';
import { createdEvent, startEventing, upload } from './eventing.ts';
import { onSite, scenario } from './scenario.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook, workbookOf } from './workbooks.ts';

const ONE_IN = 100;
const KINDS = 3;

export const r06 = scenario(
  { id: 'R6', what: 'poison among good workbooks' },
  onSite(async ({ site, size }) => {
    const count = size(300, 24);
    const poisons = Math.max(KINDS, Math.round(count / ONE_IN));
    const eventing = await startEventing(site.open, { lanes: 4 });
    const { ports } = eventing;
    const every = Math.floor(count / poisons);
    const good: ChaosWorkbook[] = [];
    const poison: string[] = [];
    for (const [index, day] of marketDays(count).entries()) {
      const workbook = await smallWorkbook(day);
      if (index % every === Math.floor(every / 2) && poison.length < poisons) {
        poison.push(await emitPoison(poison.length % KINDS, workbook));
      } else {
        good.push(workbook);
        eventing.emit(await upload(ports, workbook));
      }
    }
    await eventing.idle();

    const found = await account(site, { released: good, dead_letters: poison });
    const letters = await recordsOf(ports, ingestErrorTopic);
    for (const { source, code, message, remedy } of letters)
      if (code === '' || message === '')
        found.wrong.push(`the dead letter of ${source} has no reason ${remedy}`);
    const tries = eventing.counts.again;
    const most = (MAX_TRIES - 1) * poison.length;
    if (tries > most) found.wrong.push(`${tries} deliveries made again, ${most} at most were due`);
    const codes = [...new Set(letters.map(({ code }) => code))].join(', ');
    return {
      ...found,
      tried: `${poison.length} poison among ${good.length} good`,
      note: `dead letters: ${codes}`,
    };

    /** @returns the key its dead letter names. */
    async function emitPoison(kind: number, workbook: ChaosWorkbook): Promise<string> {
      const { day, file, bytes, version } = workbook;
      if (kind < 2) {
        const spoilt =
          kind === 0 ? new TextEncoder().encode(`<html>${day}</html>`) : bytes.slice(0, bytes.length / 2);
        eventing.emit(await upload(ports, workbookOf(day, file, spoilt)));
        return workbook.key;
      }
      // What only a stage may write; every try of the gate fails on it.
      const key = `staged/${version}/report.json`;
      const unwatched = await site.open();
      const put = await unwatched.objects.put(key, '{}');
      if (put.outcome === 'stored') eventing.emit(createdEvent(ports, key, put.etag));
      return key;
    }
  }),
);
