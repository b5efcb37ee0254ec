/** What `aurum secrets` refuses before it asks Vault anything, and what it says when nobody answers. */
import { describe, expect, test } from 'vitest';
import { runSecrets } from './run-command.ts';

const VAULT = { AURUM_VAULT_ADDR: 'http://127.0.0.1:9', AURUM_VAULT_TOKEN: 'canary' };
const MAPPING = 'EIA_API_KEY=secret/data/aurum/eia:api_key';

describe('aurum secrets', () => {
  test.each([
    [['show'], VAULT, 'say `push` or `pull` (action_unknown)'],
    [['pull'], VAULT, '--mapping is needed (option_missing)'],
    [['pull', '--mapping', 'EIA'], VAULT, '"EIA" is not ENV=secret/data/aurum/SOURCE:KEY (mapping_invalid)'],
    [['pull', '--mapping', MAPPING, 'A=secret/aurum/eia:k'], VAULT, '(mapping_invalid)'],
    [['pull', '--mapping', 'A=secret/data/../sys/x:k'], VAULT, '(mapping_invalid)'],
    [['pull', '--mapping', 'A B=secret/data/x:k'], VAULT, '(mapping_invalid)'],
    [['pull', '--mapping', 'A;id=secret/data/x:k'], VAULT, '(mapping_invalid)'],
    [['pull', '--mapping', MAPPING], {}, 'AURUM_VAULT_ADDR: is not set (setting_missing)'],
    [
      ['pull', '--mapping', MAPPING],
      { AURUM_VAULT_ADDR: 'http://127.0.0.1:9' },
      'there is no login for Vault (setting_missing)',
    ],
    [
      ['pull', '--mapping', MAPPING],
      { AURUM_VAULT_ADDR: 'http://127.0.0.1:9', AURUM_VAULT_ROLE_ID: 'r' },
      'AURUM_VAULT_ROLE_ID needs AURUM_VAULT_SECRET_ID (setting_missing)',
    ],
    [['push', '--mapping', MAPPING], VAULT, 'EIA_API_KEY is not set; nothing was pushed (variable_missing)'],
    [['push', '--mapping', MAPPING, '--env-file', 'no-such.env'], VAULT, '(file_unreadable)'],
  ])('refuses %j in one line, exit 2', async (argv, environment, message) => {
    const { code, out, told } = await runSecrets(argv, environment);
    expect([code, out]).toEqual([2, '']);
    expect(told).toContain(message);
    expect(told.trimEnd()).not.toContain('\n');
  });

  test.each([
    ['pull', {}],
    ['push', { EIA_API_KEY: 'canary' }],
  ])('%s names the Vault that does not answer, exit 1, and no secret', async (action, variables) => {
    const { code, out, told } = await runSecrets([action, '--mapping', MAPPING], { ...VAULT, ...variables });
    expect([code, out]).toEqual([1, '']);
    expect(told).toMatch(/127\.0\.0\.1:9 .*\(vault_unavailable\)\. .*AURUM_VAULT_ADDR/);
    expect(told).not.toContain('canary');
  });
});
