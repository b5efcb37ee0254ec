/**
 * The same functions for OpenFaaS: its watchdog is not needed, the image already listens on 8080 and answers
 * `/_/health` and `/_/ready`. Its Kafka connector gives every event to every subscriber; the server takes those of its
 * function.
 */
import { cron, type FunctionFile, groupOf, IMAGE, sizeOf } from './knative-functions.ts';

export function openfaasStack(functions: readonly FunctionFile[], settings: NodeJS.Dict<string>): object {
  return {
    version: '1.0',
    provider: { name: 'openfaas', gateway: 'http://gateway.openfaas:8080' },
    functions: Object.fromEntries(functions.map((file) => [file.name, deployed(file, settings)])),
  };
}

function deployed(file: FunctionFile, settings: NodeJS.Dict<string>): object {
  const { concurrency, max_scale, cpu, memory } = sizeOf(file);
  const group = groupOf(file);
  return {
    image: `${IMAGE}:latest`,
    skip_build: true,
    readonly_root_filesystem: true,
    environment: {
      ...settings,
      AURUM_FUNCTION: `${group}/${file.name}`,
      AURUM_CONCURRENCY: String(concurrency),
      AURUM_ENV_FILE: `/var/openfaas/secrets/aurum-${group}`,
    },
    secrets: [`aurum-${group}`],
    labels: {
      'com.openfaas.scale.min': '1',
      'com.openfaas.scale.max': String(max_scale),
      'com.openfaas.scale.type': 'capacity',
      'com.openfaas.scale.target': String(concurrency),
    },
    annotations: {
      'com.openfaas.health.http.path': '/_/health',
      'com.openfaas.ready.http.path': '/_/ready',
      ...calledBy(file),
    },
    requests: { cpu: cpu.request, memory: memory.request },
    limits: { cpu: cpu.limit, memory: memory.limit },
  };
}

function calledBy({ trigger }: FunctionFile): Record<string, string> {
  switch (trigger.kind) {
    case 'http':
      return {};
    case 'object-created':
      return { topic: 'aurum.storage.event.v1' };
    case 'topic':
      return { topic: trigger.topic };
    case 'schedule':
      return { topic: 'cron-function', schedule: cron(trigger.rate) };
  }
}
