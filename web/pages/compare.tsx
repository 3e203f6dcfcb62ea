import type { JSX } from 'preact';
import { useTitle } from '../parts/use-title.ts';

export function Compare(): JSX.Element {
  useTitle('Compare');
  return <h1>Compare</h1>;
}
