/** `source PREFIX/bin/activate` for bash, zsh and dash, with `deactivate` to undo it. */
export function activateScript(prefix: string): string {
  const quoted = `'${prefix.replaceAll("'", `'\\''`)}'`;
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
