import type { LastingTable } from './start-store.ts';

interface BannerOptions {
  url: string;
  /** Absent under bypass, because no call needs a token. */
  token: string | undefined;
  user: string;
  table: LastingTable | undefined;
}

/** The first output: the URL, a token, and commands that work without changes. */
export function banner({ url, token, user, table }: BannerOptions): string {
  const authorize = token ? ' -H "Authorization: Bearer $STEPPE_TOKEN"' : '';
  const call = `curl -sS${authorize} -H 'Content-Type: application/json'`;
  return `
Steppe listens on ${url}

Code runs as ${user}, who started this, with all that ${user} may do: for your own code, on your own machine.
${token ? '' : 'AUTH_MODE=bypass: every call is taken for one tenant, with no token.\n'}${table ? describeTable(table) : ''}
The API, to read: ${url}/docs

Paste this into another terminal. It creates a session and runs two steps; the second sees what the first left in memory.

export STEPPE_URL=${url}
${token ? `export STEPPE_TOKEN=${token}\n` : ''}SESSION=$(${call} -d '{"runtime":"python"}' $STEPPE_URL/v1/sessions | grep -o 'ses_[0-9A-Za-z]*' | head -n 1)
${call} -d '{"code":"x = 20"}' $STEPPE_URL/v1/sessions/$SESSION/steps; echo
${call} -d '{"code":"x + 22"}' $STEPPE_URL/v1/sessions/$SESSION/steps; echo

Ctrl-C ends it all, the sessions too${table ? '; their rows stay in the table' : ''}.
`;
}

const describeTable = ({ name, endpoint, isNew }: LastingTable): string => `
The table is ${name} at ${endpoint}. ${isNew ? 'It did not exist and was created: no session of an earlier run is in it.' : 'It existed: sessions of earlier runs are listed, as ended.'}
`;
