import { useEffect, useRef, useState } from 'preact/hooks';
import type { OpenFile } from './analyse.ts';
import { readDropped } from './read-dropped.ts';

/** Takes what is dropped anywhere on the page: beside it, the browser would open the file and leave. Answers whether something hovers. */
export function useDrop(take: (files: readonly OpenFile[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const gone = new AbortController();
    const { signal } = gone;
    const isFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes('Files') === true;
    document.addEventListener(
      'dragover',
      (event) => {
        if (!isFiles(event)) return;
        event.preventDefault();
        setOver(true);
      },
      { signal },
    );
    document.addEventListener(
      'dragleave',
      (event) => {
        // Leaving for another part of the page is not leaving it.
        if (event.relatedTarget === null) setOver(false);
      },
      { signal },
    );
    // Before the editor takes it for its text.
    document.addEventListener(
      'drop',
      (event) => {
        if (!isFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        readDropped(event.dataTransfer).then(
          (files) => {
            if (files.length > 0) latest.current(files);
          },
          () => undefined,
        );
      },
      { signal, capture: true },
    );
    return () => gone.abort();
  }, []);
  return isOver;
}
