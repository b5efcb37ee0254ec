/** `aurum ppa`: a PPA valued here from a file alone, or by the API on stored curves; contracts and valuations listed, replayed. */
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { refusal } from '#lib/domain/errors.ts';
import { valuePpa } from '#lib/domain/ppa/value.ts';
import type { PpaContractInput } from '#schemas/ppa-contract.ts';
import type { PpaMarketInput, PpaOptionsInput } from '#schemas/ppa-market.ts';
import type {
  PpaContractAnswer,
  PpaContractListAnswer,
  PpaReplayAnswer,
  PpaValuationSummary,
} from '#schemas/ppa-routes.ts';
import type { PpaRisk, PpaValuation } from '#schemas/ppa-valuation.ts';
import { apiClient } from '../api-client.ts';
import { type Command, type CommandArguments, type CommandIo, dateOption, usageError } from '../command.ts';
import { EXIT_NOT_PROVED, EXIT_REFUSED } from '../errors.ts';
import { readInput } from '../files.ts';
import { everyPage, replayText, replayThroughApi } from '../replay-valuations.ts';
import { counted, tableText } from '../text.ts';

export const command: Command = {
  name: 'ppa',
  summary: 'power purchase agreements: value, list, replay',
  usage: [
    'ppa value FILE [--curve KEY] [--as-of DATE] [--format table|json]',
    '       aurum ppa add FILE',
    '       aurum ppa contracts | valuations',
    '       aurum ppa replay HASH | --all',
  ].join('\n'),
  details: [
    'FILE holds {contract, market, valuation_date, options}; docs/economics.md describes them. With the prices in',
    'market.reference.prices nothing is asked for or stored. With --curve, or a market.reference that names its source as',
    'POST /v1/ppa/valuate takes it, the API values and stores it. FILE may be the contract alone, for add and --curve.',
    'replay makes a stored valuation again and exits 2 where a byte differs; with --all each that the caller may see, where this',
    'machine vouches for callers those of every tenant, and names the first that differs. Exit 1: another version of the code made',
    'it, and its figures are not those of today.',
  ].join('\n'),
  options: {
    curve: { value: 'KEY', description: 'value it on this released curve' },
    'as-of': {
      value: 'DATE',
      description: 'as-of day of the curve; of prices in the file the valuation date',
    },
    all: { value: '', description: 'replay every stored valuation', flag: true },
    format: { value: 'F', description: 'default table', choices: ['table', 'json'] },
  },
  run: async (given, io) => {
    const [action, name, ...more] = given.positionals;
    if (given.options.all === 'yes' && action === 'replay' && name === undefined) return replayAll(io);
    const found = action !== undefined && Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    const names = name === undefined ? 0 : 1 + more.length;
    if (found === undefined || names !== found.names) {
      throw usageError(
        'action_unknown',
        'say value FILE, add FILE, contracts, valuations, replay HASH, or replay --all',
        'ppa',
      );
    }
    return found.run({ given, io, asTable: given.options.format !== 'json' }, name ?? '');
  },
};

interface Session {
  readonly given: CommandArguments;
  readonly io: CommandIo;
  readonly asTable: boolean;
}

interface Action {
  readonly names: 0 | 1;
  readonly run: (session: Session, name: string) => Promise<number | undefined>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  value: { names: 1, run: value },
  add: { names: 1, run: add },
  contracts: { names: 0, run: contracts },
  valuations: { names: 0, run: valuations },
  replay: { names: 1, run: replay },
};

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the file holds; a contract alone as the contract of a valuation. */
async function valuationFile(path: string): Promise<Json> {
  const bytes = await readInput(path);
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw refusal('file_not_json', (cause as Error).message, { file: path, remedy: 'Write JSON.', cause });
  }
  if (!isObject(content)) {
    throw refusal('file_not_valuation', 'the file holds no JSON object', {
      file: path,
      remedy: 'Write {contract, market, valuation_date, options}.',
    });
  }
  return 'contract' in content || 'contract_id' in content ? content : { contract: content };
}

