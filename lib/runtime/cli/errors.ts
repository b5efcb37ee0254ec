/** An error as one line for a person and as an exit code. */
import { AurumError, errorLine } from '#lib/domain/errors.ts';
import type { CommandIo } from './command.ts';

export const EXIT_REFUSED = 2;
/** Nothing disagrees, and of something nothing can be said. */
export const EXIT_NOT_PROVED = 1;
const EXIT_FAULT = 1;

/** @returns the exit code: what is wrong with the input is told apart from what is wrong with us. */
export function tellError(error: unknown, io: CommandIo): number {
  if (error instanceof AurumError) {
    io.tell(`aurum: ${errorLine(error.detail())}\n`);
    return error.kind === 'refused' ? EXIT_REFUSED : EXIT_FAULT;
  }
  io.tell(`aurum: unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_FAULT;
}
