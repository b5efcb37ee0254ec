/** What runs: one row per service, with its state found by its own query. */
import { existsSync } from 'node:fs';
import { portOwner, portTaken, residentBytes, runningAt } from './process.ts';
import { type Service, siteOf } from './service.ts';

export interface Row {
  readonly service: string;
  readonly state: 'healthy' | 'unhealthy' | 'stopped' | 'not installed' | `taken by ${string}`;
  readonly port: number;
  readonly pid: string;
  readonly rss: string;
  readonly data: string;
}

export const statusOf = (services: readonly Service[]): Promise<Row[]> => Promise.all(services.map(row));

async function row(service: Service): Promise<Row> {
  const site = siteOf(service);
  const running = runningAt(site);
  const rss = running ? `${Math.round(residentBytes(running.pid) / 2 ** 20)} MB` : '-';
  const place = { service: service.name, port: service.ports[0], data: site.data };
  return { ...place, state: await state(service), pid: String(running?.pid ?? '-'), rss };
}

async function state(service: Service): Promise<Row['state']> {
  const site = siteOf(service);
  if (runningAt(site)) {
    return service.query(site).then(
      () => 'healthy',
      () => 'unhealthy',
    );
  }
  for (const port of service.ports) if (await portTaken(port)) return `taken by ${portOwner(port)}`;
  return service.install && !existsSync(site.software) ? 'not installed' : 'stopped';
}

export function table(rows: readonly Row[]): string {
  const columns = ['service', 'state', 'port', 'pid', 'rss', 'data'] as const;
  const lines = [Object.fromEntries(columns.map((column) => [column, column])), ...rows].map((line) =>
    columns.map((column) => String(line[column as keyof typeof line])),
  );
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
