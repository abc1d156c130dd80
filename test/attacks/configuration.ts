const issuer = 'https://as.example'
const good = { resource: 'https://mcp.example/mcp', issuers: [{ issuer }] }

function signedFor(claims: object, alg = 'ES256'): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${encode({ alg })}.${encode({ iss: 'x', ...claims })}.AAAA`
}

/** Rows whose answer is CFG: the resource server is not even made, and the error names the option. */
const rows: readonly (readonly [id: string, option: string, options: object])[] = [
  ['B5', 'issuers[0].algorithms[0]', { ...good, issuers: [{ issuer, algorithms: ['HS256'] }] }],
  ['E2', 'issuers[0].jwksUri', { ...good, issuers: [{ issuer, jwksUri: 'http://as.example/jwks' }] }],
  ['E2', 'issuers[0].jwksUri', { ...good, issuers: [{ issuer, jwksUri: 'ftp://as.example/jwks' }] }],
  ['E2', 'issuers[0].jwksUri', { ...good, issuers: [{ issuer, jwksUri: 'https://u:p@as.example/jwks' }] }],
  ['E2', 'issuers[0].jwksUri', { ...good, issuers: [{ issuer, jwksUri: 'https://as.example/jwks#a' }] }],
  ['E17', 'remoteJwtSet', { ...good, remoteJwtSet: { timeoutDuration: 1 } }],
  ['F7', 'resource', { ...good, resource: 'https://mcp.example/mcp#a' }],
  ['F7', 'resource', { ...good, resource: '/mcp' }],
  ['F7', 'resource', { ...good, resource: 'http://mcp.example/mcp' }],
  ['F7', 'resource', { ...good, resource: 'https://u:p@mcp.example/mcp' }],
  ['F7', 'resource', { ...good, resource: 'https://mcp.example/.well-known/mcp' }],
  ['F7', 'resource', { ...good, resource: 'not a url' }],
  ['F17', 'issuers', { ...good, issuers: [] }],
  ['F18', 'issuers[0].issuer', { ...good, issuers: [{ issuer: 'javascript:alert(1)' }] }],
  ['F18', 'issuers[0].issuer', { ...good, issuers: [{ issuer: 'http://as.example' }] }],
  ['F18', 'issuers[0].issuer', { ...good, issuers: [{ issuer: 'https://as.example?a' }] }],
  ['F18', 'issuers[0].issuer', { ...good, issuers: [{ issuer: 'https://as.example#a' }] }],
  ['F25', 'legacyServerMetadata.issuer', { ...good, legacyServerMetadata: { issuer: 'https://other.example' } }],
  ['F26', 'metadata.signed_metadata', { ...good, metadata: { signed_metadata: 'x' } }],
  [
    'F26',
    'metadata.signed_metadata',
    { ...good, metadata: { signed_metadata: signedFor({ resource: 'https://mcp.example/b' }) } },
  ],
  [
    'F26',
    'metadata.signed_metadata',
    { ...good, metadata: { signed_metadata: signedFor({ resource: good.resource }, 'HS256') } },
  ],
  // An issuer from the token would be looked up where the token says: whom to trust is a list, and nothing decides it later.
  ['G9', 'issuers', { ...good, issuers: () => [{ issuer: 'https://attacker.example' }] }],
  ['G9', 'issuers[0].issuer', { ...good, issuers: [{ issuer: () => true }] }],
  ['G9', 'issuers[0]', { ...good, issuers: ['https://as.example'] }],
  ['K11', 'allowedOrigins[0]', { ...good, allowedOrigins: ['https://app.example/path'] }],
  ['K11', 'allowedOrigins[0]', { ...good, allowedOrigins: ['*'] }],
  ['K11', 'allowedOrigins[0]', { ...good, allowedOrigins: ['null'] }],
  ['K11', 'allowedOrigins', { ...good, allowedOrigins: [] }],
  ['K12', 'allowedHosts[0]', { ...good, allowedHosts: ['https://mcp.example'] }],
  ['K18', 'failureLimit.max', { ...good, failureLimit: { max: 0 } }],
  ['K18', 'failureLimit.window', { ...good, failureLimit: { window: -1 } }],
  ['K18', 'failureLimit.trustProxy', { ...good, failureLimit: { trustProxy: true } }],
  ['J3', 'apiKeys[0].hash', { ...good, apiKeys: [{ id: 'k', name: 'k', hash: '' }] }],
]

/** The same by name. */
export const configuration = rows.map(([id, option, options]) => ({ id, option, options }))
