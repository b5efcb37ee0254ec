/**
 * The little XML that S3 speaks: a tree from a request body, text for an answer. Knows nothing of operations.
 */
import { SaxesParser } from 'saxes';
import { S3Error } from './errors.ts';

export interface XmlNode {
  readonly name: string;
  text: string;
  readonly children: XmlNode[];
}

/** Refuses what is not well-formed and every DOCTYPE; namespace prefixes are dropped. */
export function parseXml(source: string): XmlNode {
  const root: XmlNode = { name: '', text: '', children: [] };
  const open: XmlNode[] = [root];
  const parser = new SaxesParser();
  const refuse = () => {
    throw new S3Error('MalformedXML');
  };
  parser.on('error', refuse);
  parser.on('doctype', refuse);
  parser.on('opentag', (tag) => {
    if (open.length > 16) refuse();
    const node = { name: tag.name.replace(/^.*:/, ''), text: '', children: [] };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on('closetag', () => void open.pop());
  const addText = (text: string) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(source).close();
  const top = root.children[0];
  if (top === undefined) throw new S3Error('MalformedXML');
  return top;
}

export function childText(node: XmlNode, name: string): string | undefined {
  return node.children.find((child) => child.name === name)?.text;
}

/** Text, a number, or elements; an undefined one is left out, a list repeats its element. */
export type XmlValue = string | number | boolean | undefined | XmlFields | readonly XmlValue[];
export interface XmlFields {
  readonly [name: string]: XmlValue;
}

export function xmlDocument(name: string, content: XmlFields | string): string {
  // S3 puts its namespace on every document but an error; clients that find one there read no code.
  const namespace = name === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${namespace}>${inner(content)}</${name}>`;
}

function elements(fields: XmlFields): string {
  let out = '';
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value)) for (const one of value) out += element(name, one);
    else out += element(name, value);
  }
  return out;
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  return `<${name}>${inner(value as XmlFields | string | number | boolean)}</${name}>`;
}

function inner(value: XmlFields | string | number | boolean): string {
  return typeof value === 'object' ? elements(value) : escapeXml(String(value));
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: S3 writes control characters of keys as references too
  return text.replace(/[&<>"\u0000-\u001f]/g, (c) => escapes[c] ?? `&#x${c.charCodeAt(0).toString(16)};`);
}
