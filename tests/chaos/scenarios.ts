/** All scenarios, in the order they are played. */
import { r01 } from './r01-kills.ts';
import { r02 } from './r02-shuffled-versions.ts';
import { r03 } from './r03-one-sequencer.ts';
import { r04 } from './r04-lost-notifications.ts';
import { r05 } from './r05-outages.ts';
import { r06 } from './r06-poison.ts';
import { r07 } from './r07-hundred-at-once.ts';
import { r08 } from './r08-racing-days.ts';
import { r09 } from './r09-red-gates.ts';
import { r12 } from './r12-lost-records.ts';
import { r13 } from './r13-changing-objects.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [r01, r02, r03, r04, r05, r06, r07, r08, r09, r12, r13];
