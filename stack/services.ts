/** The services of the stack: the one list of what is started, on which port, with which settings. */
import { refusal } from '#lib/domain/errors.ts';
import type { Service } from './service.ts';
import { elasticmq } from './services/elasticmq.ts';
import { kafka } from './services/kafka.ts';
import { minio } from './services/minio.ts';
import { nessie } from './services/nessie.ts';
import { openbao } from './services/openbao.ts';
import { postgres } from './services/postgres.ts';
import { redis } from './services/redis.ts';
import { registry } from './services/registry.ts';
import { trino } from './services/trino.ts';

export const SERVICES: readonly Service[] = [
  kafka,
  minio,
  nessie,
  trino,
  registry,
  postgres,
  redis,
  openbao,
  elasticmq,
];

/** The named services and all that they need to run; none named means all. @throws for a name that is not one */
export function closure(names: readonly string[]): Service[] {
  const wanted = new Set<string>();
  const add = (name: string) => {
    const service = named(name);
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const other of [...(service.after ?? []), ...(service.uses ?? [])]) add(other);
  };
  for (const name of names.length === 0 ? SERVICES.map((service) => service.name) : names) add(name);
  return SERVICES.filter(({ name }) => wanted.has(name));
}

export function named(name: string): Service {
  const service = SERVICES.find((candidate) => candidate.name === name);
  if (service) return service;
  const known = SERVICES.map((candidate) => candidate.name).join(', ');
  throw refusal('service_unknown', `There is no service ${name}.`, { remedy: `Services: ${known}.` });
}

export const settingsOf = (services: readonly Service[]): Record<string, string> =>
  Object.assign({}, ...services.map(({ settings }) => settings));
