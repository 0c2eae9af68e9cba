import type { Client } from './client.ts';
import type { IssuerKey, SignOptions } from './issuer.ts';

/** Running services that tests call: a local mode, or a release in a cluster. */
export interface Target {
  url: string;
  /** A client for a tenant of its own, with all scopes. */
  newClient(): Promise<Client>;
  clientOf(tenant: string): Promise<Client>;
  /** Signs any claims with the key that the services trust. */
  sign(options: SignOptions): Promise<string>;
}

/** What locates a release in a cluster; it can be passed between processes. */
export interface ReleaseAddress {
  /** The planes' namespace. */
  namespace: string;
  sessionsNamespace: string;
  /** URL of the data-plane's service; reachable inside the cluster's network. */
  url: string;
  issuerKey: IssuerKey;
}
