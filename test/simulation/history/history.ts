import type { SessionRecord } from '@steppe/contracts/session-record';
import type { Run, StepRecord } from '../../chaos/history/history.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { FileCall } from './file-call.ts';
import type { RuleName, Violation } from './rules.ts';

/** What may hinder the product: the vigil expects nothing of what a recent fault explains. */
export type FaultGroup = 'table' | 'cluster' | 'network' | 'process' | 'runtime' | 'back-off';

export interface SentStep extends StepRecord {
  tenant: string;
  /** The epoch that the request named. */
  namedEpoch: number | undefined;
  /** Its client requested its end. */
  isCancelled: boolean;
  /** It runs longer than the time limit that it was given. */
  isLong: boolean;
  /** Its output may be cut, or depends on what ran before it. */
  hasOpenOutput: boolean;
}

/** A step that the runtime really executed. */
export interface SimulatedRun extends Run {
  instanceId: string;
  epoch: number;
}

/** What a create with a key told its client. */
interface KeyUse {
  tenant: string;
  key: string;
  sessionId: string;
}

/** Why an instance really ended, and since when the API server could tell. */
export interface InstanceEnd {
  reason: string;
  atMs: number;
}

export type TerminalRow = Extract<SessionRecord, { state: 'ended' | 'failed' }>;

/** A fact of the story: who, when, what. */
export interface Fact {
  atMs: number;
  who: string;
  what: string;
}

/** All that is recorded during one simulation, by its clients, its models and the world. */
export interface History {
  readonly steps: SentStep[];
  readonly runs: SimulatedRun[];
  readonly files: FileCall[];
  readonly keyUses: KeyUse[];
  /** The contents of files that were written, in the order of the writes. */
  readonly uploads: { instanceId: string; path: string; content: string }[];
  /** Rows when they became terminal, in the order of the writes. */
  readonly terminalRows: TerminalRow[];
  readonly instanceEnds: Map<string, InstanceEnd>;
  /** The instance that the row of each session named last. */
  readonly instances: Map<string, string>;
  /** Sessions, or labels of sessions, whose end a client requested or whose create it gave up. */
  readonly unwanted: Set<string>;
  readonly violations: Violation[];
  readonly facts: Fact[];
  readonly counts: Map<string, number>;
  count(what: string): void;
  /** Records a fact and adds it to the trace. */
  tell(who: string, what: string): void;
  violate(rule: RuleName, what: string): void;
  /** @param lastsMs how long it goes on hindering others. */
  fault(group: FaultGroup, kind: string, lastsMs?: number): void;
  /** Whether no fault of these groups hindered anybody between two times, in ms of Unix time. */
  wasCalm(fromMs: number, toMs: number, groups: readonly FaultGroup[]): boolean;
}

export function createHistory(kernel: Kernel): History {
  const hindrances: { group: FaultGroup; fromMs: number; toMs: number }[] = [];
  const history: History = {
    steps: [],
    runs: [],
    files: [],
    keyUses: [],
    uploads: [],
    terminalRows: [],
    instanceEnds: new Map(),
    instances: new Map(),
    unwanted: new Set(),
    violations: [],
    facts: [],
    counts: new Map(),
    count(what) {
      history.counts.set(what, (history.counts.get(what) ?? 0) + 1);
    },
    tell(who, what) {
      history.facts.push({ atMs: kernel.elapsedMs, who, what });
      kernel.trace(`${who}: ${what}`);
    },
    violate(rule, what) {
      history.violations.push({ rule, what });
      history.tell(rule, what);
    },
    fault(group, kind, lastsMs = 0) {
      history.count(`${group}: ${kind}`);
      history.tell(group, kind);
      hindrances.push({ group, fromMs: kernel.nowMs, toMs: kernel.nowMs + lastsMs });
    },
    wasCalm: (fromMs, toMs, groups) =>
      !hindrances.some(
        (one) => groups.includes(one.group) && one.fromMs <= toMs && one.toMs >= fromMs,
      ),
  };
  return history;
}
