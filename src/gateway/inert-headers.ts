/**
 * Headers of bytes that came from elsewhere and are served under our origin: they never run as a script, a page or a
 * style, whatever they contain and however they are embedded.
 */
export const inertHeaders: Readonly<Record<string, string>> = {
  "content-type": "application/octet-stream",
  "x-content-type-options": "nosniff",
  "content-security-policy": "sandbox",
  "cross-origin-resource-policy": "cross-origin",
};
