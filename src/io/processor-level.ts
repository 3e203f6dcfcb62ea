import { readFileSync } from 'node:fs';

/** Flags that each level of x86-64 adds (x86-64 psABI, "Micro-Architecture Levels"), as the kernel calls them. */
const levels: readonly string[][] = [
  [],
  ['cx16', 'lahf_lm', 'popcnt', 'pni', 'sse4_1', 'sse4_2', 'ssse3'],
  ['abm', 'avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'movbe', 'xsave'],
  ['avx512bw', 'avx512cd', 'avx512dq', 'avx512f', 'avx512vl'],
];

/** The level of x86-64 (1–4) that this processor has; undefined where the system does not tell, and for other processors. */
export function processorLevel(cpuInfo: string | undefined = readCpuInfo()): number | undefined {
  const flags = /^flags\s*:\s*(.*)$/m.exec(cpuInfo ?? '')?.[1];
  if (flags === undefined) return undefined;
  const found = new Set(flags.split(' '));
  const missing = levels.findIndex((needed) => needed.some((flag) => !found.has(flag)));
  return missing === -1 ? levels.length : missing;
}

function readCpuInfo(): string | undefined {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return undefined;
  }
}
