import { runOrThrow } from '../harness/commands.ts';

const table = 'steppe_cut_off';

/**
 * Drops all packets between the other pods and these addresses, as if their node were lost. Runs in
 * the cluster's network as root. @returns a function that lets them pass again.
 */
export async function cutOffPods(addresses: readonly string[]): Promise<() => Promise<void>> {
  const set = `{ ${addresses.join(', ')} }`;
  // Before anything accepts the packets of connections that are established.
  const hook = 'type filter hook forward priority filter - 10; policy accept;';
  const rules = `ip saddr ${set} drop\n ip daddr ${set} drop`;
  const chain = `chain forward {\n ${hook}\n ${rules}\n }`;
  await runOrThrow('nft', ['--file', '-'], `table inet ${table} {\n ${chain}\n}\n`);
  let isCutOff = true;
  return async () => {
    if (isCutOff) await runOrThrow('nft', ['delete', 'table', 'inet', table]);
    isCutOff = false;
  };
}
