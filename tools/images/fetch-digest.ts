import { isDigest } from './base-digests.ts';

const timeoutMs = 20_000;

/** An index of all platforms, or the manifest of the only one. */
const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * The digest of a tag in a registry, by the OCI distribution specification.
 *
 * @param base such as docker.io/library/node:24-trixie-slim
 * @throws Error if the registry cannot be reached or has no such tag
 */
export async function fetchDigest(base: string): Promise<string> {
  const { origin, repository, tag } = locate(base);
  const url = `${origin}/v2/${repository}/manifests/${tag}`;
  let response = await head(url);
  if (response.status === 401) response = await head(url, await fetchToken(response));
  const digest = response.headers.get('docker-content-digest') ?? '';
  if (!response.ok || !isDigest(digest))
    throw new Error(`${url} returned status ${response.status} and no sha256 digest`);
  return digest;
}

function locate(base: string) {
  const [, host = '', repository = '', tag = ''] = base.match(/^([^/]+)\/(.+):([^:/]+)$/) ?? [];
  if (!tag) throw new Error(`${base} is not HOST/REPOSITORY:TAG`);
  if (host === 'docker.io') return { origin: 'https://registry-1.docker.io', repository, tag };
  const isLoopback = /^(localhost|127\.0\.0\.1)(:|$)/.test(host);
  return { origin: `${isLoopback ? 'http' : 'https'}://${host}`, repository, tag };
}

const head = (url: string, token?: string): Promise<Response> =>
  fetch(url, {
    method: 'HEAD',
    headers: { accept, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    signal: AbortSignal.timeout(timeoutMs),
  });

/** An anonymous token, as the registry's challenge describes it. */
async function fetchToken(response: Response): Promise<string> {
  const challenge = response.headers.get('www-authenticate') ?? '';
  const parameters = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  const realm = parameters.get('realm');
  if (realm === undefined) throw new Error(`no bearer challenge in "${challenge}"`);
  const url = new URL(realm);
  for (const name of ['service', 'scope'])
    if (parameters.has(name)) url.searchParams.set(name, parameters.get(name) ?? '');
  const body: unknown = await (await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })).json();
  if (typeof body === 'object' && body !== null && 'token' in body) {
    if (typeof body.token === 'string') return body.token;
  }
  throw new Error(`${url.origin} returned no token`);
}
