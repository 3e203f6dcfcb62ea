import type { ServerContext } from '../call-context.ts';
import { type Route, route } from '../route.ts';

/** What a load balancer and a monitoring ask. */
export function healthRoutes({ app, workspace, metrics, stopping }: ServerContext): Route[] {
  const plain = { description: 'Plain text', contentType: 'text/plain' };
  const text = { 'content-type': 'text/plain; charset=utf-8' };
  return [
    route({
      method: 'GET',
      path: '/healthz',
      role: 'anyone',
      id: 'health',
      tag: 'server',
      summary: 'Say whether the process is alive',
      answers: { 200: plain },
      handle: async () => ({ headers: text, body: `ok terroir ${app.version}\n` }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      role: 'anyone',
      id: 'readiness',
      tag: 'server',
      summary: 'Say whether requests can be answered: the database is there, and the server does not stop',
      answers: { 200: plain, 503: plain },
      handle: async () => {
        if (stopping.aborted) return { status: 503, headers: text, body: 'stopping\n' };
        try {
          await workspace.facts.get('ready');
          return { headers: text, body: 'ready\n' };
        } catch {
          return { status: 503, headers: text, body: 'the database does not answer\n' };
        }
      },
    }),
    route({
      method: 'GET',
      path: '/metrics',
      role: 'reader',
      id: 'metrics',
      tag: 'server',
      summary: 'Numbers for Prometheus',
      answers: { 200: plain },
      handle: async () => {
        const { going, waiting } = await workspace.tasks.count();
        return {
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
          body: metrics.text({
            terroir_tasks_going: { help: 'Runs and builds that go on', value: going },
            terroir_tasks_waiting: { help: 'Runs and builds that wait for a worker', value: waiting },
          }),
        };
      },
    }),
  ];
}
