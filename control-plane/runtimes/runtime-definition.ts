import type { Runtime } from '@steppe/contracts/session';

/** A runtime as its operator describes it. */
export interface RuntimeDefinition extends Runtime {
  /** The program, if sessions are local processes; absent for the default of the language. */
  interpreter?: string;
  /** The image, if sessions are pods. */
  image?: string;
  /** Python modules that are imported before a session needs them. */
  preload: readonly string[];
  /** The number of instances that are kept warm. */
  poolSize: number;
  /**
   * Identifies what else the provisioner creates its instances from; absent if it reports nothing.
   */
  fingerprint?: string;
}

/** The part of a runtime that callers may see. */
export const toRuntime = ({
  name,
  language,
  default_resources,
  max_resources,
}: RuntimeDefinition): Runtime => ({
  name,
  language,
  default_resources,
  max_resources,
});
