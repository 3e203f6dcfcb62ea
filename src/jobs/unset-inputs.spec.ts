import { expect, test } from 'vitest';
import { unsetInputs } from './index.ts';

test.each([
  ['train ${{inputs.trees}}', []],
  ['train $[[--seed ${{inputs.seed}}]] $[[--x ${{ inputs.x }} --seed ${{inputs.seed}}]]', ['seed', 'x']],
  ['train $[[--trees ${{inputs.trees}} ${{outputs.model}}]]', []],
])('the inputs without a value of %j', (command, names) => {
  expect(unsetInputs(command, ['trees'])).toEqual(names);
});
