/**
 * Parses workbooks in a thread of their own, one at a time: the event loop stays free, and a workbook that takes too
 * long or too much memory is stopped with its thread. Later workbooks wait their turn and get a new thread.
 */
import { Worker } from 'node:worker_threads';
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';
import type { ParseOutcome, WorkbookParser, WorkbookSource } from '#lib/ports/workbook-parser.ts';
import { errorOf, type ParseReply, type ParseRequest } from './parse-message.ts';

export interface WorkerThreadOptions {
  /** Module that exports `parse(source: WorkbookSource): ParseOutcome`; the thread imports it. */
  readonly entry: URL;
  /** Wall time one workbook may take. */
  readonly timeout_ms?: number;
  /** Heap of the thread, without the buffers of files and cells, which the reader's own limits bound. */
  readonly heap_mb?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_HEAP_MB = 400;
const THREAD = new URL('./parse-thread.ts', import.meta.url);

export function workerThreadParser(options: WorkerThreadOptions): WorkbookParser {
  const timeout_ms = options.timeout_ms ?? DEFAULT_TIMEOUT_MS;
  let thread: Promise<Worker> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  async function parseNow(source: WorkbookSource): Promise<ParseOutcome> {
    if (isClosed) throw closed();
    thread ??= startThread(options);
    const worker = await thread.catch((error) => {
      thread = undefined;
      throw error;
    });
    const ended = await runOne(worker, source, timeout_ms);
    if (!ended.isThreadAlive) thread = undefined;
    if (ended.error === undefined) return ended.outcome;
    throw isClosed ? closed() : ended.error;
  }

  return {
    parse(source) {
      const parsed = turn.then(() => parseNow(source));
      // The next one waits for this one, whatever becomes of it; its error reaches its own caller.
      turn = parsed.then(
        () => undefined,
        () => undefined,
      );
      return parsed;
    },
    async close() {
      isClosed = true;
      const worker = await thread?.catch(() => undefined);
      await worker?.terminate();
    },
  };
}

/** A thread that has loaded the entry module. It holds the process open only while it works. */
function startThread({ entry, heap_mb }: WorkerThreadOptions): Promise<Worker> {
  const worker = new Worker(THREAD, {
    workerData: { entry: entry.href },
    // Nothing of the process's settings and credentials belongs beside a file from outside.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: heap_mb ?? DEFAULT_HEAP_MB },
  });
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => {
      reject(new AurumError('fault', 'parse_thread_failed', 'The parsing thread could not start', { cause }));
    };
    const unlisten = listen(worker, failed, () => {
      unlisten();
      worker.unref();
      resolve(worker);
    });
  });
}

/** Until unlistened, one of the two is called for whatever the thread says or does. */
function listen(
  worker: Worker,
  ended: (cause: Error) => void,
  said: (reply: ParseReply) => void,
): () => void {
  const exited = (code: number) => ended(new Error(`the thread ended with code ${code}`));
  worker.on('error', ended).on('exit', exited).on('message', said);
  // Each by name: after removeAllListeners a worker delivers no message ever again.
  return () => void worker.off('error', ended).off('exit', exited).off('message', said);
}

type Ended =
  | { readonly isThreadAlive: boolean; readonly outcome: ParseOutcome; readonly error?: undefined }
  | { readonly isThreadAlive: boolean; readonly error: AurumError };

/** One workbook through the thread: its outcome, its error, or the thread's end. */
function runOne(worker: Worker, source: WorkbookSource, timeout_ms: number): Promise<Ended> {
  const file = source.source_file;
  return new Promise((resolve) => {
    const end = (ended: Ended) => {
      clearTimeout(timer);
      unlisten();
      if (ended.isThreadAlive) worker.unref();
      else void stop(worker);
      resolve(ended);
    };
    const unlisten = listen(
      worker,
      (cause) => end({ isThreadAlive: false, error: threadError(file, cause) }),
      (reply) => {
        if (reply.kind === 'done') end({ isThreadAlive: true, outcome: reply.outcome });
        else if (reply.kind === 'failed') end({ isThreadAlive: true, error: errorOf(reply.failure) });
      },
    );
    const timer = setTimeout(
      () => end({ isThreadAlive: false, error: timedOut(file, timeout_ms) }),
      timeout_ms,
    );
    worker.ref();
    // A copy of exactly the file's bytes, handed over: cloning a view would copy the whole buffer behind it.
    const bytes = new Uint8Array(source.bytes);
    worker.postMessage({ source: { ...source, bytes } } satisfies ParseRequest, [bytes.buffer]);
  });
}

/** A dying thread may still report errors; they belong to a workbook that has been answered. */
async function stop(worker: Worker): Promise<void> {
  worker.on('error', () => undefined);
  await worker.terminate();
}

function timedOut(file: string, timeout_ms: number): AurumError {
  return refusal('workbook_timeout', `Reading the workbook was stopped after ${timeout_ms} ms`, {
    file,
    remedy: 'Deliver a smaller workbook.',
  });
}

function threadError(file: string, cause: unknown): AurumError {
  if ((cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return refusal('workbook_too_large', 'Reading the workbook took more memory than it may', {
      file,
      remedy: 'Deliver a smaller workbook.',
    });
  }
  return new AurumError('fault', 'parse_thread_failed', 'The parsing thread ended', { file, cause });
}

function closed(): AurumError {
  return busy('parser_closed', 'The parser is being closed', { remedy: 'Deliver the workbook again.' });
}
