/** One call that reads or writes a path. Contents are unique; `null` stands for no file. */
export interface FileCall {
  sessionId: string;
  path: string;
  /** `write` replaces the content, `compare` only if it is still `expected`. */
  kind: 'read' | 'write' | 'compare';
  /** What was read or written. */
  content: string | null;
  /** Of `compare` alone. */
  expected?: string | null;
  /**
   * `unknown`: the response was lost, and it may be executed at any later moment, or never.
   * `refused`: the comparison failed, and nothing was written.
   */
  outcome: 'done' | 'refused' | 'unknown';
  beganAtMs: number;
  endedAtMs: number;
}
