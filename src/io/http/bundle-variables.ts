/** Where programs of other kinds find all certificate authorities that they trust; the first one that is set counts. */
export const bundleVariables = ['SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'] as const;
