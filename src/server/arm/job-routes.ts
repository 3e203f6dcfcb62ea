import {
  type App,
  askToCancel,
  listRuns,
  type Submission,
  showRun,
  submitUploaded,
  type UploadedJob,
} from '../../app/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import { type RunRecord, terminalStatuses } from '../../schema/index.ts';
import { type Route, route } from '../route.ts';
import { type AddressOf, workspaceId, workspacesPath } from './address.ts';
import { asAzure as answers } from './answers.ts';
import { uploadedJobOf } from './command-job.ts';
import { CommandJobProperties, JobBody, JobsQuery } from './job-requests.ts';
import { jobResource } from './job-resource.ts';
import { nextLink, origin, pageRequest } from './paging.ts';
import { ArmQuery } from './requests.ts';
import { hasTag } from './tag-filter.ts';

const jobs = `${workspacesPath}/:workspace/jobs`;
const tag = 'azure';
const stillGoing = { 202: { description: 'It has been asked to end, and has not yet' } };

export interface JobContext {
  /** Runs and builds that may wait. */
  maximumWaiting: number;
  /** Tells this server's worker that there is something to do. */
  wake: () => void;
}

/** Runs as Azure's command jobs. */
export function jobRoutes(addressOf: AddressOf, { maximumWaiting, wake }: JobContext): Route[] {
  return [
    route({
      method: 'GET',
      path: jobs,
      role: 'reader',
      id: 'armListJobs',
      tag,
      summary: 'List jobs, newest first',
      description:
        'With `tag` (`key` or `key=value`) a page may be shorter than the others: it has what of it has the tag.',
      query: JobsQuery,
      answers,
      handle: async ({ app, params, query, request }) => {
        const address = addressOf(params);
        const { limit, cursor, archived } = pageRequest(query);
        const isOther = query.jobType !== undefined && query.jobType.toLowerCase() !== 'command';
        if (isOther || archived === 'archived') return { body: { value: [], nextLink: null } };
        const page = await listRuns(app, { limit, cursor });
        const value = page.items
          .filter((run) => query.tag === undefined || hasTag(run.tags, query.tag))
          .map((run) => jobResource(address, run, origin(request)));
        return { body: { value, nextLink: nextLink(request, page.next) } };
      },
    }),
    route({
      method: 'GET',
      path: `${jobs}/:name`,
      role: 'reader',
      id: 'armGetJob',
      tag,
      summary: 'Show a job',
      query: ArmQuery,
      answers,
      handle: async ({ app, params: { name = '', ...params }, request }) => ({
        body: jobResource(addressOf(params), await findJob(app, name), origin(request)),
      }),
    }),
    route({
      method: 'PUT',
      path: `${jobs}/:name`,
      role: 'contributor',
      id: 'armPutJob',
      tag,
      summary: 'Submit a command job',
      description:
        'The same again, by the same person within a day, is the same job. Nothing of one that is there can change.',
      query: ArmQuery,
      body: JobBody,
      answers: { ...answers, 201: { description: 'It is new', contentType: 'application/json' } },
      handle: async ({ app, params: { name = '', ...params }, body: { properties }, request }) => {
        const address = addressOf(params);
        checkJobName(name);
        if (properties.jobType.toLowerCase() !== 'command')
          throw new AppError('UNSUPPORTED_FEATURE', `there are no jobs of the type \`${properties.jobType}\` here`, {
            hint: 'The type is `Command`.',
          });
        const job = uploadedJobOf(CommandJobProperties.parse(properties), addressOf);
        const { record, isNew } = await submitNamed(app, name, job, maximumWaiting);
        wake();
        return { status: isNew ? 201 : 200, body: jobResource(address, record, origin(request)) };
      },
    }),
    route({
      method: 'DELETE',
      path: `${jobs}/:name`,
      role: 'contributor',
      id: 'armDeleteJob',
      tag,
      summary: 'Refused: runs are records, and stay',
      query: ArmQuery,
      answers: {},
      handle: async ({ app, params: { name = '', ...params } }) => {
        addressOf(params);
        await findJob(app, name);
        throw new AppError('UNSUPPORTED_FEATURE', `the job \`${name}\` is not deleted: runs are records, and stay`);
      },
    }),
    route({
      method: 'POST',
      path: `${jobs}/:name/cancel`,
      role: 'contributor',
      id: 'armCancelJob',
      tag,
      summary: 'Ask a job to end',
      description: '`Location` answers 202 until it has.',
      query: ArmQuery,
      answers: { ...answers, ...stillGoing },
      handle: async ({ app, params: { name = '', ...params }, query, request }) => {
        const address = addressOf(params);
        const { id } = await findJob(app, name);
        const { status } = await askToCancel(app, id);
        if (terminalStatuses.has(status)) return { status: 200 };
        const location = `${origin(request)}${workspaceId(address)}/jobs/${id}/cancel?api-version=${query['api-version']}`;
        return { status: 202, headers: { location, 'retry-after': '1' } };
      },
    }),
    route({
      method: 'GET',
      path: `${jobs}/:name/cancel`,
      role: 'reader',
      id: 'armShowCancel',
      tag,
      summary: 'Say whether a job has ended',
      query: ArmQuery,
      answers: { ...answers, ...stillGoing },
      handle: async ({ app, params: { name = '', ...params }, request }) => {
        addressOf(params);
        const { status } = await findJob(app, name);
        if (terminalStatuses.has(status)) return { status: 200 };
        const location = new URL(request.url, origin(request)).href;
        return { status: 202, headers: { location, 'retry-after': '1' } };
      },
    }),
  ];
}

async function submitNamed(app: App, name: string, job: UploadedJob, maximumWaiting: number): Promise<Submission> {
  try {
    return await submitUploaded(app, job, { maximumWaiting, id: name, key: `job ${name}` });
  } catch (cause) {
    if (!isAppError(cause, 'ALREADY_EXISTS')) throw cause;
    throw new AppError('ALREADY_EXISTS', `there is a job \`${name}\` already, and it cannot be changed`, {
      hint: 'Take another name.',
      cause,
    });
  }
}

/** By its whole name: a beginning that will do elsewhere may become another job's. */
async function findJob(app: App, name: string): Promise<RunRecord> {
  const notFound = new AppError('RUN_NOT_FOUND', `there is no job \`${name}\` in this workspace`);
  try {
    const run = await showRun(app, name);
    if (run.id === name) return run;
  } catch (error) {
    if (!isAppError(error, 'RUN_NOT_FOUND')) throw error;
  }
  throw notFound;
}

/** It becomes the run's id, and so the name of a folder. */
function checkJobName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,199}$/.test(name) && !/^build_/i.test(name)) return;
  throw new AppError('INVALID_NAME', `\`${name}\` is no name for a job`, {
    hint: 'Letters, digits, `-` and `_`, at most 200; it begins with a letter or digit, and not with `build_`.',
  });
}
