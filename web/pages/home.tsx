import type { JSX } from 'preact';
import { useTitle } from '../parts/use-title.ts';

export function Home(): JSX.Element {
  useTitle('Home');
  return <h1>Home</h1>;
}
