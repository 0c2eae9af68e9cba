import type { PlantedBug } from './planted-bug.ts';

const kubernetes = 'control-plane/provisioner/kubernetes';
const readEnd = `${kubernetes}/pods/read-end.ts`;
const deliverEnds = `${kubernetes}/deliver-ends.ts`;
const followPods = `${kubernetes}/api/follow-pods.ts`;

/** Of the Kubernetes provisioner, its cache of pods, and the pools. */
export const provisionerBugs: readonly PlantedBug[] = [
  {
    name: 'claim-without-version',
    breaks: 'pod-valid',
    why: 'A claim patches a pod whatever became of it, so that one pod is claimed twice.',
    patches: [
      {
        file: `${kubernetes}/claim-instance.ts`,
        from: 'const claimed = await api.pods.patch(name, patch, { resourceVersion });',
        to: 'const claimed = await api.pods.patch(name, patch, resourceVersion ? {} : undefined);',
      },
    ],
  },
  {
    name: 'deleting-pod-claimed',
    breaks: 'pod-valid',
    why: 'A warm pod that is being deleted is given to a session.',
    patches: [
      {
        file: `${kubernetes}/pods/session-pod.ts`,
        from: '  isReady(pod) &&\n  !isDeleting(pod) &&\n',
        to: '  isReady(pod) &&\n',
      },
    ],
  },
  {
    name: 'claimed-pod-unprotected',
    breaks: 'pod-valid',
    why: 'A claimed pod has no deadline, so that nothing ends it if every control-plane is gone.',
    patches: [
      {
        file: `${kubernetes}/pods/pod-patches.ts`,
        from: '  spec: { activeDeadlineSeconds: deadlineSeconds(pod, life) },\n',
        to: '  spec: deadlineSeconds(pod, life) > 0 ? {} : {},\n',
      },
    ],
  },
  {
    name: 'expired-watch-kept',
    breaks: 'late-row-end',
    why: 'A watch whose version is gone starts again at the same version, for ever.',
    patches: [
      {
        file: followPods,
        from: "if (end === 'gone') Object.assign(progress, { position: null, reason: 'gone' });",
        to: "if (end === 'gone') Object.assign(progress, { reason: 'gone' });",
      },
    ],
  },
  {
    name: 'silent-watch-kept',
    breaks: 'late-pool-refill',
    why: 'A watch that receives nothing any more is kept until its time is over.',
    patches: [
      {
        file: `${kubernetes}/api/watch-with-limits.ts`,
        from: 'lastEventAt + silenceMs - clock.monotonicMs();',
        to: 'lastEventAt + silenceMs + 3_600_000 - clock.monotonicMs();',
      },
    ],
  },
  {
    name: 'unlisted-pods-kept',
    breaks: 'late-pool-refill',
    why: 'A pod that was deleted while nobody watched stays in the cache after the next list.',
    patches: [
      {
        file: `${kubernetes}/api/pod-cache.ts`,
        from: 'if (!listed.has(name) && !isLater(known, resourceVersion)) drop(pod, true);',
        to: 'if (listed.has(name) && isLater(known, resourceVersion)) drop(pod, true);',
      },
    ],
  },
  {
    name: 'claimed-end-not-delivered',
    breaks: 'late-row-end',
    why: 'Only the ends of warm instances are delivered, and the reconciler finds the others later.',
    patches: [
      {
        file: deliverEnds,
        from: "if (cause && instance.state !== 'starting') deliver(instance, pod, cause);",
        to: "if (cause && instance.state === 'warm') deliver(instance, pod, cause);",
      },
    ],
  },
  {
    name: 'remains-kept',
    breaks: 'late-pod-end',
    why: 'What is left of an instance is not removed after its end was recorded.',
    patches: [
      {
        file: deliverEnds,
        from: '    else remains.remove(end.pod);\n',
        to: '',
      },
    ],
  },
  {
    name: 'service-not-owned',
    breaks: 'nothing-left',
    why: 'The service of an instance stays after its pod.',
    patches: [
      {
        file: `${kubernetes}/pods/pod-manifest.ts`,
        from: "    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid }],\n",
        to: '    annotations: { pod: metadata.uid },\n',
      },
    ],
  },
  {
    name: 'lost-node-read-as-eviction',
    breaks: 'end-reason-true',
    why: 'A session whose node was lost is recorded as evicted.',
    patches: [
      {
        file: readEnd,
        from: "new Set(['DeletionByTaintManager', 'DeletionByPodGC'])",
        to: "new Set(['DeletionByPodGC'])",
      },
    ],
  },
  {
    name: 'eviction-read-as-deletion',
    breaks: 'end-reason-true',
    why: 'The end of an evicted pod is read from its deletion, and not from its disruption.',
    patches: [
      {
        file: readEnd,
        from: 'if (disruption) return { ...disruption,',
        to: 'if (disruption && !isDeleted(pod)) return { ...disruption,',
      },
    ],
  },
  {
    name: 'termination-message-unread',
    breaks: 'end-reason-true',
    why: 'What an agent left as its reason is not read, and an idle session is recorded as crashed.',
    patches: [
      {
        file: readEnd,
        from: '  if (message) return message;\n',
        to: '',
      },
    ],
  },
  {
    name: 'pool-gives-up',
    breaks: 'late-pool-refill',
    why: 'After three failures in a row a pool is never filled again.',
    patches: [
      {
        file: 'control-plane/pool/keep-warm.ts',
        from: '    while (!stopping.signal.aborted) {\n      wakeUp',
        to: '    while (!stopping.signal.aborted && failures < 3) {\n      wakeUp',
      },
    ],
  },
  {
    name: 'instance-bound-twice',
    breaks: 'session-isolated',
    why: 'A warm instance that another session claimed first is bound once more, with its memory.',
    patches: [
      {
        file: `${kubernetes}/claim-instance.ts`,
        from: 'if (pod.metadata.labels[label.session] === owner.sessionId) return toInstance(pod);',
        to: 'if (pod.metadata.labels[label.session]) return toInstance(pod);',
      },
      {
        file: 'session-agent/session/binding.ts',
        from: "    if (this.#session)\n      throw new AppError('already_bound', 'this instance already serves a session');\n",
        to: '',
      },
      {
        file: 'session-agent/session/binding.ts',
        from: 'if (this.#session && sessionId === this.#session.sessionId) return this.#session;',
        to: 'if (this.#session && sessionId) return this.#session;',
      },
    ],
  },
];
