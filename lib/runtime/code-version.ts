/**
 * Version of the code that runs: of the release, of the sources that make numbers and of the time-zone data that says which
 * hours are on peak. Part of every ETag and of every run's record: numbers of another version are never taken for ours.
 */
import project from '../../package.json' with { type: 'json' };
import { computingSources } from './computing-sources.ts';

/** In a bundle, where the sources are not, the digest the build took of them. */
declare const COMPUTING_SOURCES_OF_THE_BUNDLE: string | undefined;

export const RELEASE: string = project.version;

const sources =
  typeof COMPUTING_SOURCES_OF_THE_BUNDLE === 'string' ? COMPUTING_SOURCES_OF_THE_BUNDLE : computingSources();

/** `1.4.0+9f86d081884c.tz2026b` */
export const CODE_VERSION = `${RELEASE}+${sources}.tz${process.versions.tz}`;
