/**
 * What a valuation is made with (dates, rates, a simulation) refuses by the names of its own arguments; who asked for the
 * valuation is told the field of the request instead. Knows no rule.
 */
import { AurumError } from '../errors.ts';

export interface RequestPlace {
  readonly field: string;
  /** Where the one that was given does not fit the request. */
  readonly remedy?: string | undefined;
}

/** The same refusal at its place in the request. @param placeOf undefined: it stays as it is, as all that is no refusal does */
export function atRequestField(
  error: unknown,
  placeOf: (refused: AurumError) => RequestPlace | undefined,
): unknown {
  if (!(error instanceof AurumError) || error.kind !== 'refused') return error;
  const { kind, code, message, place } = error;
  const found = placeOf(error);
  if (found === undefined) return error;
  const { field, remedy = error.remedy } = found;
  return new AurumError(kind, code, message, {
    ...place,
    ...(remedy === undefined ? {} : { remedy }),
    field,
    cause: error,
  });
}
