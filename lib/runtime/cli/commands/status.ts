/** `aurum status`: what arrived, at which stage it is, why something is red. */
import type { IngestEntry } from '#lib/ports/ingest-log.ts';
import { apiClient } from '../api-client.ts';
import { type Command, dateOption } from '../command.ts';
import { tableText } from '../text.ts';
import { waitingHotfixes } from './hotfix.ts';

const MAX_ENTRIES = '1000';

export const command: Command = {
  name: 'status',
  summary: 'what arrived, at which stage it is, why something is red',
  usage: 'status [--as-of DATE] [--format text|ndjson]',
  options: {
    'as-of': { value: 'DATE', description: 'only workbooks of this market day' },
    format: { value: 'F', description: 'default text', choices: ['text', 'ndjson'] },
  },
  run: async (given, io) => {
    const asof = dateOption(given, 'as-of', 'status');
    const api = apiClient(io);
    const { data } = await api<(IngestEntry & { file: string })[]>('/v1/ingest', {
      asof,
      limit: MAX_ENTRIES,
    });
    if (given.options.format === 'ndjson') {
      for (const entry of data) await io.out(`${JSON.stringify(entry)}\n`);
    } else {
      const held = data.some(({ stage }) => stage === 'gated') ? await waitingHotfixes(api) : [];
      const waiting = new Set(held.map(({ version }) => version));
      const rows = data.map((entry) => [
        entry.file,
        entry.vendor,
        entry.asof_date,
        entry.stage,
        waiting.has(entry.version ?? '') && entry.stage === 'gated' ? 'waits for approval' : entry.status,
        entry.at,
        entry.version,
        entry.detail,
      ]);
      await io.out(
        tableText(['FILE', 'VENDOR', 'AS-OF', 'STAGE', 'STATUS', 'AT', 'VERSION', 'DETAIL'], rows),
      );
    }
    if (data.length === 0) io.tell('Nothing arrived yet. Drop a workbook with: aurum ingest FILE..\n');
    return undefined;
  },
};
