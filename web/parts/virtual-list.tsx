import type { ComponentChildren, JSX, TargetedKeyboardEvent } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

interface Props {
  count: number;
  /** Pixels; every row has it. */
  rowHeight: number;
  label: string;
  row(index: number): ComponentChildren;
  onNearEnd?(): void;
  class?: string;
}

/** Rows above and below what can be seen. */
const margin = 12;
/** They are drawn anew when so many have passed, and not for each. */
const stride = 8;

/** Draws only the rows that can be seen. Up and down move between the rows' links, as do Home, End and the page keys. */
export function VirtualList({ count, rowHeight, label, row, onNearEnd, class: name = '' }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ first: 0, last: 40 });
  const wanted = useRef<number | undefined>(undefined);
  const measure = (): void => {
    const { scrollTop = 0, clientHeight = 800 } = box.current ?? {};
    const first = Math.max(0, Math.floor(scrollTop / rowHeight / stride) * stride - margin);
    const last = Math.ceil((scrollTop + clientHeight) / rowHeight / stride) * stride + margin;
    setView((before) => (before.first === first && before.last === last ? before : { first, last }));
  };
  useLayoutEffect(measure, [count]);
  useEffect(() => {
    const observer = new ResizeObserver(measure);
    if (box.current !== null) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (view.last + 60 >= count) onNearEnd?.();
  }, [view.last, count]);
  const last = Math.min(count, view.last);
  useLayoutEffect(() => {
    if (wanted.current === undefined) return;
    const found = box.current?.querySelector<HTMLElement>(`[data-row="${wanted.current}"] a`);
    if (found === null || found === undefined) return;
    found.focus({ preventScroll: true });
    wanted.current = undefined;
  });
  const move = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const at = Number((event.target as HTMLElement).closest<HTMLElement>('[data-row]')?.dataset.row ?? -1);
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / rowHeight) - 1);
    const targets: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: count - 1,
    };
    const target = targets[event.key];
    if (target === undefined || box.current === null) return;
    event.preventDefault();
    const index = Math.min(count - 1, Math.max(0, target));
    wanted.current = index;
    const { scrollTop, clientHeight } = box.current;
    if (index * rowHeight < scrollTop) box.current.scrollTop = index * rowHeight;
    else if ((index + 1) * rowHeight > scrollTop + clientHeight)
      box.current.scrollTop = (index + 1) * rowHeight - clientHeight;
    measure();
    setView((before) => ({ ...before }));
  };
  const rows = [];
  for (let index = Math.min(view.first, last); index < last; index += 1)
    rows.push(
      <div
        key={index}
        data-row={index}
        class="virtual-row"
        role="listitem"
        aria-setsize={count}
        aria-posinset={index + 1}
        style={{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}
      >
        {row(index)}
      </div>,
    );
  return (
    <div ref={box} class={`virtual ${name}`} onScroll={measure} onKeyDown={move}>
      <div role="list" aria-label={label} style={{ height: `${count * rowHeight}px` }}>
        {rows}
      </div>
    </div>
  );
}
