/** All scenarios in the order they are played, by their row in the table; each is loaded when it is played. */
import type { Scenario } from './scenario.ts';

export const SCENARIOS: Readonly<Record<string, () => Promise<Scenario>>> = {
  R0: async () => (await import('./r00-account.ts')).r00,
  R1: async () => (await import('./r01-kills.ts')).r01,
  R2: async () => (await import('./r02-shuffled-versions.ts')).r02,
  R3: async () => (await import('./r03-one-sequencer.ts')).r03,
  R4: async () => (await import('./r04-lost-notifications.ts')).r04,
  R5: async () => (await import('./r05-outages.ts')).r05,
  R6: async () => (await import('./r06-poison.ts')).r06,
  R7: async () => (await import('./r07-hundred-at-once.ts')).r07,
  R8: async () => (await import('./r08-racing-days.ts')).r08,
  R9: async () => (await import('./r09-red-gates.ts')).r09,
  R12: async () => (await import('./r12-lost-records.ts')).r12,
  R13: async () => (await import('./r13-changing-objects.ts')).r13,
};
