import { AddressPool } from './address-pool.ts';
import type { ClusterParts } from './cluster-parts.ts';
import { type Change, type KubeObject, matches } from './cluster-state.ts';

/** Probabilities for each change of a service's endpoints. */
export interface RouteFaults {
  /** The nodes learn of it seconds later. */
  routeLate: number;
}

/** The endpoint controller, the proxies of the nodes, and the garbage collector of services. */
export class ServiceRoutes {
  readonly #parts: ClusterParts;
  readonly #clusterIps: AddressPool;
  readonly #routes = new Map<string, string>();

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.#clusterIps = new AddressPool('10.96.0.', 64, parts.random);
    parts.state.subscribe((change) => this.#follow(change));
  }

  takeClusterIp(): string | undefined {
    return this.#clusterIps.take();
  }

  /** Where a connection to this host really leads; undefined if no node knows a route. */
  resolve(host: string): string | undefined {
    return host.startsWith('10.96.') ? this.#routes.get(host) : host;
  }

  #follow({ before, after }: Change): void {
    const object = after ?? before;
    if (object?.kind === 'Service') this.#route(object);
    if (after?.kind === 'Service' && !this.#hasOwner(after)) this.#collect(after);
    if (object?.kind !== 'Pod' || (after && before?.status?.podIP === after.status?.podIP)) return;
    for (const service of this.#parts.state.list('Service')) {
      if (!after && !this.#hasOwner(service)) this.#collect(service);
      else if (matches(object.metadata.labels, service.spec.selector ?? {})) this.#route(service);
    }
  }

  /** False for a service whose pod does not exist, also if it never did while the service exists. */
  #hasOwner({ metadata: { ownerReferences } }: KubeObject): boolean {
    const owner = ownerReferences?.[0];
    return !owner || this.#parts.state.get('Pod', owner.name)?.metadata.uid === owner.uid;
  }

  /** Programs the service's endpoint, as it is after a while. */
  #route({ metadata, spec: { selector, clusterIP = '' } }: KubeObject): void {
    const { kernel, state, random, strikes } = this.#parts;
    const lagMs = strikes('routeLate') ? random.between(1_000, 15_000) : random.between(10, 300);
    kernel.schedule(lagMs, kernel.world, 'service route', () => {
      const isThere = state.get('Service', metadata.name)?.metadata.uid === metadata.uid;
      const pods = isThere ? state.list('Pod') : [];
      const pod = pods.find((one) => matches(one.metadata.labels, selector ?? {}));
      if (pod?.status?.podIP) this.#routes.set(clusterIP, pod.status.podIP);
      else this.#routes.delete(clusterIP);
      if (!isThere) this.#clusterIps.release(clusterIP);
    });
  }

  #collect({ metadata }: KubeObject): void {
    const { kernel, state, random } = this.#parts;
    kernel.schedule(random.between(10, 1_000), kernel.world, 'garbage collector', () => {
      const service = state.get('Service', metadata.name);
      if (service?.metadata.uid === metadata.uid) state.remove(service);
    });
  }
}
