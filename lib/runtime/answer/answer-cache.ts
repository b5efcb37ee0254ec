/**
 * Answers as bytes. What is a function of the released curves carries a strong ETag made of everything it depends on, the
 * caller's tenant and entitlements among it, so that a 304 is exact and a kept answer is never an old one or another's.
 */
import { hash } from 'node:crypto';
import type { z } from 'zod';
import type { Caller } from '#lib/domain/access.ts';
import { busy } from '#lib/domain/errors.ts';
import { encodeRows, META_HEADER, metaHeader } from '#lib/formats/encode.ts';
import { type Format, MEDIA_TYPES, negotiate } from '#lib/formats/negotiate.ts';
import { rowFields } from '#lib/parquet/fields.ts';
import type { Cache } from '#lib/ports/cache.ts';
import type { RefHead, Tables } from '#lib/ports/tables.ts';
import { CODE_VERSION } from '#lib/runtime/code-version.ts';
import type { HttpEvent, HttpResponse } from '#lib/runtime/http-event.ts';
import type { RawAnswer, RouteContract } from '#lib/runtime/triggers.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { type Coding, codingFor, encoded, encodedStream } from './content-coding.ts';
import { sharedRead } from './shared-read.ts';

export interface AnswerPorts {
  readonly cache: Cache;
  readonly tables: Tables;
}

/** Rows on their way. */
export interface StreamedRows {
  readonly meta: object;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** How a route's answer is made, of the state of the released curves that `tables` shows. */
export interface AnswerMaker {
  /** The body as a value. */
  readonly value: (tables: Tables) => Promise<unknown>;
  /** All rows in a format, where a route can make them one batch after the other. */
  readonly rows: ((format: Format, tables: Tables) => Promise<StreamedRows>) | undefined;
}

export interface AnswerCache {
  /** Makes nothing when the caller has the answer already or it is kept. */
  respond(
    contract: RouteContract<unknown, unknown, unknown>,
    event: HttpEvent,
    caller: Caller,
    maker: AnswerMaker,
  ): Promise<HttpResponse>;
}

const KEPT_MS = 60 * 60 * 1_000;
/** A larger answer is made again rather than kept. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;
const VARY = 'accept, accept-encoding, authorization';

export function answerCache({ cache, tables }: AnswerPorts): AnswerCache {
  const released = sharedRead(async (): Promise<Released> => {
    const head = await tables.head('main');
    if (head === undefined) throw busy('catalog_missing', 'the catalog has no main branch yet');
    return { head, state: stateOf(await tables.releases(head)) };
  });

  /** An answer that is a function of the released curves: tagged, kept when it is JSON of no great size. */
  async function versioned(request: Request): Promise<HttpResponse> {
    const { head, state } = await released();
    const tag = tagOf(state, request);
    const headers = { etag: `"${tag}"`, 'cache-control': 'private, no-cache', vary: VARY };
    const { ifNoneMatch, status } = request;
    if (isHeld(ifNoneMatch, headers.etag)) return { statusCode: 304, headers, body: '' };
    // Made of the very state that the tag names, whatever is released meanwhile.
    const seen = pinned(tables, head);
    if (request.type !== undefined) return rawAnswer(request, await request.maker.value(seen), headers);
    if (request.format !== 'json') return streamed(request, headers, seen);
    const kept = await cache.get(`answer:${tag}`);
    if (kept !== undefined) return keptAnswer(kept, status, headers);
    const made = await encoded(await jsonBytes(request, seen), request.coding, true);
    if (made.bytes.length <= MAX_KEPT_BYTES) await cache.set(`answer:${tag}`, keptBytes(made), KEPT_MS);
    return answered(status, headers, made);
  }

  return {
    async respond(contract, event, caller, maker) {
      const status = contract.status ?? 200;
      const { headers = {} } = event;
      const format = contract.rows === undefined ? 'json' : negotiate(headers.accept);
      const isKept = contract.raw !== undefined || (contract.of === 'curves' && format === 'json');
      const request: Request = {
        status,
        type: contract.raw,
        fields: contract.rows,
        format,
        coding: codingFor(headers['accept-encoding'], isKept ? 'kept' : 'once'),
        ifNoneMatch: headers['if-none-match'],
        question: `${event.rawPath}?${event.rawQueryString}`,
        scope: JSON.stringify([caller.tenant, caller.entitlements]),
        maker,
      };
      if (contract.of === 'curves') return versioned(request);
      if (contract.raw !== undefined) return rawAnswer(request, await maker.value(tables));
      const own = { 'cache-control': 'no-store', vary: VARY };
      if (request.format !== 'json') return streamed(request, own, tables);
      return answered(status, own, await encoded(await jsonBytes(request, tables), request.coding, false));
    },
  };
}

