import { killCase } from '#tests/e2e/killed.ts';

killCase(1, 18);
