import type { EndedReason } from '@steppe/contracts/end-reason';
import { parseTerminationMessage } from '@steppe/control-plane/provisioner/termination-message';
import { AddressPool } from './address-pool.ts';
import type { ClusterParts } from './cluster-parts.ts';
import type { Change, KubeObject } from './cluster-state.ts';
import type { ContainerExit, ContainerStart, RunningContainer } from './container.ts';
import * as podStatus from './pod-status.ts';

/** Probabilities for each attempt to place or to start a pod. */
export interface KubeletFaults {
  /** No node has room. */
  unschedulable: number;
  /** The image cannot be pulled. */
  pullFailed: number;
  /** The agent exits before it is ready. */
  startCrashed: number;
}

export interface ClusterNode {
  readonly name: string;
  /** Its machine is gone: nothing on it runs, and its kubelet does nothing. */
  isLost: boolean;
  /** Nothing is placed on it. */
  isTainted: boolean;
}

/** A pod on its node, from its placement until its address is free again. */
interface Sandbox {
  readonly name: string;
  readonly uid: string;
  readonly node: ClusterNode;
  address?: string;
  container?: RunningContainer;
  exit?: ContainerExit;
  isStopping?: boolean;
  /** What happened to it first. */
  cause?: EndedReason;
  /** Why the kubelet ends the pod, for its last status. */
  failure?: podStatus.Disruption;
}

const podsPerNode = 10;
const addressCount = 32;
/** For a pod that was deleted with force: its object no longer says. */
const defaultGraceMs = 2_000;

