import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { eventBusCases } from './cases.ts';

eventBusCases('memory event bus', memoryEventBus);
