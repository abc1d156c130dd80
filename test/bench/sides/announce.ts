/** Tells the bench that this side is listening, and how to call it; ends with the bench, after `close`. */
export function announce(
  call: {
    url: string
    method: 'GET' | 'POST'
    headers: Record<string, string>
    body?: string
    each?: { headers: Record<string, string> }[]
  },
  close: () => Promise<void> = async () => {},
) {
  process.stdout.write(`${JSON.stringify(call)}\n`)
  const end = (): void => void close().finally(() => process.exit(0))
  process.once('SIGTERM', end)
  process.stdin.once('end', end).resume()
}
