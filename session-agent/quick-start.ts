// What every session would pay for again, as an agent is started for each: loaded before everything
// else.
import { Headers } from 'undici/lib/web/fetch/headers.js';
import { Request } from 'undici/lib/web/fetch/request.js';
import { Response } from 'undici/lib/web/fetch/response.js';
import * as z from 'zod';

// Node compiles its own of these at each start; ours are compiled with the bundle.
Object.assign(globalThis, { Headers, Request, Response });
// A schema made into a function costs more than an agent ever gains by it.
z.config({ jitless: true });
