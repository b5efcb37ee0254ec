/** What a scenario is: tries that are counted, on a site of its own, and what was found lost, doubled or wrong. */
import { openSite, type Site, type Where } from './site.ts';

export interface ChaosOptions {
  readonly on: Where;
  /** Times the numbers of the reliability table, or a part of them that ends within minutes. */
  readonly scale: number | 'subset';
}

/** One line for each thing found. */
export interface Found {
  readonly lost: string[];
  readonly doubled: string[];
  readonly wrong: string[];
}

export interface Played extends Found {
  /** How much was tried, in words. */
  readonly tried: string;
  readonly note?: string;
}

export interface Outcome {
  readonly id: string;
  readonly what: string;
  readonly on: Where;
  readonly tried: string;
  readonly lost: number;
  readonly doubled: number;
  readonly wrong: number;
  readonly took_s: number;
  readonly note?: string;
  /** The first things found, to look into. */
  readonly examples: readonly string[];
}

export interface Scenario {
  readonly id: string;
  readonly what: string;
  run(options: ChaosOptions): Promise<Outcome>;
}

export interface Stage {
  readonly on: Where;
  /** `full` at scale 1, `subset` for that; never less than 1. */
  size(full: number, subset: number): number;
}

export interface StageWithSite extends Stage {
  readonly site: Site;
}

const EXAMPLES = 8;

export const nothingFound = (): Found => ({ lost: [], doubled: [], wrong: [] });

/** A scenario that cannot be played to its end counts as wrong: it has proved nothing. */
export function scenario(
  { id, what }: { readonly id: string; readonly what: string },
  play: (stage: Stage) => Promise<Played>,
): Scenario {
  return {
    id,
    what,
    async run({ on, scale }) {
      const began_ms = performance.now();
      const size = (full: number, subset: number) =>
        scale === 'subset' ? subset : Math.max(1, Math.ceil(full * scale));
      const { lost, doubled, wrong, tried, note } = await play({ on, size }).catch(ended);
      return {
        id,
        what,
        on,
        tried,
        lost: lost.length,
        doubled: doubled.length,
        wrong: wrong.length,
        took_s: Math.round((performance.now() - began_ms) / 100) / 10,
        ...(note === undefined ? {} : { note }),
        examples: [...lost, ...doubled, ...wrong].slice(0, EXAMPLES),
      };
    },
  };
}

function ended(error: unknown): Played {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ...nothingFound(), wrong: [reason], tried: 'not to the end', note: 'ended by an error' };
}

/** On a site of its own, taken away afterwards. */
export const onSite =
  (play: (stage: StageWithSite) => Promise<Played>, options: { readonly trino?: boolean } = {}) =>
  async (stage: Stage): Promise<Played> => {
    const site = await openSite(stage.on, options);
    try {
      return await play({ ...stage, site });
    } finally {
      await site.close();
    }
  };
