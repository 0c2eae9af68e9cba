// Writes V8's code cache beside the agent's bundle, with every function compiled, because a session
// also runs functions that are not called at the start.
const { isAscii } = require('node:buffer');
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');

const { agentScript, bundle, cache } = require(join(__dirname, '..', 'dist', 'session-agent.cjs'));

if (!isAscii(readFileSync(bundle)))
  throw new Error(`${bundle} is not ASCII, and would be read as something else`);
setFlagsFromString('--no-lazy');
const script = agentScript();
// The cache records the flags, and V8 rejects a cache whose flags differ from those of an agent.
setFlagsFromString('--lazy');
writeFileSync(cache, script.createCachedData());
