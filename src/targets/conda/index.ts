/**
 * A conda prefix as conda activates it: its variables, those of its packages, and what their scripts in `etc/conda/activate.d` make of them.
 *
 * The scripts run once, before the command, in a shell of their own; of what they do only variables reach the command.
 */
export {
  type ActivationOptions,
  activateConda,
  activationScript,
  deactivateConda,
  quoteWord,
} from './activate-conda.ts';
export { condaVariables } from './conda-variables.ts';
