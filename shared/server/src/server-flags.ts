/**
 * How Node is started for a server. What a provider's instance or a backend's connection allocates mostly lives on, so a
 * young generation as large as Node's default is copied in pauses of up to 40 ms, and an idle gateway keeps it. A small one
 * is done in under 10 ms, but is done more often: the token endpoint takes a fifth more processor time (313 µs a token
 * instead of 257).
 */
export const serverFlags: { readonly idp: readonly string[]; readonly gateway: readonly string[] } = {
  idp: ['--max-semi-space-size=8'],
  gateway: ['--max-semi-space-size=4'],
}
