/** Probabilities of what a network does to a chunk, a connection or a connection attempt. */
export interface NetworkFaults {
  /** Of a chunk: the connection is reset on both sides instead of delivering it. */
  reset: number;
  /** Of a chunk: it takes up to seconds. */
  spike: number;
  /** Of a chunk: it arrives in two parts. */
  split: number;
  /** Of an attempt: it is refused although somebody listens. */
  refuse: number;
  /** Of an attempt where nobody listens: there is no response at all. */
  silence: number;
}

export const noNetworkFaults: NetworkFaults = {
  reset: 0,
  spike: 0,
  split: 0,
  refuse: 0,
  silence: 0,
};
