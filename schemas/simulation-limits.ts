/** How far the two-factor model goes: limits of what may be asked for, which the simulation holds to. */

/** 1/sqrt(year), of prices that move relatively: 100 is 10,000 % a year. */
export const MAX_RELATIVE_VOLATILITY = 100;
/** Price units/sqrt(year), of prices that move by amounts. */
export const MAX_PRICE_VOLATILITY = 1_000_000;
/** 1/year: a short-end shock that has halved after two and a half days. */
export const MAX_REVERSION = 100;
