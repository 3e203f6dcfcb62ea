import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Seconds: the upper ends of the histogram's buckets. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface Metrics {
  request(facts: { method: string; route: string; status: number; seconds: number }): void;
  /** In Prometheus' text format, with numbers that are looked up now. */
  text(gauges: Readonly<Record<string, { help: string; value: number }>>): string;
  close(): void;
}

interface Histogram {
  buckets: number[];
  sum: number;
  count: number;
}

export function createMetrics(version: string): Metrics {
  const counts = new Map<string, number>();
  const durations = new Map<string, Histogram>();
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  return {
    request: ({ method, route, status, seconds }) => {
      const labels = `method="${method}",route="${escape(route)}"`;
      const counter = `${labels},status="${status}"`;
      counts.set(counter, (counts.get(counter) ?? 0) + 1);
      const histogram = durations.get(labels) ?? { buckets: bounds.map(() => 0), sum: 0, count: 0 };
      durations.set(labels, histogram);
      histogram.sum += seconds;
      histogram.count += 1;
      const bucket = bounds.findIndex((bound) => seconds <= bound);
      if (bucket !== -1) histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
    },
    text: (gauges) => {
      const lines = [
        ...family('terroir_requests_total', 'counter', 'Answered requests'),
        ...[...counts].map(([labels, value]) => `terroir_requests_total{${labels}} ${value}`),
        ...family('terroir_request_seconds', 'histogram', 'Time until a request was answered'),
        ...[...durations].flatMap(([labels, histogram]) => histogramLines(labels, histogram)),
      ];
      const memory = process.memoryUsage();
      const all = {
        ...gauges,
        process_resident_memory_bytes: { help: 'Memory of the process', value: memory.rss },
        nodejs_heap_size_used_bytes: { help: 'Memory of JavaScript', value: memory.heapUsed },
        nodejs_eventloop_lag_p99_seconds: { help: 'How late timers are', value: delay.percentile(99) / 1e9 },
        process_uptime_seconds: { help: 'Since the start', value: process.uptime() },
      };
      for (const [name, { help, value }] of Object.entries(all))
        lines.push(...family(name, 'gauge', help), `${name} ${value}`);
      lines.push(...family('terroir_info', 'gauge', 'The version'), `terroir_info{version="${escape(version)}"} 1`);
      return `${lines.join('\n')}\n`;
    },
    close: () => delay.disable(),
  };
}

function family(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}.`, `# TYPE ${name} ${type}`];
}

function histogramLines(labels: string, { buckets, sum, count }: Histogram): string[] {
  let below = 0;
  const lines = bounds.map((bound, index) => {
    below += buckets[index] ?? 0;
    return `terroir_request_seconds_bucket{${labels},le="${bound}"} ${below}`;
  });
  return [
    ...lines,
    `terroir_request_seconds_bucket{${labels},le="+Inf"} ${count}`,
    `terroir_request_seconds_sum{${labels}} ${sum}`,
    `terroir_request_seconds_count{${labels}} ${count}`,
  ];
}

function escape(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
