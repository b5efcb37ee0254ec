/** Starts the functions of the folder it is given and waits, to be killed. */
import { join } from 'node:path';
import { startFunctions } from '../../../local/functions.ts';

const root = process.argv[2]!;
startFunctions({
  root,
  log_file: join(root, 'functions.log'),
  api_url: 'http://127.0.0.1:1',
  environment: process.env,
});
setInterval(() => {}, 1_000);
