import type { JSX } from 'preact';
import { useTitle } from '../parts/use-title.ts';

export function Run(): JSX.Element {
  useTitle('Run');
  return <h1>Run</h1>;
}
