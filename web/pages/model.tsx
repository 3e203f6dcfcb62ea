import type { JSX } from 'preact';
import { useTitle } from '../parts/use-title.ts';

export function Model(): JSX.Element {
  useTitle('Model');
  return <h1>Model</h1>;
}
