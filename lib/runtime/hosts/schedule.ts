/** Host of scheduled functions: runs the flow, logs what it did; a failure is logged and left to the next tick. */
import { type Platform, platform } from '#lib/runtime/compose.ts';
import { logLine } from '#lib/runtime/log.ts';

export function onSchedule(name: string, run: (ports: Platform) => Promise<unknown>) {
  return async (): Promise<{ readonly ok: boolean }> => {
    try {
      const report = await run(await platform());
      logLine('info', 'schedule_done', { schedule: name, report: JSON.stringify(report) });
      return { ok: true };
    } catch (error) {
      logLine('error', 'schedule_failed', {
        schedule: name,
        reason: error instanceof Error ? error.stack : String(error),
      });
      return { ok: false };
    }
  };
}
