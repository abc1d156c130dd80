/** The resource that the guarded sides are, and what the tokens sent to them are for. */
export const resource = 'http://localhost:9999/mcp'
