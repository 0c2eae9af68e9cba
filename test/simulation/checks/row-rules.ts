import { isDeepStrictEqual } from 'node:util';
import type { SessionRecord } from '@steppe/contracts/session-record';
import {
  isTerminal,
  terminalRetentionSeconds,
} from '@steppe/control-plane/sessions/termination/cause';
import type { Item } from '@steppe/session-store/dynamodb/items';
import { fromSessionItem, toSessionItem } from '@steppe/session-store/dynamodb/rows/session-item';

type State = SessionRecord['state'];

/** The states that may follow a state; a row that did not exist before has none. */
const nextStates: Readonly<Record<State | 'absent', readonly State[]>> = {
  // A create that may still be written is rolled back by a terminal row.
  absent: ['provisioning', 'ended', 'failed'],
  provisioning: ['provisioning', 'ready', 'ended', 'failed'],
  ready: ['ready', 'ended'],
  ended: [],
  failed: [],
};

const lasting = ['session_id', 'tenant_id', 'runtime', 'created_at', 'resources'];
/** A ready session's lifetime and metadata can be changed by its tenant. */
const patched = ['expires_at', 'idle_timeout_seconds', 'metadata'];
const route = ['instance_id', 'address', 'ready_at'];

/** What does not follow from the row as it was before, whoever writes it. */
export function rowViolations(before: Item | undefined, after: Item | undefined): string[] {
  if (!after) return ['is removed'];
  const row = fromSessionItem(after).record;
  const was = before && fromSessionItem(before).record;
  if (!nextStates[was?.state ?? 'absent'].includes(row.state))
    return [`was ${was?.state ?? 'absent'} and is written as ${row.state}`];
  return [
    ...versionViolations(was, row),
    ...(was ? fieldViolations(was, row) : []),
    ...timeViolations(row),
    ...(isDeepStrictEqual(after, toSessionItem(fromSessionItem(after)))
      ? []
      : [`has other attributes than a row that is ${row.state}`]),
  ];
}

function versionViolations(was: SessionRecord | undefined, { version }: SessionRecord): string[] {
  const before = was?.version ?? 0;
  return version === before + 1 ? [] : [`goes from version ${before} to ${version}`];
}

function fieldViolations(was: SessionRecord, row: SessionRecord): string[] {
  const isReady = was.state === 'ready';
  const kept = [
    ...lasting,
    ...(isReady && row.state === 'ready' ? route : patched),
    ...(isReady && isTerminal(row) ? ['instance_id', 'ready_at'] : []),
    // An instance is named before the session is ready, so that a delete can end it.
    ...(!isReady && row.state !== 'provisioning' ? ['instance_id'] : []),
  ];
  const [old, next] = [new Map(Object.entries(was)), new Map(Object.entries(row))];
  return kept
    .filter((field) => !isDeepStrictEqual(old.get(field), next.get(field)))
    .map((field) => `is ${row.state} with another ${field} than before, when it was ${was.state}`);
}

function timeViolations(row: SessionRecord): string[] {
  const times = [
    row.created_at,
    row.state === 'provisioning' ? undefined : row.ready_at,
    isTerminal(row) ? row.ended_at : undefined,
  ].flatMap((time) => (time === undefined ? [] : Date.parse(time)));
  const isPurgedEarly =
    isTerminal(row) && row.purge_at < Date.parse(row.ended_at) / 1000 + terminalRetentionSeconds;
  return [
    ...(times.every((time, at) => time >= (times[at - 1] ?? 0)) ? [] : ['has times in disorder']),
    ...(isPurgedEarly ? ['may be purged before its retention has passed'] : []),
  ];
}
