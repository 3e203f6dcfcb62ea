/** What goes through `/api/v1`: the schemas of requests and answers. The description that the server serves is made from them. */
export * from './answers.ts';
export * from './requests.ts';
export * from './share.ts';
export { ReferenceText, Text } from './text.ts';
