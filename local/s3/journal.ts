/**
 * The journal: one JSON line per change, appended before the change is answered, so that a change happened if and only
 * if its line is whole. A line torn by a crash is cut off at the next start. Knows nothing of what the entries mean.
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';

export interface Journal {
  /** Durable against a crash of the process when it returns, of the machine with `fsync`. */
  append(entry: unknown): void;
  /** Replaces the journal as a whole: the old one or the new one is there after a crash. Answers the lines written. */
  rewrite(entries: Iterable<unknown>): number;
  close(): void;
}

export interface JournalOptions {
  readonly file: string;
  readonly fsync: boolean;
}

/** Every whole entry of the file, oldest first; cuts a torn last line off. */
export function replay(file: string, take: (entry: unknown) => void): number {
  if (!fs.existsSync(file)) return 0;
  const bytes = fs.readFileSync(file);
  const whole = bytes.lastIndexOf(10) + 1;
  if (whole < bytes.length) fs.truncateSync(file, whole);
  let count = 0;
  for (let start = 0; start < whole; count++) {
    const end = bytes.indexOf(10, start);
    take(parsed(bytes.toString('utf8', start, end), file, count + 1));
    start = end + 1;
  }
  return count;
}

export function openJournal({ file, fsync }: JournalOptions): Journal {
  let handle = fs.openSync(file, 'a');
  let length = fs.fstatSync(handle).size;
  let open = true;
  if (fsync) syncFolder(dirname(file));
  return {
    append(entry) {
      if (!open) throw new Error(`journal ${file} is closed`);
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      try {
        for (let at = 0; at < line.length; ) at += fs.writeSync(handle, line, at);
        if (fsync) fs.fdatasyncSync(handle);
      } catch (error) {
        // Half a line would swallow the next one; the change did not happen.
        fs.ftruncateSync(handle, length);
        throw error;
      }
      length += line.length;
    },
    rewrite(entries) {
      const lines = writeLines(`${file}.new`, entries);
      const fresh = fs.openSync(`${file}.new`, 'a');
      fs.renameSync(`${file}.new`, file);
      fs.closeSync(handle);
      handle = fresh;
      length = fs.fstatSync(handle).size;
      if (fsync) syncFolder(dirname(file));
      return lines;
    },
    close() {
      open = false;
      fs.closeSync(handle);
    },
  };
}

function writeLines(file: string, entries: Iterable<unknown>): number {
  const handle = fs.openSync(file, 'w');
  let count = 0;
  let held = '';
  try {
    for (const entry of entries) {
      held += `${JSON.stringify(entry)}\n`;
      if (++count % 1000 > 0) continue;
      fs.writeFileSync(handle, held);
      held = '';
    }
    fs.writeFileSync(handle, held);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  return count;
}

/** Without it the bytes of a new file are durable and its name is not. */
function syncFolder(folder: string): void {
  const handle = fs.openSync(folder, 'r');
  fs.fsyncSync(handle);
  fs.closeSync(handle);
}

function parsed(line: string, file: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Error(
      `journal ${file} line ${number} is damaged. Restore the data folder, or move it away to start empty.`,
      { cause },
    );
  }
}
