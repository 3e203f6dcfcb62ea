import * as z from 'zod';
import { readEntryPoint } from '../entry-point.ts';
import type { UnpackedConda } from '../unpacked-conda.ts';
import type { InfoFolder } from './info-file.ts';
import { invalidPackage } from './invalid-package.ts';

type Facts = Pick<UnpackedConda, 'name' | 'version' | 'build' | 'buildNumber' | 'noarch' | 'index' | 'entryPoints'>;

const IndexJson = z.looseObject({
  name: z.string().min(1),
  version: z.string().min(1),
  build: z.string(),
  build_number: z.coerce.number().int().nonnegative().default(0),
  // `true` is what was written before there were kinds.
  noarch: z.union([z.enum(['python', 'generic']), z.boolean()]).nullish(),
});

const LinkJson = z.looseObject({
  package_metadata_version: z.literal(1),
  noarch: z.looseObject({ type: z.enum(['python', 'generic']), entry_points: z.array(z.string()).nullish() }).nullish(),
});

/** Reads what a package says about itself. `index.json` comes before `link.json`, as conda has it. @throws AppError INVALID_PACKAGE. */
export function readCondaFacts(info: InfoFolder): Facts {
  const { label } = info;
  const index = info.json('index.json', IndexJson);
  if (index === undefined) throw invalidPackage(label, 'it has no `info/index.json`');
  const { name, version, build } = index;
  const own = `${name}-${version}-${build}`;
  if (own.toLowerCase() !== stemOf(label).toLowerCase())
    throw invalidPackage(label, `its \`info/index.json\` says that it is \`${own}\``);
  const link = info.json('link.json', LinkJson) ?? info.json('package_metadata.json', LinkJson);
  const noarch = index.noarch === true ? 'generic' : index.noarch || link?.noarch?.type;
  return {
    name,
    version,
    build,
    buildNumber: index.build_number,
    ...(noarch ? { noarch } : {}),
    index,
    entryPoints: (link?.noarch?.entry_points ?? []).map((line) =>
      readEntryPoint(line.trim(), label, (what) => invalidPackage(label, what)),
    ),
  };
}

/** A package's file name without what says its format. */
export function stemOf(filename: string): string {
  return filename.replace(/\.(?:conda|tar\.bz2)$/, '');
}
