/**
 * The strict XML parser: any encoding, any namespace prefix, every well-formedness rule, within bounds on depth and
 * attributes. Knows XML and markup compatibility; what elements mean is the caller's business.
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import type { AurumError } from '#lib/domain/errors.ts';
import { refuse, type Subject } from './limits.ts';

/** The XML of one part, or pieces of it to be read as one document. */
export interface Markup {
  readonly part: string;
  readonly pieces: readonly Uint8Array[];
  /** Where the reader is, for messages. */
  readonly place?: () => { sheet?: string; cell?: string };
}

/**
 * Called in document order. A path names the elements from the root on, `sst/si/t`; an element of a namespace that is
 * not of workbooks or packages is `?` in it. Text comes in one or more pieces.
 */
export interface MarkupReader {
  open(path: string, tag: SaxesTagNS): void;
  close?(path: string): void;
  text?(path: string, text: string): void;
}

/** Workbooks as Excel writes them and in their ISO strict form, and the relationships of a package. */
const KNOWN_NAMESPACES: ReadonlySet<string> = new Set([
  'http://schemas.openxmlformats.org/spreadsheetml/2006/main',
  'http://purl.oclc.org/ooxml/spreadsheetml/main',
  'http://schemas.openxmlformats.org/package/2006/relationships',
]);
const COMPATIBILITY_NAMESPACE = 'http://schemas.openxmlformats.org/markup-compatibility/2006';

/** No part of a workbook nests deeper than 20 or has more than 40 attributes on an element. */
const DEEPEST = 64;
const MOST_ATTRIBUTES = 256;
const CHUNK_BYTES = 64 * 1024;

/** @throws AurumError (refused): `doctype_refused`, `workbook_malformed`, `limit_exceeded`. */
export function parseMarkup(markup: Markup, reader: MarkupReader, subject: Subject): void {
  const refuseHere = (code: string, message: string, cause?: unknown) =>
    refuse(subject, code, `Part ${markup.part} ${message}`, {
      ...markup.place?.(),
      ...(cause ? { cause } : {}),
    });
  const parser = parserFor(reader, refuseHere);
  const encoding = encodingOf(markup.pieces[0] ?? new Uint8Array());
  const decode = decoderFor(encoding, refuseHere);
  for (const piece of markup.pieces) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
      parser.write(decode(piece.subarray(at, at + CHUNK_BYTES)));
    }
  }
  parser.write(decode()).close();
}

type RefuseHere = (code: string, message: string, cause?: unknown) => AurumError;

function parserFor(reader: MarkupReader, refuseHere: RefuseHere): SaxesParser<{ xmlns: true }> {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const { open, close, text } = pathReader(reader, refuseHere);
  let attributes = 0;
  parser.on('error', (cause) => {
    throw refuseHere('workbook_malformed', `is not well-formed XML: ${cause.message.slice(0, 200)}`, cause);
  });
  parser.on('doctype', () => {
    throw refuseHere('doctype_refused', 'declares a DOCTYPE, which no workbook needs');
  });
  parser.on('attribute', () => {
    if (++attributes <= MOST_ATTRIBUTES) return;
    throw refuseHere('limit_exceeded', `has an element with more than ${MOST_ATTRIBUTES} attributes`);
  });
  parser.on('opentag', (tag) => {
    attributes = 0;
    open(tag);
  });
  parser.on('closetag', close);
  parser.on('text', text);
  parser.on('cdata', text);
  return parser;
}

/**
 * Turns tags into paths. Markup compatibility: no extension is understood here, so of an AlternateContent the Choices
 * are skipped and the Fallback is read as if it stood there alone.
 */
function pathReader(reader: MarkupReader, refuseHere: RefuseHere) {
  const outer: PathNode[] = [];
  let node: PathNode = { path: '', inner: new Map() };
  let skipped = 0;
  return {
    open(tag: SaxesTagNS): void {
      outer.push(node);
      if (outer.length > DEEPEST)
        throw refuseHere('limit_exceeded', `has elements nested deeper than ${DEEPEST}`);
      const isCompatibility = tag.uri === COMPATIBILITY_NAMESPACE;
      if (skipped > 0 || (isCompatibility && tag.local === 'Choice')) skipped++;
      if (skipped > 0 || isCompatibility) return;
      node = innerNode(node, KNOWN_NAMESPACES.has(tag.uri) ? tag.local : '?');
      reader.open(node.path, tag);
    },
    close(tag: SaxesTagNS): void {
      if (skipped > 0) skipped--;
      else if (tag.uri !== COMPATIBILITY_NAMESPACE) reader.close?.(node.path);
      node = outer.pop() ?? node;
    },
    text(text: string): void {
      if (skipped === 0) reader.text?.(node.path, text);
    },
  };
}

/** Each path is made once: joined per element, and compared, they took most of the time of a sheet. */
interface PathNode {
  readonly path: string;
  readonly inner: Map<string, PathNode>;
}

function innerNode(node: PathNode, name: string): PathNode {
  const known = node.inner.get(name);
  if (known !== undefined) return known;
  const inner = { path: node.path === '' ? name : `${node.path}/${name}`, inner: new Map() };
  node.inner.set(name, inner);
  return inner;
}

function decoderFor(encoding: string, refuseHere: RefuseHere): (bytes?: Uint8Array) => string {
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw refuseHere(
      'workbook_malformed',
      `is written in the unknown encoding ${JSON.stringify(encoding)}`,
      cause,
    );
  }
  return (bytes) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw refuseHere('workbook_malformed', `holds bytes that are no ${encoding} text`, cause);
    }
  };
}

/** By byte order mark, else by the zero bytes of UTF-16, else as declared, else UTF-8. */
export function encodingOf(bytes: Uint8Array): string {
  const [first, second, third] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0x3c && second === 0) return 'utf-16le';
  if (first === 0 && second === 0x3c) return 'utf-16be';
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 200)).toString('latin1');
  const declared = /^<\?xml [^>]{0,60}encoding=["']([A-Za-z][A-Za-z0-9._-]{0,30})["']/.exec(head)?.[1];
  // A part that says UTF-16 in single bytes can only be UTF-8.
  return declared === undefined || /^utf-?16/i.test(declared) ? 'utf-8' : declared.toLowerCase();
}

/**
 * What stands before the first `mark` of a part that a scanner may try: UTF-8, XML 1.0, no comment, section or
 * instruction before the mark. Undefined for any other part.
 */
export function plainHead(bytes: Buffer, mark: string): Buffer | undefined {
  if (encodingOf(bytes) !== 'utf-8') return undefined;
  const end = bytes.indexOf(mark);
  if (end < 0) return undefined;
  const head = bytes.subarray(0, end);
  const start = head.indexOf('<');
  const text = head.toString('latin1', start);
  const isPlain = !text.includes('<!') && text.lastIndexOf('<?') <= 0;
  return isPlain && (!text.startsWith('<?') || text.startsWith('<?xml version="1.0"')) ? head : undefined;
}
