/** Raw workbook -> staged rows and report. */
import { ingestWorkbook } from '#lib/flows/ingest-workbook.ts';
import { RAW_PREFIX } from '#lib/flows/stage-keys.ts';
import { onObjectCreated } from '#lib/runtime/hosts/object-created.ts';
import { objectCreated } from '#lib/runtime/triggers.ts';

export const trigger = objectCreated(RAW_PREFIX);

export const handler = onObjectCreated('parse-workbook', ingestWorkbook);
