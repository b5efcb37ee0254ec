import { killCase } from './killed.ts';

// Before every effect in tests/stack; before and after every one within a process in crash.test.ts.
killCase(5, 3);
