import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import avsc from 'avsc';
import { expect, test } from 'vitest';
import { avroFiles } from '../../../scripts/gen/avro.ts';

const root = join(import.meta.dirname, '../../..');

test('every topic has its schema file, equal to what is generated, and no other file is there', () => {
  const files = avroFiles();
  expect([...files.keys()]).toEqual([
    'schemas/avro/aurum.alert.v1.avsc',
    'schemas/avro/aurum.curve.observation.v1.avsc',
    'schemas/avro/aurum.ingest.error.v1.avsc',
    'schemas/avro/aurum.ppa.request.v1.avsc',
    'schemas/avro/aurum.ppa.valuation.v1.avsc',
    'schemas/avro/aurum.qa.result.v1.avsc',
    'schemas/avro/aurum.scenario.output.v1.avsc',
    'schemas/avro/aurum.scenario.request.v1.avsc',
  ]);
  expect(readdirSync(join(root, 'schemas/avro')).map((file) => `schemas/avro/${file}`)).toEqual([
    ...files.keys(),
  ]);
  for (const [path, content] of files) {
    expect(readFileSync(join(root, path), 'utf8'), path).toBe(content);
    expect(avsc.Type.forSchema(JSON.parse(content)).typeName).toBe('record');
  }
});