async function value(session: Session, path: string): Promise<undefined> {
  const { given, io, asTable } = session;
  const file = await valuationFile(path);
  const request = requestOf(file, given);
  const valuation = request === undefined ? valuedHere(file, given, path) : await valuedByApi(request, io);
  await io.out(asTable ? valuationText(valuation) : `${canonicalJson(valuation)}\n`);
}

/** What the API is asked; undefined where the file has the prices. */
function requestOf(file: Json, given: CommandArguments): Json | undefined {
  const market = isObject(file.market) ? file.market : {};
  const { curve } = given.options;
  const asof = dateOption(given, 'as-of', 'ppa');
  const day = asof === undefined ? {} : { asof };
  if (curve !== undefined) {
    return { ...file, market: { ...market, reference: { source: 'curve', curve_key: curve, ...day } } };
  }
  const { reference } = market;
  if (!isObject(reference) || !('source' in reference)) return undefined;
  const ofDay = reference.source === 'curve' ? { ...reference, ...day } : reference;
  return { ...file, market: { ...market, reference: ofDay } };
}

async function valuedByApi(request: Json, io: CommandIo): Promise<PpaValuation> {
  const { data } = await apiClient(io)<PpaValuation>('/v1/ppa/valuate', {}, request);
  return data;
}

function valuedHere(file: Json, given: CommandArguments, path: string): PpaValuation {
  const known = ['contract', 'market', 'valuation_date', 'options'];
  const unknown = Object.keys(file).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw refusal('ppa_file_invalid', `the file has a field "${unknown}"`, {
      file: path,
      field: unknown,
      remedy: `It may hold ${known.join(', ')}.`,
    });
  }
  if (file.market === undefined) {
    throw refusal('market_missing', 'the file has no market', {
      file: path,
      field: 'market',
      remedy: 'Write its prices there, or name a released curve with --curve.',
    });
  }
  return valuePpa(
    // Checked field by field, whatever it is.
    file.contract as PpaContractInput,
    file.market as PpaMarketInput,
    dateOption(given, 'as-of', 'ppa') ?? (file.valuation_date as string),
    file.options as PpaOptionsInput | undefined,
  );
}

async function add(session: Session, path: string): Promise<undefined> {
  const { contract } = await valuationFile(path);
  const { data } = await apiClient(session.io)<PpaContractAnswer['data']>('/v1/ppa/contracts', {}, contract);
  await session.io.out(session.asTable ? `${data.id}\n` : `${JSON.stringify(data)}\n`);
}

async function contracts(session: Session): Promise<undefined> {
  const rows = await everyPage<PpaContractListAnswer['data'][number]>(session.io, '/v1/ppa/contracts');
  await list(session, rows, ['ID', 'NAME', 'CREATED'], ({ id, name, created_at }) => [id, name, created_at]);
}

async function valuations(session: Session): Promise<undefined> {
  const rows = await everyPage<PpaValuationSummary>(session.io, '/v1/ppa/valuations');
  const header = ['HASH', 'CONTRACT', 'DATE', 'STATE', 'NPV', 'CURRENCY', 'CREATED'];
  await list(session, rows, header, (one) => [
    one.valuation_hash,
    one.contract,
    one.valuation_date,
    one.state,
    one.npv === null ? null : money(one.npv),
    one.currency,
    one.created_at,
  ]);
}

/** Rows as a table, or one JSON object a line. */
async function list<Row>(
  { io, asTable }: Session,
  rows: readonly Row[],
  header: readonly string[],
  cells: (row: Row) => readonly (string | null)[],
): Promise<undefined> {
  if (asTable) await io.out(tableText(header, rows.map(cells)));
  else for (const row of rows) await io.out(`${JSON.stringify(row)}\n`);
}

