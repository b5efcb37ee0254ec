/** One JSON line per fact on stderr, where every host collects it. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export function logLine(level: 'info' | 'warn' | 'error', event: string, fields: LogFields = {}): void {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...fields })}\n`);
}
