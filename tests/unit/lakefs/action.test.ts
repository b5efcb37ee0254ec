/** The action lakeFS runs before a merge is one it understands, and holds no secret. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const FILE = join(import.meta.dirname, '../../../stack/lakefs/_lakefs_actions/curve-gate.yaml');

/** As lakeFS documents it; unknown keys are refused there too. */
const action = z.strictObject({
  name: z.string().min(1),
  description: z.string(),
  on: z.strictObject({ 'pre-merge': z.strictObject({ branches: z.array(z.string()).min(1) }) }),
  hooks: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[_a-zA-Z][-_a-zA-Z0-9]{1,255}$/),
        type: z.literal('webhook'),
        description: z.string(),
        properties: z.strictObject({
          url: z.url(),
          timeout: z.string().regex(/^\d+(ms|s|m)$/),
          headers: z.record(z.string(), z.string()),
        }),
      }),
    )
    .min(1),
});

test('the gate stands before main', () => {
  const { on, hooks } = action.parse(parse(readFileSync(FILE, 'utf8')));
  expect(on['pre-merge'].branches).toEqual(['main']);
  expect(hooks[0]!.properties.headers.Authorization).toBe('Bearer {{ ENV.AURUM_EVENT_TOKEN }}');
});
