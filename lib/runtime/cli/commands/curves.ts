/** `aurum curves`: rows of `GET /v1/curves`, page after page. Its options are the parameters of that route. */
import { csvLine } from '#lib/formats/text.ts';
import { CURVE_COLUMNS, type CurveObservation } from '#schemas/curve-observation.ts';
import { curveQuery, MAX_PAGE_SIZE } from '#schemas/curve-query.ts';
import { type Answer, apiClient } from '../api-client.ts';
import { type Command, wholeNumberOption } from '../command.ts';
import { queryGiven, queryOptions } from '../query-options.ts';

/** Pages are the command's own business. */
const { cursor: _cursor, limit: _limit, ...FILTERS } = curveQuery.shape;

export const command: Command = {
  name: 'curves',
  summary: 'rows of released curves',
  usage: 'curves [filters] [--limit N] [--format ndjson|csv]',
  details: 'All rows that hold every filter, page after page, as the API gives them.',
  options: {
    ...queryOptions(FILTERS),
    limit: { value: 'N', description: 'stop after so many rows' },
    format: { value: 'F', description: 'default ndjson', choices: ['ndjson', 'csv'] },
  },
  run: async (given, io) => {
    const get = apiClient(io);
    const filters = queryGiven(FILTERS, given);
    const csv = given.options.format === 'csv';
    let left = wholeNumberOption(given, 'limit', 'curves') ?? Number.POSITIVE_INFINITY;
    if (csv) await io.out(`${csvLine(CURVE_COLUMNS)}\n`);
    let cursor: string | undefined;
    let count = 0;
    while (left > 0) {
      const limit = String(Math.min(left, MAX_PAGE_SIZE));
      const page: Answer<Partial<CurveObservation>[]> = await get('/v1/curves', {
        ...filters,
        limit,
        cursor,
      });
      const line = csv
        ? (row: Partial<CurveObservation>) => `${csvLine(CURVE_COLUMNS.map((name) => row[name]))}\n`
        : ndjsonLine;
      await io.out(page.data.map(line).join(''));
      count += page.data.length;
      left -= page.data.length;
      if (typeof page.meta.next_cursor !== 'string') break;
      cursor = page.meta.next_cursor;
    }
    if (count === 0) io.tell('No row holds these filters. `aurum status` shows what is released.\n');
    return undefined;
  },
};

const ndjsonLine = (row: object): string => `${JSON.stringify(row)}\n`;
