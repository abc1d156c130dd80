/** Tells the bench that this side is listening, and how to call it; ends with the bench. */
export function announce(call: {
  url: string
  method: 'GET' | 'POST'
  headers: Record<string, string>
  body?: string
}) {
  process.stdout.write(`${JSON.stringify(call)}\n`)
  process.on('SIGTERM', () => process.exit(0))
  process.stdin.on('end', () => process.exit(0)).resume()
}
