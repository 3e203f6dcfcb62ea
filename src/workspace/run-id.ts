import { randomInt } from 'node:crypto';

const adjectives =
  'amber ample bold brave brief bright brisk bronze calm candid cedar civil clear clever coral cosmic crisp curly deft dewy eager early even fabled fair fleet fond frank fresh gentle gilded glad golden grand green happy hardy hazel honest humble ivory jade jolly keen kind lively loyal lucid lunar mellow merry mild misty modest neat nimble noble olive open pearl placid plain plucky polar proud quick quiet rapid ready rosy royal rustic sable sage sandy silent silver snowy solar solid spry stable steady stout sunny swift tidy tiny topaz tranquil true upbeat velvet vivid warm wise witty young zesty'.split(
    ' ',
  );
const nouns =
  'acorn alder aspen badger basil beech birch bison brook canyon carp cedar cherry cliff clover condor coral crane creek cricket dahlia dale delta dove eagle elm ember falcon fern finch fjord fox garnet glade grove gull hare harbor hazel heron hill ibis iris island jasmine jay juniper kestrel lagoon lake lark laurel lichen lily linden lotus lynx magpie maple marsh martin meadow merlin mesa moss newt oak olive orchid oriole osprey otter owl panda pebble pine plover poplar puffin quail quartz raven reed ridge river robin rowan salmon sparrow spruce stork stream swan tern thistle thrush tulip valley violet walnut willow wren yarrow'.split(
    ' ',
  );
/** Without letters that look or sound alike. */
const letters = '23456789abcdefghjkmnpqrstvwxyz';

/**
 * A new run's id, such as `brisk_otter_k3f9w`: easy to say, and its first word mostly suffices (`RunStore.get`). Two hundred thousand million of
 * them; the order of runs is the workspace's, not the id's.
 */
export function createRunId(): string {
  const suffix = Array.from({ length: 5 }, () => letters.charAt(randomInt(letters.length))).join('');
  return `${pick(adjectives)}_${pick(nouns)}_${suffix}`;
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}
