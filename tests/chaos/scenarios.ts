/** All scenarios, in the order they are played. */
import { r01 } from './r01-kills.ts';
import { r07 } from './r07-hundred-at-once.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [r01, r07];
