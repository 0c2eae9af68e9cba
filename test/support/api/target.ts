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
  /** The running instance of a session, looked up now. */
  instance(instanceId: string | null): TargetInstance;
}

export interface TargetInstance {
  /** Sends SIGKILL to the agent. */
  killAgent(): void;
  /** @throws Error as long as anything of the instance is left. */
  expectGone(): Promise<void>;
}

/** What locates services that all files of a run share; it can be passed between processes. */
export interface SharedAddress {
  url: string;
  issuerKey: IssuerKey;
}

/** What locates a release in a cluster. Its URL is reachable inside the cluster's network. */
export interface ReleaseAddress extends SharedAddress {
  /** The planes' namespace. */
  namespace: string;
  sessionsNamespace: string;
}
