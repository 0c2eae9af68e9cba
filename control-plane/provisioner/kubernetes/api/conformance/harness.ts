import type { KubeApi } from '../kube-api.ts';

export interface OpenKubeApi {
  /** Its namespace belongs to this suite, and has a service account `default`. */
  api: KubeApi;
  /**
   * Makes the API server forget a version, and returns it; absent where that takes a restart, or
   * minutes.
   */
  forgetVersion?(): Promise<string>;
  /** Removes the namespace too. */
  close(): Promise<void>;
}

export interface KubeApiHarness {
  /** @param maxPods the ResourceQuota of the namespace; absent for none. */
  open(options?: { maxPods?: number }): Promise<OpenKubeApi>;
}
