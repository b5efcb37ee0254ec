import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { objectStoreCases } from './cases.ts';

const store = memoryObjectStore();
objectStoreCases('memory', () => store);
