/**
 * Tokens that issuers mark by their shape, keys, and signatures of addresses. Each is narrow enough to refuse a text for it. What is around a secret is
 * outside of the group `secret`.
 */
export const tokenShapes: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|[\s\S]*)/,
  // GitHub, GitLab.
  /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{20,}|glpat-[\w-]{20,})/,
  // AWS. Letters alone may be words: ASIAPACIFICSOUTHEAST.
  /\b(?:AKIA|ASIA(?=[A-Z]*\d))[A-Z0-9]{16}\b/,
  // Hugging Face, npm, Databricks, Google.
  /\bhf_[A-Za-z0-9]{30,}/,
  /\bnpm_[A-Za-z0-9]{30,}/,
  /\bdapi[a-f0-9]{32}(?:-\d+)?\b/,
  /\bAIza[\w-]{30,}/,
  // PyPI: each of its tokens begins with these bytes. `pypi-` alone begins the names of servers.
  /\bpypi-AgE[\w-]{20,}/,
  // OpenAI, Anthropic, Stripe and others: words, and something generated, which has digits.
  /\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_])*(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}/,
  // Slack.
  /\bxox[abeoprs]-(?=[A-Za-z-]*\d)[A-Za-z0-9-]{10,}/,
  // JSON Web Tokens.
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/,
  // Azure.
  /\b(?:AccountKey|SharedAccessKey)=(?<secret>[A-Za-z0-9+/=]{20,})/,
  /[?&](?:sig|X-Amz-Signature|X-Goog-Signature)=(?<secret>[A-Za-z0-9%+/=]{20,})/i,
];

/** True if a text has something in it that is a token or a key by its shape alone. */
export function hasTokenShape(text: string): boolean {
  return tokenShapes.some((shape) => shape.test(text));
}
