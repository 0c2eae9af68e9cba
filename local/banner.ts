interface BannerOptions {
  url: string;
  /** Absent under bypass, because no call needs a token. */
  token: string | undefined;
  user: string;
}

/** The first output: the URL, a token, and commands that work without changes. */
export function banner({ url, token, user }: BannerOptions): string {
  const authorize = token ? ' -H "Authorization: Bearer $STEPPE_TOKEN"' : '';
  const call = `curl -sS${authorize} -H 'Content-Type: application/json'`;
  return `
Steppe listens on ${url}

Code runs as ${user}, who started this, with all that ${user} may do: for your own code, on your own machine.
${token ? '' : 'AUTH_MODE=bypass: every call is taken for one tenant, with no token.\n'}
The API, to read: ${url}/docs

Paste this into another terminal. It creates a session and runs two steps; the second sees what the first left in memory.

export STEPPE_URL=${url}
${token ? `export STEPPE_TOKEN=${token}\n` : ''}SESSION=$(${call} -d '{"runtime":"python"}' $STEPPE_URL/v1/sessions | grep -o 'ses_[0-9A-Za-z]*' | head -n 1)
${call} -d '{"code":"x = 20"}' $STEPPE_URL/v1/sessions/$SESSION/steps; echo
${call} -d '{"code":"x + 22"}' $STEPPE_URL/v1/sessions/$SESSION/steps; echo

Ctrl-C ends it all, the sessions too.
`;
}