interface Request {
  readonly status: number;
  /** Media type of an answer that is sent as it is. */
  readonly type: string | undefined;
  readonly fields: z.ZodType | undefined;
  readonly format: Format;
  readonly coding: Coding;
  readonly ifNoneMatch: string | undefined;
  readonly question: string;
  /** Who may see the answer. */
  readonly scope: string;
  readonly maker: AnswerMaker;
}

interface Released {
  readonly head: RefHead;
  /** Changes with a release, and not with what else is committed to `main`. */
  readonly state: string;
}

/** By list: the adapter gives the same one until there is another release or a commit. */
const STATES = new WeakMap<readonly CurveRelease[], string>();

function stateOf(releases: readonly CurveRelease[]): string {
  let state = STATES.get(releases);
  if (state === undefined) {
    state = hash('sha256', JSON.stringify(releases), 'base64url');
    STATES.set(releases, state);
  }
  return state;
}

/** The tables as they were when `head` was read: `main` does not move for whoever asks them. */
function pinned(tables: Tables, head: RefHead): Tables {
  return {
    ...tables,
    head: async (ref) => (ref === head.ref ? head : tables.head(ref)),
    releases: (at) => tables.releases(at === head.ref ? head : at),
  };
}

const jsonBytes = async ({ maker }: Request, tables: Tables) =>
  Buffer.from(JSON.stringify(await maker.value(tables)));

async function streamed(
  request: Request,
  headers: Record<string, string>,
  tables: Tables,
): Promise<HttpResponse> {
  const { status, format, coding, maker } = request;
  const { meta, bytes } = await (maker.rows?.(format, tables) ?? pageInFormat(request, tables));
  const encoding = coding === 'identity' ? {} : { 'content-encoding': coding };
  const type = { 'content-type': MEDIA_TYPES[format], [META_HEADER]: metaHeader(meta) };
  return {
    statusCode: status,
    headers: { ...headers, ...encoding, ...type },
    body: encodedStream(bytes, coding),
  };
}

/** A page that was made as a value, in another format. */
async function pageInFormat({ format, fields, maker }: Request, tables: Tables): Promise<StreamedRows> {
  const { meta, data } = (await maker.value(tables)) as { meta: object; data: readonly object[] };
  return { meta, bytes: encodeRows(format, rowFields(fields!), [data], meta) };
}

/** What is sent as it is; it states its own caching, unless it is tagged. */
function rawAnswer(
  { status: statusCode, type, coding }: Request,
  made: unknown,
  tagged: Record<string, string> = {},
): HttpResponse {
  const { headers, body, compressed } = made as RawAnswer;
  const own = { 'content-type': type!, 'cache-control': 'no-store', ...headers, ...tagged };
  if (compressed === undefined) return { statusCode, headers: own, body };
  const varied = { ...own, vary: 'accept-encoding' };
  if (coding === 'identity') return { statusCode, headers: varied, body };
  return { statusCode, headers: { ...varied, 'content-encoding': coding }, body: compressed[coding] };
}

function tagOf(state: string, { scope, format, coding, question }: Request): string {
  const parts = [CODE_VERSION, state, scope, format, coding, question];
  return hash('sha256', parts.join('\n'), 'base64url').slice(0, 27);
}

/**
 * `If-None-Match`, weak comparison (RFC 9110 13.1.2). `*` is of no use to who reads, and is passed over: only a tag
 * proves that its question was a valid one.
 */
function isHeld(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => {
    const given = part.trim();
    return given === etag || given === `W/${etag}`;
  });
}

/** The coding goes before the bytes: one letter. */
function keptBytes({ bytes, coding }: Encoded): Uint8Array {
  return Buffer.concat([Buffer.from(coding[0]!), bytes]);
}

const CODING_OF: Readonly<Record<string, Coding>> = { b: 'br', g: 'gzip', i: 'identity' };

function keptAnswer(kept: Uint8Array, status: number, headers: Record<string, string>): HttpResponse {
  const coding = CODING_OF[String.fromCharCode(kept[0]!)]!;
  return answered(status, headers, { bytes: kept.subarray(1), coding });
}

interface Encoded {
  readonly bytes: Uint8Array;
  readonly coding: Coding;
}

function answered(
  statusCode: number,
  headers: Record<string, string>,
  { bytes, coding }: Encoded,
): HttpResponse {
  const encoding = coding === 'identity' ? {} : { 'content-encoding': coding };
  return {
    statusCode,
    headers: { ...headers, ...encoding, 'content-type': 'application/json' },
    body: bytes,
  };
}
