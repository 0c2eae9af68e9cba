/**
 * In the place of `node:http2`, which takes a while to load: an agent speaks HTTP/1.1, so that no
 * request is one of these.
 */
export class Http2ServerRequest {}
export const constants = {};
