/**
 * The smoothest spline with given means: quartic pieces, p, p' and p'' continuous, least integral of p''^2. Knows nothing of
 * days, contracts and prices.
 *
 * A piece of length h, u = (t - start) / h: the cubic Hermite functions of the values and slopes at its two knots, plus a bubble
 * u^2 (1 - u)^2. Shared values and slopes make p and p' continuous; p'' is one equation an inner knot. The minimum solves the
 * Karush-Kuhn-Tucker equations, a band a few unknowns wide where means cover few pieces.
 */
import { type Entry, positions, solveLinear } from './linear-equations.ts';

/** Coefficients of a piece: value and slope at its first knot, at its last, the bubble. */
export type PieceTerms = readonly [number, number, number, number, number];

/** A linear condition on the spline: sum over its pieces of terms x coefficients = target. */
export interface MeanCondition {
  readonly first_piece: number;
  readonly terms: readonly PieceTerms[];
  readonly target: number;
}

/** The five functions of a piece of length `length` at u in 0..1. */
export function pieceTermsAt(u: number, length: number): PieceTerms {
  const rest = 1 - u;
  return [
    rest * rest * (1 + 2 * u),
    length * u * rest * rest,
    u * u * (3 - 2 * u),
    -length * u * u * rest,
    u * u * rest * rest,
  ];
}

/** Value of a piece at u. */
export function pieceValueAt(coefficients: PieceTerms, u: number, length: number): number {
  const [a, b, c, d, e] = pieceTermsAt(u, length);
  return (
    a * coefficients[0] +
    b * coefficients[1] +
    c * coefficients[2] +
    d * coefficients[3] +
    e * coefficients[4]
  );
}

/** Second derivatives of the five functions at both ends of a piece of length 1; slopes scale with the length. */
const BEND_AT_START = [-6, -4, 6, -2, 2] as const;
const BEND_AT_END = [6, 2, -6, 4, 2] as const;
/** Integrals of their products. The bubble is orthogonal to the other four. */
const ENERGY = [
  [12, 6, -12, 6, 0],
  [6, 4, -6, 2, 0],
  [-12, -6, 12, -6, 0],
  [6, 2, -6, 4, 0],
  [0, 0, 0, 0, 4 / 5],
] as const;
const isSlope = (part: number): boolean => part === 1 || part === 3;

/**
 * Coefficients of the pieces; undefined when the conditions leave the equations singular.
 * @param lengths of the pieces, best near 1.
 * @param begins_level pins the first slope to 0, for conditions that leave the tilt open.
 */
export function smoothestSpline(
  lengths: readonly number[],
  means: readonly MeanCondition[],
  begins_level: boolean,
): readonly PieceTerms[] | undefined {
  const { size, unknownsOf, bendRow, meanRow, levelRow } = layout(lengths.length, means);
  const entries: Entry[] = [];
  const right = new Float64Array(size);
  const constrain = (row: number, column: number, value: number) => {
    entries.push([row, column, value], [column, row, value]);
  };
  lengths.forEach((length, piece) => {
    const columns = unknownsOf(piece);
    const scaled = (part: number) => (isSlope(part) ? length : 1) / length ** 1.5;
    ENERGY.forEach((row, i) => {
      row.forEach((value, j) => {
        entries.push([columns[i]!, columns[j]!, value * scaled(i) * scaled(j)]);
      });
    });
    const bend = (row: number, at: readonly number[], sign: number) => {
      at.forEach((value, part) => {
        constrain(row, columns[part]!, (sign * value * (isSlope(part) ? length : 1)) / length ** 2);
      });
    };
    if (piece > 0) bend(bendRow(piece), BEND_AT_START, -1);
    if (piece + 1 < lengths.length) bend(bendRow(piece + 1), BEND_AT_END, 1);
  });
  means.forEach(({ first_piece, terms, target }, index) => {
    terms.forEach((ofPiece, offset) => {
      const columns = unknownsOf(first_piece + offset);
      ofPiece.forEach((value, part) => {
        constrain(meanRow(index), columns[part]!, value);
      });
    });
    right[meanRow(index)] = target;
  });
  // A multiplier without a condition is 0.
  if (begins_level) constrain(levelRow, unknownsOf(0)[1], 1);
  else entries.push([levelRow, levelRow, 1]);
  const solution = solveLinear(entries, right);
  return (
    solution &&
    lengths.map((_, piece) => unknownsOf(piece).map((at) => solution[at]!) as unknown as PieceTerms)
  );
}

/** Places of unknowns and multipliers in the matrix, ordered by where on the curve they act. */
function layout(count: number, means: readonly MeanCondition[]) {
  const knots = Array.from({ length: count + 1 }, (_, knot) => knot);
  const keys = [
    ...knots,
    ...knots.map((knot) => knot + 0.1),
    ...knots.slice(1).map((knot) => knot - 0.5),
    ...knots.slice(1, -1).map((knot) => knot + 0.2),
    ...means.map(({ first_piece, terms }) => first_piece + terms.length / 2 + 0.01),
    -1,
  ];
  const place = positions(keys);
  const [values, slopes, bubbles, bends] = [0, count + 1, 2 * count + 2, 3 * count + 2];
  const at = (index: number): number => place[index]!;
  return {
    size: keys.length,
    unknownsOf: (piece: number): PieceTerms => [
      at(values + piece),
      at(slopes + piece),
      at(values + piece + 1),
      at(slopes + piece + 1),
      at(bubbles + piece),
    ],
    bendRow: (knot: number) => at(bends + knot - 1),
    meanRow: (index: number) => at(bends + count - 1 + index),
    levelRow: at(keys.length - 1),
  };
}
