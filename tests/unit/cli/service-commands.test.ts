import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { IngestEntry } from '#lib/ports/ingest-log.ts';
import { run } from './run.ts';

type Answer = readonly [status: number, body: unknown];

const VERSION = '20250912-0123456789abcdef';
const FILE = 'EOD_PW_20250912_1430.xlsx';
const KEY = `raw/vendor_curves/2025-09-12/${FILE}`;
const entry = (stage: IngestEntry['stage'], detail: string): IngestEntry & { file: string } => ({
  source_key: KEY,
  file: FILE,
  etag: 'e1',
  version: VERSION,
  vendor: 'pw',
  asof_date: '2025-09-12',
  stage,
  status: stage === 'published' ? 'done' : stage === 'quarantined' || stage === 'refused' ? 'red' : 'running',
  detail,
  at: '2025-09-12T21:20:00.000Z',
});
const data = (rows: unknown, meta: object = {}): Answer => [200, { meta, data: rows }];

let server: Server;
let environment: Record<string, string>;
let dir = '';
/** Requests as they came, and what answers them. */
let asked: string[] = [];
let answer: (url: URL) => Answer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aurum-cli-'));
  await writeFile(join(dir, FILE), 'workbook');
  server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://localhost');
    asked.push(`${request.method} ${url.pathname}${url.search}`);
    request.resume();
    if (request.method === 'PUT') {
      response.writeHead(200, { etag: '"e1"' }).end();
      return;
    }
    const [status, body] = answer(url);
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  environment = { AURUM_API_URL: `${url}/`, AURUM_S3_ENDPOINT: url };
});
afterAll(async () => {
  server.close();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(() => {
  asked = [];
});

describe('aurum ingest', () => {
  it('uploads below the as-of day and follows the delivery until it is published', async () => {
    const stages = [
      [],
      [entry('raw', '8 bytes')],
      [entry('staged', '2 rows')],
      [entry('published', '2 rows served')],
    ];
    let poll = 0;
    answer = () => data(stages[Math.min(poll++, stages.length - 1)]);
    const { code, out, told } = await run(['ingest', join(dir, FILE)], { environment });
    expect(code).toBe(0);
    expect(asked[0]).toBe(`PUT /aurum/${KEY}?x-id=PutObject`);
    expect(asked[1]).toBe(`GET /v1/ingest?key=${encodeURIComponent(KEY)}`);
    expect(told.trimEnd().split('\n')).toEqual([
      `${FILE}  uploaded`,
      `${FILE}  raw  8 bytes`,
      `${FILE}  staged  2 rows`,
      `${FILE}  published  2 rows served`,
    ]);
    expect(JSON.parse(out)).toMatchObject({ stage: 'published', version: VERSION });
  });

  it('does not take another delivery of the same key for its own', async () => {
    const old = { ...entry('published', 'yesterday'), etag: 'e0' };
    let poll = 0;
    answer = () =>
      data(poll++ === 0 ? [old] : [entry('quarantined', 'ask below bid at Fixed Prices - BidAsk!D14'), old]);
    const { code, told } = await run(['ingest', join(dir, FILE)], { environment });
    expect(code).toBe(2);
    expect(told).toContain(
      `aurum: ${FILE} quarantined: ask below bid at Fixed Prices - BidAsk!D14 See: aurum quarantine show ${VERSION}`,
    );
  });

  it('draws bars over one another on a terminal', async () => {
    let poll = 0;
    answer = ({ pathname }) => {
      if (pathname === '/v1/hotfixes') return data([]);
      return data([poll++ === 0 ? entry('gated', 'green') : entry('published', 'served')]);
    };
    const { told } = await run(['ingest', join(dir, FILE)], { environment, terminal: true });
    const frames = told.split('\u001b[1A');
    expect(frames).toHaveLength(2);
    expect(frames[0]).toContain(`${'█'.repeat(12)}${'░'.repeat(8)}  gated`);
    expect(frames[1]).toContain(`${'█'.repeat(20)}  published`);
  });

  it('does not wait for people: a correction that needs approval is where it stays', async () => {
    answer = ({ pathname }) =>
      data(pathname === '/v1/hotfixes' ? [{ version: VERSION }] : [entry('gated', 'green')]);
    const { code, told } = await run(['ingest', join(dir, FILE)], { environment });
    expect(code).toBe(2);
    expect(told).toContain(`waits for approval. See: aurum hotfix show ${VERSION}`);
    expect(asked.at(-1)).toBe('GET /v1/hotfixes?state=waiting');
    const { out } = await run(['status'], { environment });
    expect(out).toContain('gated  waits for approval');
  });

  it('gives up watching after --timeout, exit 1', async () => {
    answer = () => data([entry('raw', '8 bytes')]);
    const { code, told } = await run(['ingest', join(dir, FILE), '--timeout', '0'], { environment });
    expect(code).toBe(1);
    expect(told).toContain('(ingest_unfinished). It goes on without this command; see `aurum status`.');
  });
});

describe('aurum status', () => {
  it('prints a table, or the entries as they are', async () => {
    answer = () => data([entry('quarantined', 'strip differs')]);
    const table = await run(['status', '--as-of', '2025-09-12'], { environment });
    expect(asked).toEqual(['GET /v1/ingest?asof=2025-09-12&limit=1000']);
    expect(table.out).toMatch(/^FILE +VENDOR +AS-OF +STAGE/);
    expect(table.out).toMatch(new RegExp(`${FILE} +pw +2025-09-12 +quarantined +red .* strip differs\n$`));
    const lines = await run(['status', '--format', 'ndjson'], { environment });
    expect(JSON.parse(lines.out)).toEqual(entry('quarantined', 'strip differs'));
  });
});

describe('aurum quarantine', () => {
  const config = {
    type: 'expect_ask_at_least_bid',
    kwargs: { column: 'ask' },
    severity: 'critical',
    meta: {},
  };
  const exception_info = { raised_exception: false, exception_message: null, exception_traceback: null };
  const gate = {
    version: VERSION,
    standing: {
      state: 'proposed',
      not_overridable_because: null,
      blocking: [{ name: 'crossed_bid_ask', rule: 'ask is not below bid' }],
      decisions: [
        { number: 1, decision: 'override', subject: 'ann', decided_at: 'noon', reason: 'as quoted' },
      ],
    },
    verdict: 'red',
    summary: '1 of 20 expectations is not met',
    suites: [
      {
        results: [
          {
            success: true,
            expectation_config: { ...config, type: 'expect_something_else' },
            result: {},
            exception_info,
          },
          {
            success: false,
            expectation_config: config,
            result: { unexpected_count: 1, rows: [{ source_cell: 'Fixed Prices - Mid!D14' }] },
            exception_info,
          },
        ],
      },
    ],
    report: {
      source_file: FILE,
      asof_date: '2025-09-12',
      failure_count: 3,
      failures: [
        {
          sheet: 'S',
          cell: 'D15',
          code: 'unreadable_price',
          message: 'the text is no price',
          raw: 'see note',
        },
      ],
    },
  };

  it('lists what is held', async () => {
    answer = () =>
      data([
        {
          version: VERSION,
          vendor: 'pw',
          asof_date: '2025-09-12',
          source_file: FILE,
          summary: 'red',
          failure_count: 1,
          checked_at: 'now',
        },
      ]);
    const { out } = await run(['quarantine', 'list'], { environment });
    expect(out).toContain(VERSION);
  });

  it('shows what is red with its cells, and the cells that could not be read', async () => {
    answer = () => data(gate);
    const { out } = await run(['quarantine', 'show', VERSION], { environment });
    expect(asked).toEqual([`GET /v1/quarantine/${VERSION}`]);
    expect(out).toContain(
      'critical expect_ask_at_least_bid {"column":"ask"}: 1 row\n           Fixed Prices - Mid!D14',
    );
    expect(out).not.toContain('expect_something_else');
    expect(out).toContain('S!D15  the text is no price (unreadable_price): "see note"\n  and 2 more');
  });

  it("hands on the API's own problem, exit 2", async () => {
    answer = () => [
      404,
      {
        code: 'quarantine_not_found',
        detail: 'no workbook version x is in quarantine',
        remedy: 'List them.',
      },
    ];
    const { code, told } = await run(['quarantine', 'show', 'x'], { environment });
    expect(code).toBe(2);
    expect(told).toBe('aurum: no workbook version x is in quarantine (quarantine_not_found). List them.\n');
  });

  it.each([
    [500, '<html>', 'answered 500 (http_500)'],
    [200, '<html>', '(api_answer_unreadable)'],
  ])("answer %i %s is not the input's fault, exit 1", async (status, body, message) => {
    answer = () => [status, body];
    const { code, told } = await run(['quarantine', 'list'], { environment });
    expect(code).toBe(1);
    expect(told).toContain(message);
  });
});

describe('aurum curves', () => {
  it('passes the filters on and follows the pages', async () => {
    answer = (url) =>
      url.searchParams.has('cursor')
        ? data([{ value: 3 }], { next_cursor: null })
        : data([{ value: 1 }, { value: 2 }], { next_cursor: 'c1' });
    const { out } = await run(['curves', '--iso', 'PJM', '--tenor-type', 'MONTHLY'], { environment });
    expect(asked).toEqual([
      'GET /v1/curves?iso=PJM&tenor_type=MONTHLY&limit=10000',
      'GET /v1/curves?iso=PJM&tenor_type=MONTHLY&limit=10000&cursor=c1',
    ]);
    expect(out).toBe('{"value":1}\n{"value":2}\n{"value":3}\n');
  });

  it('stops at --limit and prints CSV', async () => {
    answer = () =>
      data([{ asof_date: '2025-09-12', source_file: '=cmd', value: 1.5 }], { next_cursor: 'c1' });
    const { out } = await run(['curves', '--limit', '1', '--format', 'csv'], { environment });
    expect(asked).toEqual(['GET /v1/curves?limit=1']);
    expect(out.split('\n')[1]).toMatch(/^2025-09-12,'=cmd,/);
  });
});
