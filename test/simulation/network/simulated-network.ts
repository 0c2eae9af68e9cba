import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Network } from '@steppe/service-kit/http/network';
import { type buildConnector, errors } from 'undici';
import type { Kernel, SimulatedProcess } from '../kernel/kernel.ts';
import { createHttpServer } from './http-server.ts';
import type { NetworkFaults } from './network-faults.ts';
import { SimulatedSocket, type Wire } from './simulated-socket.ts';
import { systemError } from './system-error.ts';

export interface NetworkOptions {
  /** Read at each use: the weather may change them. */
  faults: NetworkFaults;
  onFault: (kind: string) => void;
  /** The address that a name or a virtual address stands for; undefined if it has none. */
  resolve: (host: string) => string | undefined;
}

interface Listener {
  process: SimulatedProcess;
  accept: (socket: SimulatedSocket) => void;
}

/** The network between simulated processes. */
export class SimulatedNetwork {
  readonly #kernel: Kernel;
  readonly #options: NetworkOptions;
  readonly #listeners = new Map<string, Listener>();
  /** Pairs of processes between which nothing passes. */
  readonly #cuts = new Set<string>();
  /** Names of processes whose machine is off the network. */
  readonly #lost = new Set<string>();
  readonly #waiting = new Set<SimulatedSocket>();
  readonly #latency;
  readonly #chance;
  readonly #wire: Wire;
  #sockets = 0;
  #ports = 20_000;

  constructor(kernel: Kernel, options: NetworkOptions) {
    this.#kernel = kernel;
    this.#options = options;
    this.#latency = kernel.random('network latency');
    this.#chance = kernel.random('network faults');
    this.#wire = {
      kernel,
      latencyMs: () => this.#latencyMs(),
      breaks: () => this.#happens('reset'),
      firstPartOf: (bytes) =>
        bytes > 1 && this.#happens('split') ? 1 + this.#latency.int(bytes - 1) : bytes,
      isCut: (from, to) => this.#isCut(from, to),
      awaitHeal: (socket) => void this.#waiting.add(socket),
    };
  }

  /** The network as the services of a machine with this address see it. */
  networkOf(address: string): Network {
    return {
      createServer: (options, handle) =>
        createHttpServer(options, handle, (host, port, accept) => {
          const chosen = port || this.#nextPort();
          const stop = this.#listen(`${address}:${chosen}`, accept);
          return { address: { address: host, port: chosen, family: 'IPv4' }, stop };
        }),
      createConnector: (timeoutMs) => this.createConnector(timeoutMs),
    };
  }

  createConnector(timeoutMs: number): buildConnector.connector {
    return ({ hostname, port }, callback) =>
      this.#connect(hostname, Number(port) || 80, timeoutMs, callback);
  }

  /** Nothing passes between two processes until the returned function is called. */
  cut(one: SimulatedProcess, other: SimulatedProcess): () => void {
    const pair = pairOf(one, other);
    this.#cuts.add(pair);
    return () => {
      this.#cuts.delete(pair);
      for (const socket of this.#waiting)
        this.#kernel.schedule(this.#latency.between(0, 200), socket.process, 'retransmit', () =>
          socket.retransmit(),
        );
      this.#waiting.clear();
    };
  }

  /** The machine of a process is off the network for ever: its peers hear nothing. */
  lose(process: SimulatedProcess): void {
    this.#lost.add(process.name);
  }

  #nextPort(): number {
    this.#ports += 1;
    return this.#ports;
  }

  #happens(kind: keyof NetworkFaults): boolean {
    if (!this.#chance.chance(this.#options.faults[kind])) return false;
    this.#options.onFault(`network ${kind}`);
    return true;
  }

  #latencyMs(): number {
    if (!this.#happens('spike')) return this.#latency.between(0.05, 1.5);
    return this.#latency.between(50, this.#latency.chance(0.2) ? 20_000 : 1_500);
  }

  #isCut(from: SimulatedProcess, to: SimulatedProcess): boolean {
    if (this.#lost.has(from.name) || this.#lost.has(to.name)) return true;
    return this.#cuts.size > 0 && this.#cuts.has(pairOf(from, to));
  }

  #listen(address: string, accept: (socket: SimulatedSocket) => void): () => void {
    const listener = { process: this.#kernel.current, accept };
    this.#listeners.set(address, listener);
    const remove = () => {
      forget();
      if (this.#listeners.get(address) === listener) this.#listeners.delete(address);
    };
    const forget = listener.process.onKill(() => {
      // Where a machine was lost, an attempt gets no response.
      if (!this.#lost.has(listener.process.name)) remove();
    });
    return remove;
  }

  #connect(host: string, port: number, timeoutMs: number, callback: buildConnector.Callback): void {
    const kernel = this.#kernel;
    const client = kernel.current;
    const target = `${host}:${port}`;
    let isSettled = false;
    const settle: buildConnector.Callback = (...result: Parameters<buildConnector.Callback>) => {
      if (isSettled) return;
      isSettled = true;
      timer.cancel();
      callback(...result);
    };
    const timer = kernel.schedule(timeoutMs, client, 'connect timeout', () =>
      settle(new errors.ConnectTimeoutError(`Connect Timeout Error (${target})`), null),
    );
    const refuse = () =>
      kernel.schedule(this.#latencyMs(), client, 'refused', () =>
        settle(systemError('ECONNREFUSED', 'connect', target), null),
      );
    if (this.#happens('refuse')) return void refuse();
    kernel.schedule(this.#latencyMs(), kernel.world, `syn ${target}`, () => {
      if (isSettled || !client.isAlive) return;
      const address = this.#options.resolve(host);
      const listener = address && this.#listeners.get(`${address}:${port}`);
      if (!listener) return this.#happens('silence') ? undefined : void refuse();
      if (!listener.process.isAlive || this.#isCut(client, listener.process)) return;
      kernel.schedule(0, listener.process, 'accept', () => this.#open(client, listener, settle));
    });
  }

  #open(client: SimulatedProcess, { process, accept }: Listener, settle: buildConnector.Callback) {
    const kernel = this.#kernel;
    const create = (owner: SimulatedProcess, allowHalfOpen: boolean) => {
      this.#sockets += 1;
      const remoteAddress = '10.9.9.9';
      return new SimulatedSocket({
        wire: this.#wire,
        id: this.#sockets,
        process: owner,
        remoteAddress,
        allowHalfOpen,
      });
    };
    const [near, far] = [create(client, false), create(process, true)];
    near.peer = far;
    far.peer = near;
    const openMs = this.#latencyMs();
    far.delayFirst(openMs);
    // The other end may be gone before this one knows that they are connected.
    near.once('error', (error) => settle(error, null));
    kernel.schedule(openMs, client, 'connected', () => {
      if (!near.destroyed) settle(null, asSocket(near));
    });
    accept(far);
  }
}

const pairOf = (one: SimulatedProcess, other: SimulatedProcess): string =>
  one.name < other.name ? `${one.name}|${other.name}` : `${other.name}|${one.name}`;

/** It has every member of a TCP connection that undici uses. */
const asSocket = (socket: SimulatedSocket): Socket => socket as Duplex as Socket;
