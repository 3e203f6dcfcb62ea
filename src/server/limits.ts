/** What a server bears from its callers. */
export interface Limits {
  /** Bytes of a JSON body. */
  body: number;
  /** Bytes of an upload: content of the API, or a blob of the registry. */
  upload: number;
  /** Requests that one caller may send per second in the long run. */
  rate: number;
  /** Requests that one caller may send at once. */
  burst: number;
  /** Wrong tokens of one address per minute. */
  failures: number;
  /** Milliseconds until the headers of a request have to be there. */
  headers: number;
  /** Milliseconds until a JSON body has to be there; for an upload, between two pieces of it. */
  patience: number;
  connections: number;
  /** Runs that go on at once, and that may wait. */
  runs: number;
  waitingRuns: number;
  /** Milliseconds that requests and runs get to end when the server stops. */
  grace: number;
}

export const defaultLimits: Limits = {
  body: 16 << 20,
  upload: 64 * 2 ** 30,
  rate: 1000,
  burst: 4000,
  failures: 30,
  headers: 10_000,
  patience: 30_000,
  connections: 4096,
  runs: 4,
  waitingRuns: 10_000,
  grace: 10_000,
};