/** The scheduler, and the kubelets of all nodes. */
export class Kubelets {
  readonly nodes: readonly ClusterNode[];
  readonly #parts: ClusterParts;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #addresses: AddressPool;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.nodes = ['node-a', 'node-b', 'node-c', 'node-d'].map((name) => ({
      name,
      isLost: false,
      isTainted: false,
    }));
    this.#addresses = new AddressPool('10.1.0.', addressCount, parts.random);
    parts.state.subscribe((change) => this.#follow(change));
  }

  /** The names of the pods whose containers run. */
  runningPods(): string[] {
    const all = [...this.#sandboxes.values()];
    return all.flatMap(({ name, container, exit }) => (container && !exit ? [name] : []));
  }

  /** SIGKILL for the agent. */
  kill(pod: KubeObject, exit: ContainerExit): void {
    const sandbox = this.#sandboxes.get(pod.metadata.uid);
    if (!sandbox?.container || sandbox.exit) return;
    sandbox.container.kill();
    this.#exit(sandbox, exit);
  }

  /** The pod ends soon, and this is why, unless its agent tells another reason. */
  blame(pod: KubeObject, cause: EndedReason): void {
    const sandbox = this.#sandboxes.get(pod.metadata.uid);
    if (sandbox) sandbox.cause ??= cause;
  }

  /** Ends the pod for a reason of the kubelet's own. */
  fail(pod: KubeObject, cause: EndedReason, failure: podStatus.Disruption): void {
    const sandbox = this.#sandboxes.get(pod.metadata.uid);
    if (!sandbox || sandbox.exit) return;
    sandbox.cause ??= cause;
    sandbox.failure = failure;
    this.#stop(sandbox, defaultGraceMs);
  }

  /** Nothing on the node runs from now on, and nobody is told. */
  lose(node: ClusterNode): void {
    node.isLost = true;
    for (const { container } of this.#of(node)) container?.lose();
  }

  /** The machine boots again, and finds that the pods it had no longer run. */
  restore(node: ClusterNode): void {
    node.isLost = false;
    node.isTainted = false;
    for (const sandbox of this.#of(node)) {
      // Its container had stopped just before the machine, which had no time to report it.
      if (sandbox.exit) this.#report(sandbox, sandbox.exit);
      else this.#exit(sandbox, { exitCode: 137 });
    }
  }

  #follow({ before, after }: Change): void {
    const pod = after ?? before;
    if (pod?.kind !== 'Pod') return;
    const { name, uid, deletionTimestamp } = pod.metadata;
    if (!before) this.#soon(5, 50, 'schedule', () => this.#schedule(name, uid));
    const isEnding = !after || (deletionTimestamp && !before?.metadata.deletionTimestamp);
    if (isEnding) this.blame(pod, 'deleted');
    if (!after) this.#parts.onPodEnd(name, this.#sandboxes.get(uid)?.cause ?? 'deleted');
    if (isEnding) this.#soon(5, 800, 'kubelet stop', () => this.#terminate(uid));
    if (after && after.spec.activeDeadlineSeconds !== before?.spec.activeDeadlineSeconds)
      this.#awaitDeadline(after);
  }

  #schedule(name: string, uid: string): void {
    const { state, random } = this.#parts;
    const pod = this.#find(name, uid);
    if (!pod?.status) return;
    const { status, spec } = pod;
    const node = this.#chooseNode(pod);
    if (node) {
      const placed = { ...pod, spec: { ...spec, nodeName: node.name } };
      state.put({ ...placed, status: podStatus.scheduled(status) });
      const sandbox = { name, uid, node };
      this.#sandboxes.set(uid, sandbox);
      this.#soon(30, 500, 'kubelet start', () => this.#start(sandbox));
      return;
    }
    if (status.conditions.length === 0)
      state.put({ ...pod, status: podStatus.unschedulable(status) });
    // No node ever gets a label that it lacks.
    if (Object.keys(spec.nodeSelector ?? {}).length > 0) return;
    this.#soon(500, random.between(1_000, 20_000), 'schedule', () => this.#schedule(name, uid));
  }

  #chooseNode({ spec }: KubeObject): ClusterNode | undefined {
    if (Object.keys(spec.nodeSelector ?? {}).length > 0) return undefined;
    if (this.#parts.strikes('unschedulable')) return undefined;
    return this.nodes
      .map((node) => ({ node, used: this.#of(node).length }))
      .filter(({ node, used }) => !node.isTainted && used < podsPerNode)
      .sort((a, b) => a.used - b.used)[0]?.node;
  }

  #start(sandbox: Sandbox): void {
    const { startContainer, strikes } = this.#parts;
    if (sandbox.node.isLost) return;
    const pod = this.#find(sandbox.name, sandbox.uid);
    if (!pod || pod.metadata.deletionTimestamp) {
      this.#teardown(sandbox);
      return;
    }
    const address = strikes('pullFailed') ? undefined : this.#addresses.take();
    if (!address) {
      this.#update(sandbox, (status) => podStatus.waiting(status, 'ErrImagePull'));
      this.#soon(500, 10_000, 'kubelet start', () => this.#start(sandbox));
    } else {
      sandbox.address = address;
      this.#update(sandbox, (status) => podStatus.running(status, address));
      if (strikes('startCrashed'))
        this.#soon(10, 500, 'start crash', () => this.#exit(sandbox, { exitCode: 1 }));
      else sandbox.container = startContainer(this.#observe(sandbox, pod, address));
    }
  }

  #observe(sandbox: Sandbox, pod: KubeObject, address: string): ContainerStart {
    const setReady = () => {
      if (!sandbox.exit) this.#update(sandbox, (status) => podStatus.ready(status, true));
    };
    return {
      pod,
      address,
      ready: () => this.#soon(20, 1_000, 'probe', setReady),
      ended: (exit) => {
        if (!sandbox.node.isLost) this.#exit(sandbox, exit);
      },
    };
  }

  #exit(sandbox: Sandbox, exit: ContainerExit): void {
    if (sandbox.exit) return;
    sandbox.exit = exit;
    sandbox.cause = toldBy(exit) ?? sandbox.cause ?? 'crashed';
    this.#report(sandbox, exit);
  }

  #report(sandbox: Sandbox, exit: ContainerExit): void {
    this.#soon(2, 50, 'kubelet exit', () => {
      if (this.#sandboxes.has(sandbox.uid))
        this.#update(sandbox, (status) => podStatus.terminated(status, exit));
    });
    this.#soon(60, 500, 'kubelet teardown', () => this.#teardown(sandbox));
  }

  /** All containers have stopped. */
  #teardown(sandbox: Sandbox): void {
    const { state } = this.#parts;
    if (sandbox.node.isLost || !this.#sandboxes.has(sandbox.uid)) return;
    this.#release(sandbox);
    if (sandbox.cause && this.#find(sandbox.name, sandbox.uid)) {
      this.#parts.onPodEnd(sandbox.name, sandbox.cause);
      this.#update(sandbox, (status) => podStatus.finished(status, sandbox.failure));
    }
    const pod = this.#find(sandbox.name, sandbox.uid);
    if (pod?.metadata.deletionTimestamp) state.remove(pod);
  }

  #terminate(uid: string): void {
    const sandbox = this.#sandboxes.get(uid);
    if (!sandbox) return;
    const pod = this.#find(sandbox.name, uid);
    if (!sandbox.node.isLost) {
      const graceSeconds = pod?.metadata.deletionGracePeriodSeconds;
      this.#stop(sandbox, graceSeconds === undefined ? defaultGraceMs : graceSeconds * 1000);
    } else if (!pod) this.#release(sandbox);
  }

  #stop(sandbox: Sandbox, graceMs: number): void {
    const { container, exit, isStopping } = sandbox;
    // Where no container runs yet, the start finds that the pod is being deleted.
    if (!container || exit || isStopping) return;
    sandbox.isStopping = true;
    container.stop(graceMs);
    this.#soon(graceMs, graceMs, 'kubelet kill', () => {
      if (sandbox.exit || sandbox.node.isLost) return;
      container.kill();
      this.#exit(sandbox, { exitCode: 137 });
    });
  }

  #release(sandbox: Sandbox): void {
    if (!this.#sandboxes.delete(sandbox.uid) || !sandbox.address) return;
    this.#addresses.release(sandbox.address);
  }

  #awaitDeadline(pod: KubeObject): void {
    const { kernel } = this.#parts;
    const { name, uid, creationTimestamp } = pod.metadata;
    const dueMs = ({ spec }: KubeObject) =>
      Date.parse(creationTimestamp) + (spec.activeDeadlineSeconds ?? 0) * 1000;
    const waitMs = dueMs(pod) - kernel.nowMs;
    this.#soon(waitMs, waitMs, 'deadline', () => {
      const current = this.#find(name, uid);
      if (!current || dueMs(current) > kernel.nowMs) return;
      this.fail(current, 'expired', {
        reason: 'DeadlineExceeded',
        message: 'Pod was active too long',
      });
    });
  }

  #of(node: ClusterNode): Sandbox[] {
    return [...this.#sandboxes.values()].filter((sandbox) => sandbox.node === node);
  }

  #find(name: string, uid: string): KubeObject | null {
    const pod = this.#parts.state.get('Pod', name);
    return pod?.metadata.uid === uid ? pod : null;
  }

  #update(
    { name, uid, node }: Sandbox,
    change: (status: podStatus.PodStatus) => podStatus.PodStatus,
  ) {
    const pod = this.#find(name, uid);
    if (pod?.status && !node.isLost) this.#parts.state.put({ ...pod, status: change(pod.status) });
  }

  #soon(lowMs: number, highMs: number, what: string, act: () => void): void {
    const { kernel, random } = this.#parts;
    kernel.schedule(random.between(lowMs, highMs), kernel.world, what, act);
  }
}

/** What an agent leaves, or a kernel tells of its end, is more than what others know. */
function toldBy({ message, reason }: ContainerExit): EndedReason | undefined {
  if (message !== undefined) return parseTerminationMessage(message)?.reason;
  return reason === 'OOMKilled' ? 'oom_killed' : undefined;
}
