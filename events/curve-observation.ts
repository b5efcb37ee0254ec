import { type CurveObservation, curveObservation } from '#schemas/curve-observation.ts';
import type { Topic } from './topic.ts';

export const curveObservationTopic: Topic<CurveObservation> = {
  name: 'aurum.curve.observation.v1',
  description: 'One record per released row version',
  partitions: 6,
  schema: curveObservation,
  key: (row) => row.curve_key,
};
