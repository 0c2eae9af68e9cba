import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from './kube-objects.ts';
import { createPodCache, isLater, type PodCache, type PodChange } from './pod-cache.ts';
import { fakePod } from './testing/fake-objects.ts';

const pod = (name: string, version: string, state = 'warm'): Pod =>
  fakePod(name, version, { state });

describe('cache of pods', () => {
  let changes: string[];
  let cache: PodCache;
  beforeEach(() => {
    changes = [];
    const groupOf = ({ metadata }: Pod) => metadata.labels.state ?? null;
    cache = createPodCache(groupOf, (change) => changes.push(summary(change)));
  });
  const warm = () => [...cache.group('warm').keys()];

  it('takes only later states of a pod', () => {
    cache.put(pod('a', '9'));
    cache.put(pod('a', '10'));
    cache.put(pod('a', '9', 'starting'));
    cache.put(pod('a', '10', 'starting'));
    expect(changes).toEqual(['added a 9', 'modified a 9 10']);
    expect(cache.get('a')?.metadata.resourceVersion).toBe('10');
  });

  it('moves a pod between groups, and keeps the order of those that stay', () => {
    for (const name of ['a', 'b', 'c']) cache.put(pod(name, '1'));
    cache.put(pod('a', '2'));
    cache.put(pod('b', '2', 'claimed'));
    cache.put(pod('d', '3'));
    expect(warm()).toEqual(['a', 'c', 'd']);
    expect([...cache.group('claimed').keys()]).toEqual(['b']);
    cache.remove(pod('b', '4', 'claimed'), false);
    expect(cache.group('claimed').size).toBe(0);
    expect(cache.size).toBe(3);
  });

  it('deletes what a complete list lacks, unless it changed after the list', () => {
    cache.put(pod('stays', '1'));
    cache.put(pod('vanishes', '5'));
    cache.put(pod('is-newer', '12'));
    changes = [];
    cache.replaceAll([pod('stays', '1'), pod('comes', '8')], '10');
    expect(changes).toEqual(['vanished vanishes 5', 'added comes 8']);
    expect(warm()).toEqual(['stays', 'is-newer', 'comes']);
  });

  it('ends the pod of a name that another pod has taken', () => {
    cache.put(pod('a', '1'));
    const next = pod('a', '7');
    cache.put({ ...next, metadata: { ...next.metadata, uid: 'another' } });
    expect(changes).toEqual(['added a 1', 'vanished a 1', 'added a 7']);
    cache.remove(pod('a', '8'), false);
    expect(cache.size).toBe(1);
  });

  it('passes on the last state of a deleted pod', () => {
    cache.put(pod('a', '1'));
    cache.remove(pod('a', '4', 'retiring'), false);
    cache.remove(pod('a', '4', 'retiring'), false);
    expect(changes).toEqual(['added a 1', 'deleted a 4']);
    expect([cache.size, cache.group('warm').size]).toEqual([0, 0]);
  });
});

const summary = (change: PodChange): string => {
  const { name, resourceVersion } = change.pod.metadata;
  if (change.type === 'added') return `added ${name} ${resourceVersion}`;
  if (change.type === 'deleted')
    return `${change.vanished ? 'vanished' : 'deleted'} ${name} ${resourceVersion}`;
  return `modified ${name} ${change.previous.metadata.resourceVersion} ${resourceVersion}`;
};

describe('isLater', () => {
  it('compares decimal versions by value, beyond what a number holds exactly', () => {
    expect(isLater('10', '9')).toBe(true);
    expect(isLater('9', '10')).toBe(false);
    expect(isLater('90071992547409931', '90071992547409930')).toBe(true);
    expect(isLater('7', '7')).toBe(false);
  });

  it('takes any other version as later where they are no numbers', () => {
    expect(isLater('a7', 'b9')).toBe(true);
    expect(isLater('b9', 'b9')).toBe(false);
  });
});
