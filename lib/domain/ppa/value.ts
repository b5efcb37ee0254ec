/**
 * Values a power purchase agreement: a function of contract, market and valuation date. The same inputs give the same bytes.
 * Knows no clock, no store, no global; formulas and sources are in docs/economics.md.
 */
import type { PpaContract, PpaContractInput } from '#schemas/ppa-contract.ts';
import type { PpaMarket, PpaMarketInput, PpaOptions, PpaOptionsInput } from '#schemas/ppa-market.ts';
import {
  type PpaCashflow,
  type PpaInputs,
  type PpaRisk,
  type PpaValuation,
  ppaValuation,
} from '#schemas/ppa-valuation.ts';
import { canonicalHash } from '../canonical-json.ts';
import { discountFactor, yearFraction } from '../discounting.ts';
import { refusal } from '../errors.ts';
import type { SimulationJob } from '../simulation/model.ts';
import { simulate } from '../simulation/run.ts';
import { stableSum } from '../strips.ts';
import { breakEven } from './break-even.ts';
import { type CashflowKernel, kernelOf, kernelValuation } from './cashflow-kernel.ts';
import { type CreditCurve, creditAdjustment, creditCurve } from './credit.ts';
import { deltas, internalRates, levels } from './measures.ts';
import { moneyGrid } from './money-grid.ts';
import { type PricedMonth, pricedMonths } from './month-states.ts';
import { deliveryMonths } from './periods.ts';
import { atRequestField } from './request-field.ts';
import { simulatedRisk, simulationJob, statedSigma } from './risk.ts';
import { type SettlementRule, settleMonth, settlementRule, settlementSum } from './settlement.ts';
import { readContract, readDate, readMarket, readOptions } from './terms.ts';
import { monthTotals, type WaterfallStep, waterfall } from './waterfall.ts';

/**
 * Version of the formulas: another one may give other numbers for the same inputs. ppa/2: a clause for negative prices on the
 * monthly average, marks on a curve without an as-of day, standard errors. ppa/3: an upfront payment still to be made is at risk.
 */
const MODEL = 'ppa/3';

/** Contract and market put together on a day, with the values everything else is derived from. */
interface Position {
  readonly contract: PpaContract;
  readonly market: PpaMarket;
  readonly valuation_date: string;
  readonly rule: SettlementRule;
  readonly months: readonly PricedMonth[];
  readonly kernel: CashflowKernel;
  readonly upfront: PpaValuation['upfront'];
  readonly credit: CreditCurve | undefined;
  readonly steps: readonly WaterfallStep[];
  readonly onGrid: (amount: number) => number;
}

/** A valuation with its simulation still to be run, by whoever has the threads for it. */
export interface OpenValuation {
  /** Its risk is null. */
  readonly valuation: PpaValuation;
  /** Undefined where no risk was asked for. */
  readonly simulation:
    | {
        /** Names the valuation `ppa`, its terms the kernel. */
        readonly job: SimulationJob;
        /** @param present_values one per path, in path order */
        readonly risk: (present_values: Float64Array) => PpaRisk;
      }
    | undefined;
}

/**
 * @param valuation_date market day; what is delivered from it on is valued, discounted to it
 * @throws ppa_contract_invalid, ppa_market_invalid, ppa_options_invalid with the field's path; price_missing, window_empty,
 * block_mismatch, location_missing, conversion_missing, index_missing, negative_hours_missing, calendar_unknown, mark_date_past,
 * amount_out_of_range ...
 */
export function valuePpa(
  contract: PpaContractInput,
  market: PpaMarketInput,
  valuation_date: string,
  options: PpaOptionsInput = {},
): PpaValuation {
  const { valuation, simulation } = openValuation(readInputs(contract, market, valuation_date, options));
  if (simulation === undefined) return valuation;
  const { job, risk } = simulation;
  const { present_values } = simulate(job, kernelValuation(job.valuation!.terms as CashflowKernel));
  return { ...valuation, risk: risk(present_values!) };
}

