import type { JSX } from 'preact';
import { useTitle } from '../parts/use-title.ts';

export function Create(): JSX.Element {
  useTitle('Create');
  return <h1>Create</h1>;
}
