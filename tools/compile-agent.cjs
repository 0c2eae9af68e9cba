// Leaves beside the agent's bundle what V8 makes of it, every function compiled: what is called only later is part of a session too.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');

const { agentScript, cache } = require(join(__dirname, '..', 'dist', 'session-agent.cjs'));

setFlagsFromString('--no-lazy');
const script = agentScript();
// The flags are noted in the cache, and V8 rejects one that was made under others than an agent's.
setFlagsFromString('--lazy');
writeFileSync(cache, script.createCachedData());
