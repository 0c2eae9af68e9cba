import { resolve } from 'node:path';
import { longestInstancesPath } from '@steppe/control-plane/provisioner/local-process/instance-directory';

/**
 * The directory of the instances: in `temporary`, or in /tmp if that is unset, or so long that
 * paths of sockets below it would be cut (macOS sets a TMPDIR of that length).
 */
export function instancesPath(temporary: string | undefined, name: string): string {
  const path = resolve(temporary || '/tmp', name);
  return Buffer.byteLength(path) <= longestInstancesPath ? path : `/tmp/${name}`;
}
