/** Warms the curves in the background of a process that serves them. */
import { type WarmPorts, warmCurves } from '#lib/flows/warm-curves.ts';
import { logLine } from '#lib/runtime/log.ts';
import type { RouteTrigger } from '#lib/runtime/triggers.ts';
import type { ServedFunction } from './server-call.ts';

/** A failure is told and changes nothing: the first who asks meets it again. */
export function warmInBackground(functions: readonly ServedFunction[], ports: WarmPorts): void {
  if (!functions.some(({ trigger }) => trigger.kind === 'http' && isOfCurves(trigger as RouteTrigger)))
    return;
  const began_ms = performance.now();
  warmCurves(ports).then(
    (files) =>
      logLine('info', 'curves_warm', { files, duration_ms: Math.round(performance.now() - began_ms) }),
    (error: unknown) => logLine('warn', 'curves_not_warm', { reason: String(error) }),
  );
}

const isOfCurves = ({ contract }: Partial<RouteTrigger>): boolean => contract?.of === 'curves';
