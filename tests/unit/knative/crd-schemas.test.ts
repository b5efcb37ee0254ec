import { expect, test } from 'vitest';
import { schemasIn } from '../../../stack/crd-schemas.ts';

const CRD = `
kind: CustomResourceDefinition
spec:
  group: example.dev
  names: { kind: Thing }
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                port: { x-kubernetes-int-or-string: true, type: string }
                labels: { type: object, additionalProperties: { type: string } }
                free: { type: object, x-kubernetes-preserve-unknown-fields: true, properties: { a: { type: string } } }
                inner: { type: array, items: { type: object, properties: { b: { type: string } } } }
---
kind: ConfigMap
`;

test('a definition becomes a strict schema at the path kubeconform asks for', () => {
  const schemas = schemasIn(CRD);
  expect([...schemas.keys()]).toEqual(['example.dev/thing_v1.json']);
  const { properties, additionalProperties } = schemas.get('example.dev/thing_v1.json') as {
    properties: Record<string, object>;
    additionalProperties: unknown;
  };
  expect(additionalProperties).toBe(false);
  expect(Object.keys(properties)).toEqual(['apiVersion', 'kind', 'spec', 'metadata']);
  expect(properties.spec).toMatchObject({
    additionalProperties: false,
    properties: {
      port: { oneOf: [{ type: 'integer' }, { type: 'string' }] },
      labels: { additionalProperties: { type: 'string' } },
      inner: { items: { additionalProperties: false } },
    },
  });
  expect(properties.spec).not.toHaveProperty('properties.free.additionalProperties');
  expect(properties.spec).not.toHaveProperty('properties.port.type');
});
