/**
 * The generated workbook of a vendor and market day: file name and sheets. One seed gives one history of days; the same
 * (vendor, day, seed) always gives the same workbook.
 */
import type { SheetModel } from '#lib/domain/sheet-model.ts';
import { type Corruption, corrupted } from './corrupt.ts';
import { sampleEugp } from './eugp.ts';
import type { SampleOptions } from './frame.ts';
import { samplePw } from './pw.ts';
import { sampleRp } from './rp.ts';

const SAMPLES: Readonly<Record<string, (options: SampleOptions) => readonly SheetModel[]>> = {
  pw: samplePw,
  eugp: sampleEugp,
  rp: sampleRp,
};

export const SAMPLE_VENDORS: readonly string[] = Object.keys(SAMPLES);
export const DEFAULT_SEED = 1;

export interface SampleWorkbook {
  /** `EOD_RP_20250912_1430.xlsx` */
  readonly file_name: string;
  readonly asof_date: string;
  readonly sheets: readonly SheetModel[];
}

/** @param vendor one of SAMPLE_VENDORS */
export function sampleWorkbook(
  vendor: string,
  asof_date: string,
  options: { seed?: number; corrupt?: Corruption } = {},
): SampleWorkbook {
  const sample = SAMPLES[vendor];
  if (sample === undefined) throw new RangeError(`no sample of vendor ${vendor}`);
  const sheets = sample({ asof_date, seed: options.seed ?? DEFAULT_SEED });
  return {
    file_name: `EOD_${vendor.toUpperCase()}_${asof_date.replaceAll('-', '')}_1430.xlsx`,
    asof_date,
    sheets: options.corrupt === undefined ? sheets : corrupted(sheets, options.corrupt),
  };
}