async function replay({ io, asTable }: Session, hash: string): Promise<number | undefined> {
  const path = `/v1/ppa/valuations/${encodeURIComponent(hash)}/replay`;
  const { data } = await apiClient(io)<PpaReplayAnswer['data']>(path);
  const { identical, made_by_another_version, bytes, difference_count, differences } = data;
  if (!asTable) await io.out(`${JSON.stringify(data)}\n`);
  else if (!identical) {
    const rows = differences.map(({ path: at, stored, replayed }) => [at, stored, replayed]);
    await io.out(tableText(['FIELD', 'STORED', 'REPLAYED'], rows));
  }
  const whose = made_by_another_version
    ? ': made by another version of the code, whose formulas may differ'
    : '';
  io.tell(
    identical
      ? `${counted(bytes, 'byte')}, all the same\n`
      : `${counted(difference_count, 'difference')}${whose}\n`,
  );
  if (identical) return undefined;
  return made_by_another_version ? EXIT_NOT_PROVED : EXIT_REFUSED;
}

async function replayAll(io: CommandIo): Promise<number | undefined> {
  const replayed = await replayThroughApi(io);
  io.tell(`${replayText(replayed)}\n`);
  if (replayed.different > 0) return EXIT_REFUSED;
  return replayed.of_another_version > 0 ? EXIT_NOT_PROVED : undefined;
}

const fixed = (amount: number, digits: number) =>
  amount.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const money = (amount: number) => fixed(amount, 0);
const price = (amount: number | null) => (amount === null ? null : fixed(amount, 2));

/** The figures of the whole, the waterfall, the months. */
function valuationText(valuation: PpaValuation): string {
  const { contract, direction, valuation_date, currency, npv, irr, break_even, risk } = valuation;
  const { mark_to_market: mark } = valuation;
  const roots = irr.roots.map(({ annual }) => `${fixed(annual * 100, 2)} %`).join(', ');
  const figures = [
    ['NPV', `${money(npv)} ${currency}`],
    ...(mark === null ? [] : [[`mark-to-market at ${mark.date}`, `${money(mark.value)} ${currency}`]]),
    ['IRR', roots === '' ? 'none' : roots],
    [break_even.of === 'strike' ? 'break-even strike' : 'break-even shift', price(break_even.value)],
    ['levelised price', price(valuation.levelised_price)],
    ['levelised market value', price(valuation.levelised_market_value)],
    ['capture price', price(valuation.capture_price)],
    ['base price', price(valuation.base_price)],
    ['volume, MWh', money(valuation.volume_mwh)],
    ...(risk === null ? [] : riskFigures(risk)),
    ['hash', valuation.valuation_hash],
  ];
  const steps = valuation.waterfall.map(({ step, value, total }) => [step, money(value), money(total)]);
  const open = new Set(valuation.undetermined_months);
  const months = valuation.cashflows.map((row) => [
    row.month.slice(0, 7),
    money(row.volume_mwh),
    price(row.reference_price),
    price(row.capture_price),
    price(row.strike),
    money(row.settlement),
    money(row.pv),
    [
      row.extrapolated ? 'extrapolated' : '',
      row.origin === 'strip' ? 'from a strip' : '',
      open.has(row.month) ? 'left open by overlapping strips' : '',
    ]
      .filter(Boolean)
      .join(', '),
  ]);
  const header = ['MONTH', 'MWH', 'REFERENCE', 'CAPTURED', 'STRIKE', 'SETTLEMENT', 'PV', ''];
  return [
    tableText([contract, `to the ${direction}, on ${valuation_date}`], figures),
    tableText(['WATERFALL', 'VALUE', 'TOTAL'], steps),
    tableText(header, months),
  ].join('\n');
}

function riskFigures({ paths, p10, p50, p90, tails }: PpaRisk): string[][] {
  return [
    ['P10, P50, P90', [p10, p50, p90].map((figure) => money(figure.value)).join(', ')],
    ...tails.map(({ level, value_at_risk, conditional_value_at_risk }) => [
      `VaR, CVaR ${fixed(level * 100, 1)} %`,
      `${money(value_at_risk.value)}, ${money(conditional_value_at_risk.value)}`,
    ]),
    ['paths', money(paths)],
  ];
}
