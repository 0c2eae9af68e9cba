import type { Runtime } from '@steppe/contracts/session';
import type { PodOptions } from './pod-options.ts';

/** A runtime as its operator describes it, for whichever provisioner is configured. */
export interface RuntimeDefinition extends Runtime {
  /** The program, if sessions are local processes; absent for the default of the language. */
  interpreter?: string;
  /** The image, if sessions are pods. */
  image?: string;
  /** What else Kubernetes needs to know, if sessions are pods. */
  pod?: PodOptions;
  /** Python modules that are imported before a session needs them. */
  preload: readonly string[];
  /** The number of instances that are kept warm. */
  poolSize: number;
}
