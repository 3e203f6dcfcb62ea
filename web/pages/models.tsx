import type { JSX } from 'preact';
import { useTitle } from '../parts/use-title.ts';

export function Models(): JSX.Element {
  useTitle('Models');
  return <h1>Models</h1>;
}
