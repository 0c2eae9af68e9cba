import * as z from 'zod';

// Before any schema is made: compiling one into a function costs more than an agent, started for each session, ever gains by it.
z.config({ jitless: true });
