import { expect, test } from 'vitest';
import { differing, generatedFiles } from '../../scripts/gen.ts';

test('every generated file is what the generator writes from the sources', async () => {
  expect(differing(await generatedFiles())).toEqual([]);
}, 60_000);
