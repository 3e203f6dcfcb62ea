import { sha256Base64 } from './content-hash.ts';
import type { OpenApi, Operation } from './describe-api.ts';
import { codeText, escape, words } from './markup.ts';
import { schemaLink, schemaTable, typeText } from './schema-table.ts';

const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #7b2d43 }
@media (prefers-color-scheme: dark) { :root { --accent: #e08ba2 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem 1.5rem 6rem }
h1, h2 { line-height: 1.2 } h2 { margin-top: 3rem; text-transform: capitalize }
nav ul { columns: 3 14rem; padding-left: 1.2rem } a { color: var(--accent) }
code, pre { font: 0.875em/1.45 ui-monospace, monospace } code { background: var(--soft); padding: 0.1em 0.3em; border-radius: 3px }
pre { background: var(--soft); padding: 0.8rem; overflow: auto; border-radius: 5px } pre code { background: none; padding: 0 }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0.4rem 0.8rem }
details > div { scroll-margin-top: 4rem } summary { cursor: pointer } summary code { background: none } .role { float: right; opacity: 0.7 }
table { border-collapse: collapse; width: 100% } td, th { border-top: 1px solid var(--line); padding: 0.3rem 0.5rem 0.3rem 0; text-align: left; vertical-align: top }
`;

export interface DocsPage {
  html: string;
  /** Nothing but this page's own style: no script, no other host, no frame. */
  contentSecurityPolicy: string;
}

/** The description of the API as a page that a person reads. It needs nothing besides itself. */
export function docsPage(api: OpenApi): DocsPage {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = api.tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return `<h2 id="${escape(name)}">${escape(name)}</h2>\n${own.map(describeOperation).join('\n')}`;
  });
  const schemas = Object.entries(api.components.schemas).map(
    ([name, schema]) =>
      `<details><summary>${codeText(name)}</summary><div id="schema-${escape(name)}">${schemaTable(schema)}</div></details>`,
  );
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Terroir API</title>
<style>${style}</style>
</head>
<body>
<h1>Terroir API</h1>
<p>${escape(String(api.info.description))} The machine-readable description is <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
<p>Send a token as <code>Authorization: Bearer TOKEN</code>, or as the password of Basic with any user. An administrator makes one:
<code>terroir token create --user NAME --role contributor</code>. A server without any token lets whoever is on its machine do everything.</p>
<p>Lists are <code>{"items", "next"}</code>: give <code>next</code> as <code>cursor</code> for the next page; <code>sort</code> turns them round. Errors are
problem details (RFC 9457) with a stable <code>code</code>, and mostly a <code>hint</code>. What has an <code>ETag</code> is not sent again to who names it in
<code>If-None-Match</code>. In the tables * is what has to be there.</p>
<pre><code>curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"definition": {"text": "name: iris\\nrequirements: [scikit-learn==1.5.2]\\n"}}' http://127.0.0.1:7350/api/v1/environments</code></pre>
<nav><ul>${api.tags.map(({ name }) => `<li><a href="#${escape(name)}">${escape(name)}</a></li>`).join('')}<li><a href="#schemas">schemas</a></li></ul></nav>
${sections.join('\n')}
<h2 id="schemas">schemas</h2>
${schemas.join('\n')}
</body>
</html>
`;
  const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${sha256Base64(style)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { html, contentSecurityPolicy };
}

/** An address with what is inside of it as its fragment opens it; one with the part that opens and closes would not. */
function describeOperation({
  path,
  method,
  operation,
}: {
  path: string;
  method: string;
  operation: Operation;
}): string {
  const rows = operation.parameters.map(
    ({ name, in: where, required, description, schema }) =>
      `<tr><td><code>${escape(name)}</code>${required ? ' *' : ''}</td><td>${escape(where)}</td><td>${typeText(schema)}</td><td>${words(description)}</td></tr>`,
  );
  const answers = Object.entries(operation.responses).map(
    ([status, answer]) =>
      `<tr><td><code>${escape(status)}</code></td><td>${contentText(answer)}</td><td>${words(answer.description)}</td></tr>`,
  );
  return `<details>
<summary><code><b>${method}</b> ${escape(path)}</code> <span class="role">${escape(operation['x-role'])}</span><br>${words(operation.summary)}</summary>
<div id="${escape(operation.operationId)}">
${operation.description === undefined ? '' : `<p>${words(operation.description)}</p>`}
${rows.length === 0 ? '' : `<table>${rows.join('')}</table>`}
${operation.requestBody === undefined ? '' : `<p>Body: ${contentText(operation.requestBody)}</p>`}
<table>${answers.join('')}</table>
</div></details>`;
}

function contentText({ content = {} }: Record<string, unknown>): string {
  return Object.entries(content as Record<string, { schema?: { $ref?: string } }>)
    .map(([type, { schema }]) => {
      const name = schema?.$ref?.split('/').at(-1);
      return name === undefined ? `<code>${escape(type)}</code>` : schemaLink(name);
    })
    .join(', ');
}
