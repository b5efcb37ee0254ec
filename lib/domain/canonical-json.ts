/**
 * One text for one value: JSON with keys in order of their UTF-16 code units and no blanks, as RFC 8785 has it, so that
 * equal values have equal hashes whoever wrote them. Knows nothing of what is hashed.
 */
import { hash } from 'node:crypto';
import { refusal } from './errors.ts';

/** @throws AurumError `value_not_json` for what JSON cannot carry, with its path. Undefined members are left out. */
export function canonicalJson(value: unknown, place = ''): string {
  if (Array.isArray(value)) {
    return `[${value.map((item, index) => canonicalJson(item, `${place}.${index}`)).join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member, `${place}.${name}`)}`);
    return `{${members.join(',')}}`;
  }
  const isJson =
    value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (isJson) return JSON.stringify(value);
  throw refusal('value_not_json', `${place.slice(1)} is ${String(value)}, which JSON cannot carry`, {
    field: place.slice(1),
  });
}

/** sha256, hex, of the canonical JSON. */
export function canonicalHash(value: unknown): string {
  return hash('sha256', canonicalJson(value), 'hex');
}
