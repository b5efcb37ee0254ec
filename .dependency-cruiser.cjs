/** Who may import whom: the table in README.md, enforced. */
const ours = '^(functions|lib|events|schemas|local|scripts)/';
const rule = (name, from, allowed, fromNot) => ({
  name,
  severity: 'error',
  from: { path: from, ...(fromNot ? { pathNot: fromNot } : {}) },
  to: { path: ours, pathNot: allowed },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    // Vite's exports name conditions this checker does not know.
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^vite$' } },
    rule('schemas', '^schemas/', ['^schemas/']),
    rule('events', '^events/', ['^events/', '^schemas/']),
    rule('domain', '^lib/domain/', ['^lib/domain/', '^schemas/']),
    rule('plug-ins', '^lib/(vendors|feeds|drivers|gates)/', ['^lib/domain/', '^schemas/'], '\\.gen\\.ts$'),
    rule('samples', '^lib/samples/', ['^lib/samples/', '^lib/domain/']),
    rule('codecs', '^lib/(workbook|parquet|avro|formats)/', [
      '^lib/(workbook|parquet|avro|formats)/',
      '^lib/domain/',
      '^schemas/',
      '^events/topic.ts',
    ]),
    rule('ports', '^lib/ports/', ['^lib/(ports|domain)/', '^schemas/', '^events/']),
    rule('flows', '^lib/flows/', [
      '^lib/(flows|ports|domain|vendors|gates|drivers|feeds|workbook|parquet|formats)/',
      '^schemas/',
      '^events/',
    ]),
    {
      name: 'adapters',
      severity: 'error',
      from: { path: '^lib/adapters/([^/]+)/' },
      to: {
        path: ours,
        pathNot: [
          '^lib/adapters/$1/',
          '^lib/adapters/[^/]+\\.ts$',
          '^lib/(ports|domain|workbook|parquet|avro)/',
          '^schemas/',
          '^events/',
        ],
      },
    },
    {
      name: 'only-compose-names-adapters',
      severity: 'error',
      from: {
        path: '^(functions|lib/(?!adapters))',
        pathNot: ['^lib/runtime/compose\\.ts$', '^lib/runtime/cli/'],
      },
      to: { path: '^lib/adapters/' },
    },
    rule('runtime', '^lib/runtime/', ['^lib/', '^events/', '^schemas/']),
    {
      name: 'functions',
      severity: 'error',
      from: { path: '^functions/' },
      to: { path: ours, pathNot: ['^lib/(flows|ports|domain|runtime)/', '^events/', '^schemas/'] },
    },
    {
      name: 'pure-has-no-io',
      severity: 'error',
      from: { path: '^lib/(domain|vendors|gates|drivers|samples)/|^schemas/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'flows-have-no-sdk',
      severity: 'error',
      from: { path: '^lib/(flows|ports)/' },
      to: { dependencyTypes: ['npm', 'core'], pathNot: '(^|/)(node_modules/zod/|(node:)?crypto$)' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], conditionNames: ['node', 'import'] },
  },
};
