/**
 * The inside of a parsing thread: loads the entry module it is told, then parses one workbook a message.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { ParseOutcome, WorkbookSource } from '#lib/ports/workbook-parser.ts';
import { buffersOf, failureOf, type ParseReply, type ParseRequest, parseError } from './parse-message.ts';

const port = parentPort;
if (port === null) throw new Error('parse-thread.ts runs in a worker thread only');

const { parse }: { parse: (source: WorkbookSource) => ParseOutcome } = await import(workerData.entry);

port.on('message', ({ source }: ParseRequest) => {
  try {
    const outcome = parse(source);
    port.postMessage({ kind: 'done', outcome } satisfies ParseReply, buffersOf(outcome));
  } catch (error) {
    const failure = failureOf(parseError(error, source.source_file));
    port.postMessage({ kind: 'failed', failure } satisfies ParseReply);
  }
});
port.postMessage({ kind: 'ready' } satisfies ParseReply);
