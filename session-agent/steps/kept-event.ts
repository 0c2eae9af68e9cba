import type { StepEvent } from '@steppe/contracts/step';
import { mergeObjects, type RawJson, toRawJson } from '../protocol/raw-json.ts';

type ResultEvent = Extract<StepEvent, { type: 'result' }>;

/** An event as a step keeps it: a bundle stays the JSON text that the driver created. */
export type KeptEvent =
  | Exclude<StepEvent, { type: 'result' }>
  | (Pick<ResultEvent, 'type' | 'seq' | 'at'> & { bundle: RawJson });

/**
 * The event as clients get it. A bundle has none of the event's keys: `readBundle` checked that.
 */
export function eventText(event: KeptEvent): RawJson {
  if (event.type !== 'result') return toRawJson(event);
  const { type, bundle, seq, at } = event;
  return mergeObjects(toRawJson({ type }), bundle, toRawJson({ seq, at }));
}
