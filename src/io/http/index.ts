/** HTTP with retries, proxies, a company's certificate authority, credentials, and downloads that resume. */
export { bundleVariables } from './bundle-variables.ts';
export {
  createHttp,
  type DownloadOptions,
  type GetOptions,
  type Http,
  type HttpOptions,
  type HttpResponse,
  type Received,
  type ReceiveOptions,
  type SendOptions,
} from './http.ts';
export { retryDelay, transientStatuses } from './retry.ts';
