import type { Runtime } from '@steppe/contracts/session';

/** A runtime as its operator describes it. */
export interface RuntimeDefinition extends Runtime {
  /** Where sessions are local processes: the program; absent where it is the language's own. */
  interpreter?: string;
  /** Where sessions are pods: the image. */
  image?: string;
  /** Modules of Python that are imported before a session needs them. */
  preload: readonly string[];
  /** Instances that are kept warm. */
  poolSize: number;
  /**
   * Of what the provisioner makes its instances of beside all this; absent where it says nothing of
   * it.
   */
  fingerprint?: string;
}

/** What callers may know of it. */
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
