/** What a simulation checks. Each rule is named after what holds, and says where it comes from. */
export const rules = {
  'step-runs-once': 'no step runs twice (invariant 4)',
  'loss-reported':
    'no step runs in memory that its sender did not know, and one epoch has one memory (invariant 4)',
  'epoch-kept':
    'epochs never fall, a named epoch is the one that ran, and a restart of e gives e + 1',
  'result-is-what-ran': 'an acknowledged result has the output of the step that ran',
  'events-complete': 'events have no gap, no repeat and the output of the result',
  'session-isolated': 'no step runs in, and no response comes from, another session (invariant 3)',
  'tenant-isolated': 'another tenant’s session does not exist for a caller (invariant 2)',
  'stop-requested': 'a step is cancelled only for its client, and times out only after its time',
  'file-register': 'a path reads as what was last written to it, and each write is executed once',
  'key-one-session': 'an idempotency key stands for one session, and for a failed one not for long',
  'quota-exact': 'a tenant never has more live sessions than its quota, nor is refused below it',
  'end-known': 'after an acknowledged end, every replica says so at once',
  'end-reason-true': 'a row has the reason for which its instance really ended (invariant 5)',
  'row-valid': 'each write of a row follows from the row before it (invariant 5)',
  'lease-exclusive': 'a lease has another holder only after it expired or was released',
  'pod-valid':
    'each write of a pod follows from the pod before it, which serves one session (invariant 3)',
  'warm-route': 'a step on a known route needs neither control-plane nor table (invariant 1)',
  'response-explained': 'each response is one that the API documents for the call',
  'process-sound': 'no process has an unhandled rejection or an unexpected error in its log',
  'nothing-left':
    'at rest, rows, quotas, keys and pods agree, and nothing is half done (invariant 5)',
  'late-quota-release': 'vigil: an ended session soon leaves its tenant’s quota',
  'late-row-end': 'vigil: the row of a session whose instance is gone soon says so',
  'late-pod-end': 'vigil: the pod of an ended session soon ends',
  'late-provisioning': 'vigil: a session is ready or failed soon after its time to become ready',
  'late-key-release': 'vigil: the key of a failed create is soon usable again',
  'late-pool-refill': 'vigil: a pool that has too few instances soon starts the missing ones',
  'late-response': 'vigil: a call ends within the longest time that the API promises',
} as const;
export type RuleName = keyof typeof rules;

/** The named rule does not hold. */
export interface Violation {
  rule: RuleName;
  /** A sentence that names the session, the step or the pod. */
  what: string;
}
