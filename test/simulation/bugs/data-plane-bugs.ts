import type { PlantedBug } from './planted-bug.ts';

const recovery = 'data-plane/agent-proxy/recovery.ts';
const upstream = 'data-plane/agent-proxy/upstream.ts';
const resolveRoute = 'data-plane/routing/resolve-route.ts';
const routeCache = 'data-plane/routing/route-cache.ts';

export const dataPlaneBugs: readonly PlantedBug[] = [
  {
    name: 'upload-sent-again',
    breaks: 'file-register',
    why: 'An upload is read into memory and sent again after a lost response, and is executed twice.',
    patches: [
      {
        file: 'data-plane/agent-proxy/agent-operations.ts',
        from: "put_file: { body: 'upload', begins: true, recovery: 'never' }",
        to: "put_file: { body: 'upload', begins: true, recovery: 'no_response' }",
      },
      {
        file: 'data-plane/agent-proxy/request-body.ts',
        from: 'return { body: hasBody(call.incoming) ? call.incoming : null };',
        to: 'return call.incoming.toArray().then((all) => ({ body: all.length ? Buffer.concat(all) : null }));',
      },
    ],
  },
  {
    name: 'delete-sent-again',
    breaks: 'file-register',
    why: 'A delete of a file is sent again after a lost response, and removes a later upload.',
    patches: [
      {
        file: 'data-plane/agent-proxy/agent-operations.ts',
        from: "delete_file: { body: 'none', begins: true, recovery: 'never' }",
        to: "delete_file: { body: 'none', begins: true, recovery: 'no_response' }",
      },
    ],
  },
  {
    name: 'route-kept-after-rejection',
    breaks: 'end-known',
    why: 'A route that an agent rejected is read from the cache again.',
    patches: [
      {
        file: resolveRoute,
        from: '    resolveAgain,\n',
        to: '    resolveAgain: async (request) =>\n      accept(decide(request, await translateOutage(cache.find(request.sessionId)))),\n',
      },
      {
        file: upstream,
        from: '  if (isRejected) routes.evict(target.sessionId);\n',
        to: '',
      },
    ],
  },
  {
    name: 'stale-row-refused',
    breaks: 'response-explained',
    why: 'A session is refused on an eventually consistent row that may be older than its create.',
    patches: [
      {
        file: resolveRoute,
        from: 'if (!(first instanceof AppError) || (found.isCertain && isFinal(request, found.session)))',
        to: 'if (first)',
      },
    ],
  },
  {
    name: 'tenant-not-compared',
    breaks: 'tenant-isolated',
    why: 'A route is used for a caller of another tenant.',
    patches: [
      {
        file: resolveRoute,
        from: '  if (session?.tenantId !== tenantId) return sessionNotFound();\n  switch',
        to: '  if (!session || !tenantId) return sessionNotFound();\n  switch',
      },
    ],
  },
  {
    name: 'route-lost-in-outage',
    breaks: 'warm-route',
    why: 'A known route is not used while the table does not respond.',
    patches: [
      {
        file: routeCache,
        from: 'if (route && (isOut || clock.now() < route.readAt + options.staleMs)) {',
        to: 'if (route && !isOut && clock.now() < route.readAt + options.ttlMs) {',
      },
      {
        file: routeCache,
        from: "        if (route && isStoreOutage(error)) return lookup(route, 'stale');\n",
        to: '',
      },
    ],
  },
  {
    name: 'resume-repeats-event',
    breaks: 'events-complete',
    why: 'A stream that is resumed begins with an event that the client already has.',
    patches: [
      {
        file: recovery,
        from: 'rest.lastSeq}`',
        to: 'Math.max(0, rest.lastSeq - 1)}`',
      },
    ],
  },
  {
    name: 'half-event-kept',
    breaks: 'events-complete',
    why: 'The first half of an event stays before the whole event that the next response begins with.',
    patches: [
      {
        file: 'data-plane/agent-proxy/resume/event-filter.ts',
        from: '    nextResponse() {\n      hold([]);\n    },',
        to: '    nextResponse() {},',
      },
    ],
  },
  {
    name: 'unreachable-not-looked-up',
    breaks: 'end-known',
    why: 'A session whose agent accepts no connection is reported as unreachable although it ended.',
    patches: [
      {
        file: upstream,
        from: '        if (!(await tryToMove(call, { failure, request, routes })))\n',
        to: "        if (failure === 'unconnected' || !(await tryToMove(call, { failure, request, routes })))\n",
      },
      {
        file: upstream,
        from: 'if (isFirst && (await tryToMove(call, { failure: outcome.kind, request, routes })))',
        to: 'if (isFirst && outcome.error instanceof AppError)',
      },
    ],
  },
  {
    name: 'restart-with-fresh-epoch',
    breaks: 'epoch-kept',
    why: 'A restart whose response was lost is sent again with the epoch that it made itself.',
    patches: [
      {
        file: 'data-plane/agent-proxy/restart.ts',
        from: 'if (epoch !== undefined && present === epoch + 1 && buffered.wasInterrupted()) {',
        to: 'if (epoch !== undefined && present === epoch - 1 && buffered.wasInterrupted()) {',
      },
      {
        file: 'data-plane/agent-proxy/restart.ts',
        from: 'const mayTryAgain = request.epoch === undefined && present !== undefined && tries < maxTries;',
        to: 'const mayTryAgain = present !== undefined && tries < maxTries;',
      },
    ],
  },
  {
    name: 'route-read-for-each-call',
    breaks: 'warm-route',
    why: 'The row of a session is read from the table for each call.',
    patches: [
      {
        file: routeCache,
        from: "return known && clock.now() < known.freshUntil ? lookup(known, 'hit') : undefined;",
        to: 'return known && undefined;',
      },
      {
        file: routeCache,
        from: "      if (known && clock.now() < known.freshUntil) return lookup(known, 'hit');\n",
        to: '',
      },
      {
        file: routeCache,
        from: 'if (route && (isOut || clock.now() < route.readAt + options.staleMs)) {',
        to: 'if (route && clock.now() < route.readAt) {',
      },
      {
        file: routeCache,
        from: "        if (route && isStoreOutage(error)) return lookup(route, 'stale');\n",
        to: '',
      },
    ],
  },
  {
    name: 'route-of-another-session',
    breaks: 'session-isolated',
    why: 'A call joins the read of another session’s row, and no agent compares the session.',
    patches: [
      {
        file: routeCache,
        from: 'const joined = running.get(sessionId);',
        to: 'const [joined] = running.values();',
      },
      {
        file: 'session-agent/session/binding.ts',
        from: 'if (this.#session && sessionId === this.#session.sessionId) return this.#session;',
        to: 'if (this.#session && sessionId) return this.#session;',
      },
    ],
  },
  {
    name: 'silent-agent-awaited',
    breaks: 'late-response',
    why: 'A call to an agent that sends nothing any more is never given up.',
    patches: [
      {
        file: 'data-plane/http-proxy/idle-timer.ts',
        from: '    else onIdle();',
        to: '    else this.#checkAfter(onIdle.length + limitMs);',
      },
    ],
  },
  {
    name: 'restart-response-unfinished',
    breaks: 'late-response',
    why: 'The response to a restart is forwarded and never ended.',
    patches: [
      {
        file: 'data-plane/agent-proxy/resume/buffered-response.ts',
        from: '      to.write(...chunks);\n      to.end();\n',
        to: '      to.write(...chunks);\n',
      },
    ],
  },
];
