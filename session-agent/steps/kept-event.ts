import type { StepEvent } from '@steppe/contracts/step';
import { mergeObjects, type RawJson, toRawJson } from '../protocol/raw-json.ts';

type ResultEvent = Extract<StepEvent, { type: 'result' }>;

/**
 * An event as a step holds it: a bundle stays the JSON text that the driver made, apart from what
 * is ours.
 */
export type KeptEvent =
  | Exclude<StepEvent, { type: 'result' }>
  | (Pick<ResultEvent, 'type' | 'seq' | 'at'> & { bundle: RawJson });

/**
 * What clients get. No key of a bundle is one of ours: that was checked where the bundle came in.
 */
export function eventText(event: KeptEvent): RawJson {
  if (event.type !== 'result') return toRawJson(event);
  const { type, bundle, seq, at } = event;
  return mergeObjects(toRawJson({ type }), bundle, toRawJson({ seq, at }));
}
