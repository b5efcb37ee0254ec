#!/usr/bin/env node
/** The process around the command line: its streams, its environment and its exit code. */
import { once } from 'node:events';
import { loadEnvironment } from '#lib/runtime/environment.ts';
import type { CommandIo } from './command.ts';
import { tellError } from './errors.ts';
import { runCommandLine } from './main.ts';

// `aurum parse X | head`: the reader has what it wants.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const io: CommandIo = {
  out: async (data) => {
    if (!process.stdout.write(data)) await once(process.stdout, 'drain');
  },
  tell: (text) => {
    process.stderr.write(text);
  },
  terminal: process.stderr.isTTY === true,
  environment: process.env,
};

try {
  loadEnvironment();
  process.exitCode = await runCommandLine(process.argv.slice(2), io);
} catch (error) {
  process.exitCode = tellError(error, io);
}
