/** Every minute: whatever lost its event is driven on. */

import { applyDecisions } from '#lib/flows/apply-decisions.ts';
import { recordUnanswered } from '#lib/flows/audit.ts';
import { describeRelease } from '#lib/flows/describe-release.ts';
import { ingestWorkbook } from '#lib/flows/ingest-workbook.ts';
import { publishWorkbook } from '#lib/flows/publish-curves.ts';
import { releaseWorkbook } from '#lib/flows/release-curves.ts';
import { gateWorkbook } from '#lib/flows/run-gate.ts';
import { sweep } from '#lib/flows/sweep.ts';
import { anchorAudit } from '#lib/flows/verify-audit.ts';
import { onSchedule } from '#lib/runtime/hosts/schedule.ts';
import { every } from '#lib/runtime/triggers.ts';

export const trigger = every('1 minute');

export const handler = onSchedule('sweep', async (ports) => {
  const report = await sweep({
    ...ports,
    grace_ms: ports.config.AURUM_SWEEP_GRACE_MS,
    now_ms: Date.parse(ports.clock.now()),
    stages: {
      ingest: ({ key, etag, last_modified }) =>
        ingestWorkbook(
          {
            bucket: ports.config.AURUM_S3_BUCKET,
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
      publish: async (version) => {
        await publishWorkbook(version, ports);
        await describeRelease(version, ports);
      },
    },
  });
  const unanswered = await recordUnanswered(ports);
  return { ...report, unanswered, anchored: await anchorAudit(ports) };
});
