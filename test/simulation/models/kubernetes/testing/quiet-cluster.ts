import { type ClusterOptions, noFaults } from '../cluster-parts.ts';

/** A cluster in which nothing goes wrong, and whose containers are ready and do nothing. */
export const quietCluster: ClusterOptions = {
  faults: noFaults,
  onFault: () => {},
  onPodEnd: () => {},
  moment: async () => {},
  startContainer({ ready }) {
    ready();
    return { stop() {}, kill() {}, lose() {} };
  },
};
