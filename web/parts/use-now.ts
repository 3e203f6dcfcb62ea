import { useEffect, useState } from 'preact/hooks';

/** The time in milliseconds; as long as something goes on, it is looked at again and again. */
export function useNow(isGoing: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isGoing) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 200);
    return () => clearInterval(timer);
  }, [isGoing]);
  return now;
}
