/** One pass of the reconciling sweep, as its function makes it, with no grace: everything is old enough. */
import { applyDecisions } from '#lib/flows/apply-decisions.ts';
import { ingestWorkbook } from '#lib/flows/ingest-workbook.ts';
import { publishWorkbook } from '#lib/flows/publish-curves.ts';
import { releaseWorkbook } from '#lib/flows/release-curves.ts';
import { gateWorkbook } from '#lib/flows/run-gate.ts';
import { sweep } from '#lib/flows/sweep.ts';
import type { ChaosPorts } from './ports.ts';

export function sweepOnce(ports: ChaosPorts) {
  return sweep({
    objects: ports.objects,
    log: ports.log,
    grace_ms: 0,
    now_ms: Date.now() + 60_000,
    stages: {
      ingest: ({ key, etag, last_modified }) =>
        ingestWorkbook(
          {
            bucket: ports.bucket,
            key,
            etag,
            version_id: undefined,
            sequencer: undefined,
            event_time: last_modified,
          },
          ports,
        ),
      gate: (version) => gateWorkbook(version, ports),
      release: (version) => releaseWorkbook(version, ports),
      decisions: (version) => applyDecisions(version, ports),
      publish: (version) => publishWorkbook(version, ports),
    },
  });
}
