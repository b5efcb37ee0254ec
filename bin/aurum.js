#!/usr/bin/env node
// Starts the command line on a Node that runs TypeScript: this one, or the one this package pins.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_MAJOR = 24;
const entry = new URL('../lib/runtime/cli/aurum.ts', import.meta.url);

if (Number(process.versions.node.split('.')[0]) >= OLDEST_MAJOR) {
  await import(entry.href);
} else {
  const pinned = dirname(createRequire(import.meta.url).resolve('node/package.json'));
  const { status } = spawnSync(
    join(pinned, 'bin', 'node'),
    [fileURLToPath(entry), ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
}
