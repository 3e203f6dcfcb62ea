import type { JSX } from 'preact';
import { useTitle } from '../parts/use-title.ts';

export function CompareRuns(): JSX.Element {
  useTitle('CompareRuns');
  return <h1>CompareRuns</h1>;
}
