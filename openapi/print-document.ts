import { createDocument } from './create-document.ts';

/** Prints docs/openapi.json. */
process.stdout.write(`${JSON.stringify(createDocument(), null, 2)}\n`);
