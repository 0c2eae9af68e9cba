// Writes V8's code cache beside the agent's bundle, with every function compiled: functions that
// run later are part of a session too.
const { isAscii } = require('node:buffer');
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');

const { agentScript, bundle, cache } = require(join(__dirname, '..', 'dist', 'session-agent.cjs'));

if (!isAscii(readFileSync(bundle)))
  throw new Error(`${bundle} is not ASCII, and would be read as something else`);
setFlagsFromString('--no-lazy');
const script = agentScript();
// The cache records the flags, and V8 rejects one that was made with other flags than an agent's.
setFlagsFromString('--lazy');
writeFileSync(cache, script.createCachedData());