/** The inputs of a valuation, checked and complete. @throws as `valuePpa` for what is malformed, and mark_date_past */
export function readInputs(
  contract: PpaContractInput,
  market: PpaMarketInput,
  valuation_date: string,
  options: PpaOptionsInput = {},
): PpaInputs {
  const inputs = {
    contract: readContract(contract),
    market: readMarket(market),
    valuation_date: readDate(valuation_date),
    options: readOptions(options),
  };
  refuseMarkBefore(inputs);
  return inputs;
}

/** Its deliveries would be of another market than the one there is. Asked of what is read alone: a stored valuation may have one. */
function refuseMarkBefore({ valuation_date, options: { mark_date = valuation_date } }: PpaInputs): void {
  if (mark_date >= valuation_date) return;
  throw refusal(
    'mark_date_past',
    `The mark of ${mark_date} lies before ${valuation_date}, the day the market is of`,
    {
      field: 'options.mark_date',
      remedy: 'Mark it on the valuation date or later, or value it on the prices of the earlier day.',
    },
  );
}

/**
 * The name of the valuation these inputs have, known before it is made.
 * @param model of a stored valuation: it keeps the name it was given
 */
export function valuationHash(inputs: PpaInputs, model = MODEL): string {
  return hashesOf(inputs, model).valuation_hash;
}

function hashesOf({ contract, market, valuation_date, options }: PpaInputs, model: string) {
  const hashes = {
    contract_hash: canonicalHash(contract),
    market_hash: canonicalHash(market),
    options_hash: canonicalHash(options),
  };
  return { hashes, valuation_hash: canonicalHash({ model, valuation_date, ...hashes }) };
}

/**
 * All but the simulation.
 * @param inputs as `readInputs` gives them
 * @param model of a stored valuation, to make it again under its name; the formulas are today's
 * @throws as `valuePpa`
 */
export function openValuation(inputs: PpaInputs, model = MODEL): OpenValuation {
  const { contract: terms, market: prices, valuation_date: day, options: wanted } = inputs;
  const position = openPosition(terms, prices, day);
  const { rule, months, kernel, upfront, credit, steps, onGrid } = position;
  const cashflows = months.map((month) => cashflow(rule, month, onGrid));
  const { hashes, valuation_hash } = hashesOf(inputs, model);
  const undetermined_months = months
    .filter(({ reference }) => !reference.determined)
    .map(({ delivery }) => delivery.month);
  const valuation: PpaValuation = {
    valuation_hash,
    model,
    contract: terms.name,
    direction: terms.direction,
    valuation_date: day,
    currency: terms.settlement_currency,
    inputs: {
      ...hashes,
      reference_versions: prices.reference.version_hashes,
      location_versions: prices.location?.version_hashes ?? [],
      scenario: prices.scenario,
    },
    npv: steps.at(-1)!.total,
    irr: internalRates(cashflows, upfront, day),
    break_even: breakEven(rule, months, upfront?.pv ?? 0, credit),
    ...levels(cashflows, rule.sign),
    mark_to_market: wanted.mark_date === undefined ? null : mark(terms, prices, day, wanted.mark_date),
    waterfall: [...steps],
    deltas: deltas(kernel, cashflows, credit),
    cashflows,
    upfront,
    risk: null,
    ...(undetermined_months.length === 0 ? {} : { undetermined_months }),
  };
  refuseOutOfRange(valuation);
  const simulation = wanted.risk === undefined ? undefined : simulationOf(position, wanted.risk);
  return { valuation, simulation };
}

/** What its schema does not take could be answered, but not kept. */
function refuseOutOfRange(valuation: PpaValuation): void {
  const issue = ppaValuation.safeParse(valuation).error?.issues[0];
  if (issue === undefined) return;
  throw refusal(
    'amount_out_of_range',
    `${issue.path.join('.')} of the valuation is out of range: ${issue.message}`,
    {
      field: 'contract.volume',
      remedy: 'Value a smaller volume, a shorter time or other prices: amounts may be 1e15 at most.',
    },
  );
}

