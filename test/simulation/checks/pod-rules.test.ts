import { keepOnNode, label } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { expect, test } from 'vitest';
import type { Change, KubeObject } from '../models/kubernetes/cluster-state.ts';
import { watchPods } from './pod-rules.ts';

interface PodParts {
  labels?: Record<string, string>;
  isProtected?: boolean;
  isDeleting?: boolean;
}

const pod = ({ labels, isProtected = true, isDeleting }: PodParts): KubeObject => ({
  kind: 'Pod',
  metadata: {
    name: 'steppe-1',
    uid: 'uid-1',
    resourceVersion: '1',
    creationTimestamp: '2026-01-02T03:04:05Z',
    ...(isDeleting && { deletionTimestamp: '2026-01-02T03:04:06Z' }),
    labels: { [label.instance]: '1', [label.state]: 'warm', ...labels },
    annotations: isProtected ? keepOnNode : {},
  },
  spec: isProtected ? { activeDeadlineSeconds: 60 } : {},
});
const warm = pod({ isProtected: false });
const claimedBy = (session: string) => ({ [label.state]: 'claimed', [label.session]: session });
const claimed = pod({ labels: claimedBy('ses_1') });

function violations(before: KubeObject | null, after: KubeObject | null): string[] {
  const found: string[] = [];
  const onWrite = (listener: (change: Change) => void) => listener({ version: 2, before, after });
  watchPods({ onWrite }, (rule, what) => found.push(`${rule}: ${what}`));
  return found;
}

test('accepts the life of a pod', () => {
  for (const [before, after] of [
    [null, warm],
    [warm, claimed],
    [claimed, pod({ labels: claimedBy('ses_1'), isDeleting: true })],
    [claimed, null],
  ] as const)
    expect(violations(before, after)).toEqual([]);
});

test.each([
  [
    'serves a second session',
    claimed,
    pod({ labels: claimedBy('ses_2') }),
    /ses_1, and then ses_2/,
  ],
  [
    'serves none any more',
    claimed,
    pod({ labels: { [label.state]: 'claimed' } }),
    /then undefined/,
  ],
  [
    'is warm again',
    claimed,
    pod({ labels: { ...claimedBy('ses_1'), [label.state]: 'warm' } }),
    /warm/,
  ],
  [
    'becomes another instance',
    warm,
    pod({ labels: { [label.instance]: '2' } }),
    /another instance/,
  ],
  ['is claimed while it ends', pod({ isDeleting: true }), claimed, /was being deleted/],
  [
    'is claimed for ever',
    warm,
    pod({ labels: claimedBy('ses_1'), isProtected: false }),
    /no deadline/,
  ],
] as const)('finds a pod that %s', (_name, before, after, expected) => {
  expect(violations(before, after)).toEqual([expect.stringMatching(expected)]);
});
