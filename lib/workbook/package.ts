/**
 * The parts of a workbook and how they hang together: relationships, the workbook part, its sheets.
 * Knows the Open Packaging Conventions; reads no cell.
 */
import type { SaxesAttributeNS, SaxesTagNS } from 'saxes';
import type { Sheet } from '#lib/domain/sheet.ts';
import { overLimit, refuse, type Subject } from './limits.ts';
import type { Parts } from './preflight.ts';
import { parseMarkup } from './strict.ts';
import { expand } from './zip.ts';

/** An opened workbook file. */
export interface Package {
  readonly subject: Subject;
  readonly bytes: Buffer;
  readonly parts: Parts;
}

/** A worksheet as the workbook part lists it, with the name of its part. */
export interface SheetPart {
  readonly name: string;
  readonly visibility: Sheet['visibility'];
  readonly part: string;
}

export interface WorkbookPart {
  readonly dateSystem: 1900 | 1904;
  readonly sheets: readonly SheetPart[];
  readonly stylesPart: string | undefined;
  readonly stringsPart: string | undefined;
}

interface Relationship {
  readonly type: string;
  readonly part: string;
  readonly isExternal: boolean;
}

const RELATIONSHIP_NAMESPACES: ReadonlySet<string> = new Set([
  'http://schemas.openxmlformats.org/officeDocument/2006/relationships',
  'http://purl.oclc.org/ooxml/officeDocument/relationships',
]);

/** Bytes of a part that must be there. */
export function partBytes(file: Package, part: string): Buffer {
  const entry = file.parts.get(part.toLowerCase());
  if (entry === undefined) throw refuse(file.subject, 'part_missing', `The workbook lacks its part ${part}`);
  return expand(file.bytes, entry, file.subject);
}

/** Follows the package to its workbook part and reads the list of sheets. */
export function readWorkbookPart(file: Package): WorkbookPart {
  const document = [...readRelationships(file, '').values()].find(({ type }) => type === 'officeDocument');
  if (document === undefined)
    throw refuse(file.subject, 'part_missing', 'The package names no workbook part');
  const related = readRelationships(file, document.part);
  const listed = readSheetList(file, document.part);
  const sheets = listed.sheets.flatMap((sheet) => sheetPart(file, sheet, related));
  refuseOddSheets(file, sheets);
  const partOf = (type: string) =>
    [...related.values()].find((to) => to.type === type && !to.isExternal)?.part;
  return {
    dateSystem: listed.dateSystem,
    sheets,
    stylesPart: partOf('styles'),
    stringsPart: partOf('sharedStrings'),
  };
}

/** Relationships of a part by id; of the package itself when `part` is empty. Absent ones are an empty map. */
function readRelationships(file: Package, part: string): Map<string, Relationship> {
  const slash = part.lastIndexOf('/') + 1;
  const name = `${part.slice(0, slash)}_rels/${part.slice(slash)}.rels`;
  const found = new Map<string, Relationship>();
  if (part !== '' && !file.parts.has(name.toLowerCase())) return found;
  const open = (path: string, tag: SaxesTagNS): void => {
    if (path !== 'Relationships/Relationship') return;
    const { Id, Type, Target, TargetMode } = tag.attributes;
    if (Id === undefined || Type === undefined || Target === undefined) return;
    found.set(Id.value, {
      type: relationshipType(Type.value),
      part: targetPart(part.slice(0, slash), Target.value),
      isExternal: TargetMode?.value === 'External',
    });
  };
  parseMarkup({ part: name, pieces: [partBytes(file, name)] }, { open }, file.subject);
  return found;
}

/** Last word of a relationship type of Office; the whole type of any other. */
function relationshipType(type: string): string {
  const slash = type.lastIndexOf('/');
  return RELATIONSHIP_NAMESPACES.has(type.slice(0, slash)) ? type.slice(slash + 1) : type;
}

/** `../x.xml` and `/xl/x.xml` as names of parts; `folder` is empty or ends in a slash. */
function targetPart(folder: string, target: string): string {
  const path: string[] = [];
  for (const segment of (target.startsWith('/') ? target : folder + target).split('/')) {
    if (segment === '..') path.pop();
    else if (segment !== '' && segment !== '.') path.push(segment);
  }
  return path.join('/');
}

interface ListedSheet {
  readonly name: string;
  readonly visibility: Sheet['visibility'];
  readonly id: string | undefined;
}

function readSheetList(file: Package, part: string): { dateSystem: 1900 | 1904; sheets: ListedSheet[] } {
  const { subject } = file;
  const sheets: ListedSheet[] = [];
  let dateSystem: 1900 | 1904 = 1900;
  const open = (path: string, tag: SaxesTagNS): void => {
    if (!path.startsWith('workbook')) {
      throw refuse(subject, 'workbook_malformed', `Part ${part} is no workbook: its root is another element`);
    }
    if (path === 'workbook/workbookPr' && isTrue(tag.attributes.date1904)) dateSystem = 1904;
    if (path !== 'workbook/sheets/sheet') return;
    sheets.push(listedSheet(tag));
    if (sheets.length > subject.limits.sheets)
      throw overLimit(subject, 'sheets', 'The workbook has more sheets');
  };
  parseMarkup({ part, pieces: [partBytes(file, part)] }, { open }, subject);
  return { dateSystem, sheets };
}

function listedSheet(tag: SaxesTagNS): ListedSheet {
  const state = tag.attributes.state?.value;
  const id = Object.values(tag.attributes).find(
    (attribute) => attribute.local === 'id' && RELATIONSHIP_NAMESPACES.has(attribute.uri),
  );
  return {
    name: tag.attributes.name?.value ?? '',
    visibility: state === 'hidden' || state === 'veryHidden' ? state : 'visible',
    id: id?.value,
  };
}

function isTrue(attribute: SaxesAttributeNS | undefined): boolean {
  return attribute?.value === '1' || attribute?.value === 'true';
}

/** Kinds of sheet that hold no cells and are left out. */
const SHEETS_WITHOUT_CELLS: ReadonlySet<string> = new Set(['chartsheet', 'dialogsheet']);

function sheetPart(
  file: Package,
  listed: ListedSheet,
  related: ReadonlyMap<string, Relationship>,
): SheetPart[] {
  const target = listed.id === undefined ? undefined : related.get(listed.id);
  if (target !== undefined && SHEETS_WITHOUT_CELLS.has(target.type)) return [];
  if (target === undefined || target.isExternal || target.type !== 'worksheet') {
    throw refuse(file.subject, 'part_missing', 'The workbook lists a sheet without a worksheet part', {
      sheet: listed.name.slice(0, 100),
    });
  }
  return [{ name: listed.name, visibility: listed.visibility, part: target.part }];
}

/** A name cited in an address must mean one sheet, and no part may be read twice. */
function refuseOddSheets(file: Package, sheets: readonly SheetPart[]): void {
  if (sheets.length === 0) throw refuse(file.subject, 'no_sheets', 'The workbook has no worksheet');
  const names = new Set(sheets.map((sheet) => sheet.name.toLowerCase()));
  const parts = new Set(sheets.map((sheet) => sheet.part.toLowerCase()));
  if (names.has(''))
    throw refuse(file.subject, 'workbook_malformed', 'The workbook has a sheet without a name');
  if (names.size < sheets.length) {
    throw refuse(file.subject, 'duplicate_sheet', 'The workbook has two sheets of one name');
  }
  if (parts.size < sheets.length) {
    throw refuse(file.subject, 'workbook_malformed', 'The workbook lists one worksheet part twice');
  }
}
