import type { JSX } from 'preact';
import { useTitle } from '../parts/use-title.ts';

export function Runs(): JSX.Element {
  useTitle('Runs');
  return <h1>Runs</h1>;
}
