import { readFileSync } from 'node:fs';
import * as z from 'zod';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')));

/** The files that name the cluster and its administrator. */
export function kubeconfig(): string {
  const paths = process.env.KUBECONFIG;
  if (!paths) throw new Error('KUBECONFIG is not set: run this under tools/cluster/cluster exec');
  return paths;
}

/** True for a cluster that somebody else started: KUBECONFIG names it, and kubectl is on the path. */
export const isExistingCluster = (): boolean => process.env.CLUSTER === 'existing';

/** The registry that the cluster has the images of this version from. */
export const imageRegistry = (): string => process.env.REGISTRY || 'localhost';

/** The images that the pods of a test are created from. */
export function images() {
  const prefix = `${imageRegistry()}/steppe/`;
  const tag = process.env.STEPPE_TEST_TAG ?? version;
  return {
    agent: `${prefix}session-agent:${tag}`,
    controlPlane: `${prefix}control-plane:${tag}`,
    localStore: `${prefix}local-store:${tag}`,
    python: `${prefix}runtime-python:${tag}`,
    node: `${prefix}runtime-node:${tag}`,
    /** Runs for ever and does nothing. */
    pause: process.env.STEPPE_TEST_PAUSE_IMAGE ?? 'steppe.tools/pause:1',
  };
}

/** Where measurements are collected; unset: they are printed. */
export const figuresFile = (): string | undefined => process.env.STEPPE_FIGURES;

/** The sizes of the tests of scale: `SCALE=full` has those that are promised. */
export const isFullScale = (): boolean => process.env.SCALE === 'full';
