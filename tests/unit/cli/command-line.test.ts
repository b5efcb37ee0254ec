import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { run } from './run.ts';

const root = join(import.meta.dirname, '../../..');
const COMMANDS = [
  'parse',
  'inspect',
  'sample',
  'ingest',
  'status',
  'quarantine',
  'curves',
  'schemas',
  'secrets',
  'verify',
  'rebuild',
  'bootstrap',
];

describe('the command line', () => {
  it('lists every command on --help, as data', async () => {
    const { code, out, told } = await run(['--help']);
    expect(code).toBe(0);
    expect(told).toBe('');
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
  });

  it.each(COMMANDS)('describes %s with every option', async (name) => {
    const { code, out } = await run([name, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: aurum ${name}`);
  });

  it('without a command shows the overview as words and exits 2', async () => {
    const { code, out, told } = await run([]);
    expect([code, out]).toEqual([2, '']);
    expect(told).toContain('Usage: aurum <command>');
  });

  it.each([
    [['pasre'], 'there is no command "pasre" (unknown_command). Did you mean parse?'],
    [['xyzzy'], 'there is no command "xyzzy" (unknown_command). See: aurum --help'],
    [['constructor'], '(unknown_command)'],
    [
      ['parse', '--formt', 'csv', 'x'],
      'there is no option "--formt" (unknown_option). Did you mean --format?',
    ],
    [
      ['parse', 'x', '--format', 'xml'],
      '--format is one of ndjson, csv, parquet, not "xml" (option_value_unknown)',
    ],
    [['parse', 'x', '--format'], '--format needs a value: F (option_value_missing)'],
    [['parse', '--output', '--vendor', 'rp'], '--output needs a value: DIR (option_value_missing)'],
    [['parse'], 'no workbook is named (file_missing)'],
    [
      ['parse', 'a/x.xlsx', 'b/x.xlsx', '--output', 'o'],
      'x.xlsx: two workbooks have this name (output_name_taken)',
    ],
    [['inspect'], 'name one workbook (file_missing)'],
    [['sample', '--output', 'o'], '--as-of is needed (option_missing)'],
    [
      ['sample', '--as-of', '2025-02-30', '--output', 'o'],
      '--as-of is no calendar date YYYY-MM-DD: "2025-02-30" (date_invalid)',
    ],
    [
      ['sample', '--as-of', '2025-02-03', '--output', 'o', '--seed', '1.5'],
      '--seed is no whole number: "1.5" (number_invalid)',
    ],
    [['quarantine', 'shwo'], '(action_unknown)'],
    [['ingest', 'package.json'], 'package.json: the file name states no as-of day (asof_missing)'],
    [['status', '--as-of', 'yesterday'], '(date_invalid)'],
  ])('refuses %j in one line, exit 2', async (argv, message) => {
    const { code, out, told } = await run(argv);
    expect([code, out]).toEqual([2, '']);
    expect(told).toContain(message);
    expect(told.trimEnd()).not.toContain('\n');
  });

  it('says what to start when nothing listens, exit 1', async () => {
    const environment = { AURUM_API_URL: 'http://127.0.0.1:9', AURUM_S3_ENDPOINT: 'http://127.0.0.1:9' };
    for (const argv of [['status'], ['curves'], ['ingest', '--as-of', '2025-09-12', 'package.json']]) {
      const { code, out, told } = await run(argv, { environment });
      expect([code, out]).toEqual([1, '']);
      expect(told).toMatch(/^aurum: .*(api|s3)_unreachable\)\. Start it with `npm start`/);
    }
  });
});

describe('the process', () => {
  const start = (entry: string, ...argv: string[]) =>
    spawn(process.execPath, [join(root, entry), ...argv], { cwd: root });

  it('sets the exit code and keeps words off stdout', async () => {
    const refused = start('bin/aurum.js', 'inspect', 'package.json');
    const [out, told, [code]] = await Promise.all([
      text(refused.stdout),
      text(refused.stderr),
      once(refused, 'exit'),
    ]);
    expect([code, out]).toEqual([2, '']);
    expect(told).toMatch(/^aurum: package\.json: .*\(not_a_workbook\)/);
  });

  it('ends quietly when its reader has enough', async () => {
    const piped = start('lib/runtime/cli/aurum.ts', 'curves', '--help');
    piped.stdout.destroy();
    const [told, [code]] = await Promise.all([text(piped.stderr), once(piped, 'exit')]);
    expect([code, told]).toEqual([0, '']);
  });
});
