/** How far each delivery is: bars that are drawn again on a terminal, a line per stage anywhere else. */
import type { IngestEntry, IngestStage } from '#lib/ports/ingest-log.ts';
import type { CommandIo } from './command.ts';
import { printable } from './text.ts';

export interface Progress {
  readonly show: (file: string, entry: IngestEntry | undefined) => void;
}

/** Stages of a delivery that goes well, in order; a red one stops where it is. */
const WAY: readonly IngestStage[] = ['raw', 'staged', 'gated', 'released', 'published'];
const REACHED: Readonly<Record<IngestStage, number>> = {
  raw: 1,
  staged: 2,
  gated: 3,
  released: 4,
  published: 5,
  quarantined: 3,
  refused: 1,
};
const BAR_WIDTH = 20;
const DETAIL_WIDTH = 60;

export function progressOf(files: readonly string[], io: CommandIo): Progress {
  return io.terminal ? bars(files, io) : lines(io);
}

function lines({ tell }: CommandIo): Progress {
  const told = new Map<string, string>();
  return {
    show: (file, entry) => {
      const stage = entry?.stage ?? 'uploaded';
      if (told.get(file) === stage) return;
      told.set(file, stage);
      tell(printable(`${file}  ${stage}${entry === undefined ? '' : `  ${entry.detail}`}`).concat('\n'));
    },
  };
}

function bars(files: readonly string[], { tell }: CommandIo): Progress {
  const entries = new Map<string, IngestEntry | undefined>();
  const width = Math.max(...files.map((file) => file.length));
  let drawn = 0;
  const draw = (): void => {
    const text = [...new Set(files)].map((file) => barLine(file.padEnd(width), entries.get(file)));
    // Up to the first bar, and each line cleared to its end.
    const up = drawn === 0 ? '' : `\u001b[${drawn}A`;
    tell(up + text.map((line) => `${line}\u001b[K\n`).join(''));
    drawn = text.length;
  };
  return {
    show: (file, entry) => {
      entries.set(file, entry);
      draw();
    },
  };
}

function barLine(name: string, entry: IngestEntry | undefined): string {
  const reached = entry === undefined ? 0 : REACHED[entry.stage];
  const filled = Math.round((reached / WAY.length) * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const detail = printable(entry?.detail ?? '').slice(0, DETAIL_WIDTH);
  return `${printable(name)}  ${bar}  ${(entry?.stage ?? 'uploaded').padEnd(11)}  ${detail}`;
}
