import { memoryAudit } from '#lib/adapters/audit/memory.ts';
import { auditCases } from './cases.ts';

const audit = memoryAudit();
auditCases('memory', () => audit);
