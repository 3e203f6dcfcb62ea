/** `source PREFIX/bin/activate` for bash, zsh and dash, with `deactivate` to undo it. */
export function activateScript(prefix: string): string {
  const quoted = quote(prefix);
  return `# Source this file; do not run it.
deactivate () {
    if [ -n "\${_TERROIR_OLD_PATH:-}" ]; then PATH="$_TERROIR_OLD_PATH"; export PATH; unset _TERROIR_OLD_PATH; fi
    if [ -n "\${_TERROIR_OLD_PS1+x}" ]; then PS1="$_TERROIR_OLD_PS1"; unset _TERROIR_OLD_PS1; fi
    unset VIRTUAL_ENV PYTHONNOUSERSITE
    hash -r 2>/dev/null
    [ "\${1:-}" = nondestructive ] || unset -f deactivate
}
deactivate nondestructive
VIRTUAL_ENV=${quoted}
export VIRTUAL_ENV
PYTHONNOUSERSITE=1
export PYTHONNOUSERSITE
_TERROIR_OLD_PATH="$PATH"
PATH="$VIRTUAL_ENV/bin:$PATH"
export PATH
unset PYTHONHOME
if [ -z "\${VIRTUAL_ENV_DISABLE_PROMPT:-}" ]; then _TERROIR_OLD_PS1="\${PS1:-}"; PS1="(terroir) \${PS1:-}"; fi
hash -r 2>/dev/null
`;
}

/** What packages want done when a conda prefix is activated. Paths relative to the prefix, sorted. */
export interface CondaActivation {
  /** `etc/conda/activate.d/*.sh` */
  activate: readonly string[];
  /** `etc/conda/deactivate.d/*.sh` */
  deactivate: readonly string[];
  /** `etc/conda/env_vars.d/*.json` */
  variables: readonly string[];
}

/** The same for a conda prefix. Only Python can read the packages' variables; without one they are left out. */
export function condaActivateScript(prefix: string, { activate, deactivate, variables }: CondaActivation): string {
  const source = (paths: readonly string[], indent: string): string =>
    paths.map((path) => `${indent}. ${quote(`${prefix}/${path}`)}\n`).join('');
  const files = variables.map((path) => ` ${quote(`${prefix}/${path}`)}`).join('');
  const read = (what: string): string =>
    files === ''
      ? ''
      : `    if [ -x "$CONDA_PREFIX/bin/python" ]; then eval "$("$CONDA_PREFIX/bin/python" -I -c ${quote(readVariables)} ${what}${files})"; fi\n`;
  return `# Source this file; do not run it.
deactivate () {
    if [ -n "\${_TERROIR_OLD_PATH:-}" ]; then
${source([...deactivate].reverse(), '    ')}${read('unset')}    PATH="$_TERROIR_OLD_PATH"; export PATH; unset _TERROIR_OLD_PATH
    fi
    if [ -n "\${_TERROIR_OLD_PS1+x}" ]; then PS1="$_TERROIR_OLD_PS1"; unset _TERROIR_OLD_PS1; fi
    unset CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_SHLVL CONDA_PROMPT_MODIFIER PYTHONNOUSERSITE
    hash -r 2>/dev/null
    [ "\${1:-}" = nondestructive ] || unset -f deactivate
}
deactivate nondestructive
CONDA_PREFIX=${quote(prefix)}
CONDA_DEFAULT_ENV="$CONDA_PREFIX"
CONDA_SHLVL=1
CONDA_PROMPT_MODIFIER="(terroir) "
PYTHONNOUSERSITE=1
export CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_SHLVL CONDA_PROMPT_MODIFIER PYTHONNOUSERSITE
_TERROIR_OLD_PATH="$PATH"
PATH="$CONDA_PREFIX/bin:$PATH"
export PATH
unset PYTHONHOME
_TERROIR_OLD_PS1="\${PS1:-}"
PS1="$CONDA_PROMPT_MODIFIER\${PS1:-}"
${read('export').trimStart()}${source(activate, '')}hash -r 2>/dev/null
`;
}

/** Prints shell lines for the variables in JSON files. conda's own word for a variable that is to be taken away is \`***unset***\`. */
const readVariables = `import json, re, shlex, sys
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        for name, value in json.load(file).items():
            if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
                continue
            if sys.argv[1] == "unset" or value == "***unset***":
                print("unset " + name)
            else:
                print("export " + name + "=" + shlex.quote(str(value)))
`;

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
