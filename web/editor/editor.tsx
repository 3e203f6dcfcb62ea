import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Finding } from '../../src/definition/checks/index.ts';
import { completeKeys } from './complete-keys.ts';

interface Props {
  path: string;
  text: string;
  findings: readonly Finding[];
  onChange(text: string): void;
}

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--code-key)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  { tag: [tags.keyword, tags.meta], color: 'var(--code-variable)' },
]);

const look = EditorView.theme({
  '&': { fontSize: '13.5px', color: 'var(--ink)', backgroundColor: 'var(--surface)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--ink)', padding: '10px 0', minHeight: '340px' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--soft)', border: 'none', fontFamily: 'var(--mono)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--raised) 55%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--accent-wash)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--line-strong)',
    borderRadius: '7px',
    color: 'var(--ink)',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--accent-wash)',
    color: 'var(--accent)',
  },
  '.cm-diagnostic': { fontFamily: 'var(--sans)' },
});

/**
 * An editor that begins with a text and then has its own. It is in a shadow tree: its styles go in as sheets, which a strict content-security policy lets through.
 */
export function Editor({ path, text, findings, onChange }: Props): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const changed = useRef(onChange);
  changed.current = onChange;
  useEffect(() => {
    if (host.current === null) return undefined;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    const isYaml = /\.ya?ml$/.test(path);
    const created = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          closeBrackets(),
          lintGutter(),
          indentUnit.of('  '),
          EditorState.tabSize.of(2),
          ...(isYaml ? [yaml(), autocompletion({ override: [completeKeys] })] : []),
          syntaxHighlighting(colours),
          look,
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': path }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = created;
    return () => created.destroy();
  }, [path]);
  useEffect(() => {
    const current = view.current;
    if (current !== undefined)
      current.dispatch(setDiagnostics(current.state, diagnosticsOf(current.state, path, findings)));
  }, [findings, path]);
  return <div ref={host} class="editor" />;
}

function diagnosticsOf(state: EditorState, path: string, findings: readonly Finding[]): Diagnostic[] {
  return findings.flatMap(({ position, severity, message, code }) => {
    if (position === undefined || position.file !== path || position.line > state.doc.lines) return [];
    const line = state.doc.line(position.line);
    const from = Math.min(line.from + position.column - 1, line.to);
    return [{ from, to: line.to, severity, message, source: code }];
  });
}
