/** `aurum token`: a token signed with this machine's key, for curl and for trying roles. */
import { ROLES, type Role } from '#lib/domain/access.ts';
import { refusal } from '#lib/domain/errors.ts';
import { developmentToken } from '#lib/runtime/access/development-issuer.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { type Command, tenantOption, usageError, wholeNumberOption } from '../command.ts';

const DEFAULT_HOURS = 12;
const MAX_HOURS = 24;

export const command: Command = {
  name: 'token',
  summary: 'an access token signed with the key of this machine',
  usage: 'token [--role R] [--tenant ID] [--subject NAME] [--hours N]',
  details:
    'Prints the token alone: curl -H "authorization: Bearer $(npm run -s aurum -- token)" ...\n' +
    'The API takes it while AURUM_AUTH is development; an identity provider issues its own.',
  options: {
    role: { value: 'R', description: 'default analyst, tenant with --tenant', choices: ROLES },
    tenant: { value: 'ID', description: 'member of this tenant: sees what it is entitled to' },
    subject: { value: 'NAME', description: 'whom the token is about; default your login' },
    hours: { value: 'N', description: `valid for, default ${DEFAULT_HOURS}, at most ${MAX_HOURS}` },
  },
  run: async (given, io) => {
    const config = readConfig(io.environment);
    if (config.AURUM_AUTH !== 'development') {
      throw refusal('token_not_ours', 'tokens are issued by the identity provider', {
        field: 'AURUM_AUTH',
        remedy: `Ask ${config.AURUM_OIDC_ISSUER} for one, and pass it in AURUM_TOKEN.`,
      });
    }
    const tenant = tenantOption(given, 'token');
    const { subject } = given.options;
    const role = (given.options.role ?? (tenant === undefined ? 'analyst' : 'tenant')) as Role;
    if (role === 'tenant' && tenant === undefined) {
      throw usageError('tenant_missing', '--role tenant needs --tenant', 'token');
    }
    const hours = wholeNumberOption(given, 'hours', 'token') ?? DEFAULT_HOURS;
    if (hours < 1 || hours > MAX_HOURS) {
      throw usageError('number_invalid', `--hours is 1 to ${MAX_HOURS}`, 'token');
    }
    const token = await developmentToken(config.AURUM_HOME, {
      subject: subject ?? io.environment.USER ?? 'developer',
      role,
      tenant,
      audience: config.AURUM_OIDC_AUDIENCE,
      groups_claim: config.AURUM_OIDC_GROUPS_CLAIM,
      valid_s: hours * 3_600,
    });
    await io.out(`${token}\n`);
    return undefined;
  },
};