function openPosition(contract: PpaContract, market: PpaMarket, valuation_date: string): Position {
  const deliveries = deliveryMonths(contract, valuation_date);
  const months = pricedMonths(contract, market, deliveries);
  const rule = settlementRule(contract);
  const totals = monthTotals(rule, months);
  const paid = upfrontPayment(contract, valuation_date);
  const credit = creditCurve(
    contract,
    deliveries.map(({ years }) => years),
    paid === null ? undefined : { pv: paid.pv, years: yearFraction('ACT/365F', valuation_date, paid.date) },
  );
  const adjustment = creditAdjustment(credit, [...totals.certificates]);
  const amounts = [...Object.values(totals).flatMap((step) => [...step]), paid?.pv ?? 0, adjustment];
  const onGrid = moneyGrid(stableSum(amounts.map(Math.abs)));
  return {
    contract,
    market,
    valuation_date,
    rule,
    months,
    kernel: kernelOf(
      rule,
      months.map(({ state }) => state),
      deliveries.map(({ discount_factor }) => discount_factor),
    ),
    upfront: paid && { ...paid, pv: onGrid(paid.pv) },
    credit,
    steps: waterfall(totals, paid?.pv ?? 0, adjustment, onGrid),
    onGrid,
  };
}

/** Money to the party in view; null when there is none, or it was paid before. */
function upfrontPayment(contract: PpaContract, valuation_date: string): PpaValuation['upfront'] {
  const { upfront, direction, discounting } = contract;
  if (upfront === undefined || upfront.date < valuation_date) return null;
  const amount = upfront.paid_by === direction ? -upfront.amount : upfront.amount;
  const discount_factor = discountFactor(discounting, valuation_date, upfront.date, 'contract.discounting');
  return { date: upfront.date, amount: amount + 0, discount_factor, pv: amount * discount_factor };
}

function cashflow(rule: SettlementRule, month: PricedMonth, onGrid: (amount: number) => number): PpaCashflow {
  const { delivery, state, reference } = month;
  const { factor, offset } = state.profile;
  const settled = settleMonth(rule, state);
  const settlement = settlementSum(settled);
  const captured = factor * state.reference + offset;
  return {
    month: delivery.month,
    hours: delivery.hours,
    payment_date: delivery.payment_date,
    volume_mwh: state.volume_mwh,
    delivered_mwh: settled.delivered_mwh,
    reference_price: state.reference,
    extrapolated: reference.extrapolated,
    origin: reference.origin,
    basis: state.basis,
    capture_price: captured + state.basis,
    capture_factor: state.reference === 0 ? null : captured / state.reference,
    strike: rule.strike === null ? null : rule.strike * state.strike_multiple,
    market_leg: settled.market_leg + 0,
    contract_leg: settled.contract_leg + 0,
    balancing: settled.balancing + 0,
    certificates: settled.certificates + 0,
    settlement: settlement + 0,
    discount_factor: delivery.discount_factor,
    pv: onGrid(settlement * delivery.discount_factor),
  };
}

function mark(
  contract: PpaContract,
  market: PpaMarket,
  valuation_date: string,
  date: string,
): PpaValuation['mark_to_market'] {
  try {
    const { steps, months } = openPosition(rootedAt(contract, valuation_date, date), market, date);
    return { date, value: steps.at(-1)!.total, months: months.length };
  } catch (error) {
    throw atRequestField(error, ({ code }) =>
      code === 'window_empty'
        ? { field: 'options.mark_date', remedy: "Mark it on a day before the contract's end." }
        : undefined,
    );
  }
}

/** Marked later, it is on the same market: zero rates that state no day are those of the valuation date, not of the mark's. */
function rootedAt(contract: PpaContract, valuation_date: string, mark_date: string): PpaContract {
  const { discounting } = contract;
  if (discounting.kind !== 'curve' || mark_date <= valuation_date) return contract;
  return { ...contract, discounting: { ...discounting, asof: discounting.asof ?? valuation_date } };
}

function simulationOf(
  { contract, market, valuation_date, months, kernel, upfront, steps }: Position,
  risk: NonNullable<PpaOptions['risk']>,
): NonNullable<OpenValuation['simulation']> {
  const sigma = statedSigma(contract, risk);
  const intrinsic = steps.at(-2)!.total;
  return {
    job: {
      ...simulationJob(market, months, valuation_date, risk, sigma),
      valuation: { name: 'ppa', terms: kernel },
    },
    risk: (present_values) => simulatedRisk(present_values, risk, sigma, upfront?.pv ?? 0, intrinsic),
  };
}
