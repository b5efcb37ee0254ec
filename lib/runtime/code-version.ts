/** Version of the code that runs: part of every ETag and of every run's record. */
import project from '../../package.json' with { type: 'json' };

export const CODE_VERSION: string = project.version;
