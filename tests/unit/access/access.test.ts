import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Caller,
  type Entitlement,
  isEntitled,
  mayDo,
  PERMISSIONS,
  type Permission,
  rightsTo,
  seesVendor,
} from '#lib/domain/access.ts';
import { rateLimit } from '#lib/runtime/access/rate-limit.ts';

const to = (...entitlements: Entitlement[]): Pick<Caller, 'entitlements'> => ({ entitlements });
const any = { vendor: null, asset_class: null, region: null };
const curve = { vendor: 'pw', asset_class: 'power', region: 'North East' };

describe('an entitlement', () => {
  it.each<[Partial<Entitlement>, boolean]>([
    [{}, true],
    [{ vendor: 'PW' }, true],
    [{ vendor: 'pw', asset_class: ' Power' }, true],
    [{ region: 'north  east' }, true],
    [{ vendor: 'pw', asset_class: 'gas' }, false],
    [{ vendor: 'eugp' }, false],
    [{ region: 'North' }, false],
    [{ vendor: 'p' }, false],
  ])('%j covers the curve: %s', (part, covers) => {
    expect(isEntitled(to({ ...any, ...part }), curve)).toBe(covers);
  });

  it('of a region does not cover a curve without one', () => {
    expect(isEntitled(to({ ...any, region: 'North East' }), { ...curve, region: null })).toBe(false);
    expect(isEntitled(to(any), { ...curve, region: null })).toBe(true);
  });

  it('suffices alone; none at all covers nothing; staff sees all', () => {
    expect(isEntitled(to({ ...any, vendor: 'eugp' }, { ...any, region: 'North East' }), curve)).toBe(true);
    expect(isEntitled(to(), curve)).toBe(false);
    expect(seesVendor(to(), 'pw')).toBe(false);
    expect(isEntitled({ entitlements: 'all' }, curve)).toBe(true);
  });

  it('shows a vendor exactly when it may cover a curve of it', () => {
    const word = fc.constantFrom(null, 'a', 'B', 'c');
    const bought = fc.array(fc.record({ vendor: word, asset_class: word, region: word }), { maxLength: 3 });
    const asked = fc.record({
      vendor: fc.constantFrom('a', 'b'),
      asset_class: fc.constantFrom('a', 'b'),
      region: word,
    });
    fc.assert(
      fc.property(bought, asked, (entitlements, of) => {
        const caller = { entitlements };
        if (isEntitled(caller, of)) expect(seesVendor(caller, of.vendor)).toBe(true);
        expect(seesVendor(caller, of.vendor)).toBe(rightsTo(caller, of.vendor).length > 0);
      }),
    );
  });
});

describe('permissions', () => {
  const all = Object.keys(PERMISSIONS) as Permission[];

  it('of a tenant’s member are a tenant’s, whatever else it is', () => {
    for (const permission of all) {
      const tenant = mayDo({ roles: ['tenant'] }, permission);
      expect(mayDo({ roles: ['admin', 'tenant'] }, permission)).toBe(tenant);
      expect(mayDo({ roles: ['tenant', 'ops', 'analyst'] }, permission)).toBe(tenant);
    }
    expect(mayDo({ roles: ['tenant'] }, 'tenants:write')).toBe(false);
    expect(mayDo({ roles: ['tenant'] }, 'quarantine:decide')).toBe(false);
  });

  it('are none without a role, and all for an administrator', () => {
    for (const permission of all) {
      expect(mayDo({ roles: [] }, permission)).toBe(false);
      expect(mayDo({ roles: ['admin'] }, permission), permission).toBe(true);
    }
  });
});

describe('a rate limit', () => {
  it('lets a minute’s worth through at once, then one at a time as time goes by, each subject for itself', () => {
    let now_ms = 0;
    const limit = rateLimit(60, () => now_ms);
    for (let request = 0; request < 60; request++) limit('ann');
    expect(() => limit('ann')).toThrow(expect.objectContaining({ code: 'rate_exceeded' }));
    expect(() => limit('bob')).not.toThrow();
    now_ms += 1_000;
    limit('ann');
    expect(() => limit('ann')).toThrow();
    now_ms += 3_600_000;
    for (let request = 0; request < 60; request++) limit('ann');
    expect(() => limit('ann')).toThrow();
  });
});
