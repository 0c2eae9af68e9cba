/**
 * The longest path of a socket: systems truncate longer ones at 104 or 108 bytes, some silently.
 */
export const maxSocketPathBytes = 100;

const prefix = 'unix:';

/**
 * Returns the path of an endpoint such as `unix:/run/store/dynamodb.sock`.
 * @returns undefined for a URL.
 */
export const socketPathOf = (endpoint: string): string | undefined =>
  endpoint.startsWith(prefix) ? endpoint.slice(prefix.length) : undefined;

export const unixEndpoint = (path: string): string => `${prefix}${path}`;
