/**
 * Host of stage functions: a bucket notification in, as a Lambda event or as a webhook's POST. A webhook is answered
 * 200 only when the stage's output is durable or the input is in the dead-letter topic; a store that is away is 503.
 */
import { type ObjectCreated, objectEvent, objectsCreated } from '#events/object-created.ts';
import { AurumError, type ErrorDetail, errorLine } from '#lib/domain/errors.ts';
import { deadLetter, giveUpAfterTries } from '#lib/flows/dead-letter.ts';
import { requireEventToken } from '#lib/runtime/access/event-token.ts';
import { type Platform, platform } from '#lib/runtime/compose.ts';
import { type HttpEvent, type HttpResponse, jsonResponse } from '#lib/runtime/http-event.ts';
import { logLine } from '#lib/runtime/log.ts';
import { problem } from '#lib/runtime/middleware/problem-json.ts';

export type Stage = (event: ObjectCreated, ports: Platform) => Promise<unknown>;

/** Makes the function of a stage; `name` is the stage's in logs and dead letters. */
export function onObjectCreated(name: string, stage: Stage) {
  return async (event: HttpEvent | object): Promise<HttpResponse> => {
    const ports = await platform();
    const webhook = 'rawPath' in event ? event : undefined;
    try {
      if (webhook !== undefined) {
        const { authorization, Authorization } = webhook.headers ?? {};
        requireEventToken(authorization ?? Authorization, ports.config.AURUM_EVENT_TOKEN);
      }
      const envelope = objectEvent.parse(webhook === undefined ? event : JSON.parse(bodyText(webhook)));
      const outcomes = [];
      for (const created of objectsCreated(envelope))
        outcomes.push(await runStage(name, stage, created, ports));
      return jsonResponse(200, { stage: name, outcomes });
    } catch (error) {
      if (webhook === undefined) throw error;
      const envelopeWrong =
        error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError');
      return problem(
        envelopeWrong
          ? new AurumError('refused', 'event_invalid', 'the body is no bucket notification', { cause: error })
          : error,
        webhook.rawPath ?? '',
      );
    }
  };
}

function bodyText(event: HttpEvent): string {
  const body = event.body ?? '';
  return event.isBase64Encoded === true ? Buffer.from(body, 'base64').toString() : body;
}

async function runStage(name: string, stage: Stage, event: ObjectCreated, ports: Platform): Promise<unknown> {
  const started_ms = performance.now();
  try {
    const outcome = await stage(event, ports);
    logLine('info', 'stage_done', {
      stage: name,
      key: event.key,
      outcome: JSON.stringify(outcome),
      took_ms: Math.round(performance.now() - started_ms),
    });
    return outcome;
  } catch (error) {
    if (error instanceof AurumError && error.retryable) throw error;
    const detail = detailOf(error);
    logLine('error', 'stage_failed', {
      stage: name,
      key: event.key,
      code: detail.code,
      reason: errorLine(detail),
      stack: error instanceof Error ? error.stack : undefined,
    });
    if (error instanceof AurumError && error.kind === 'refused') {
      await deadLetter(name, event, detail, ports);
      return { outcome: 'refused', error: detail };
    }
    if (await giveUpAfterTries(name, event, detail, ports)) return { outcome: 'dead_letter', error: detail };
    throw error;
  }
}

function detailOf(error: unknown): ErrorDetail {
  if (error instanceof AurumError) return error.detail();
  return { code: 'internal_error', message: error instanceof Error ? error.message : String(error) };
}
