/**
 * The process of a container: serves the functions AURUM_FUNCTION names, one (`ingest/parse-workbook`), a folder (`api`)
 * or several (`api,ingest`), with /health and /ready, on PORT.
 */
import { runHost } from './host-process.ts';

runHost();
