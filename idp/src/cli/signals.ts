const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Listens for the wish to stop: `asked` settles at the first such signal, `insist` is called at each one after it. */
export function listenForStop(insist: () => void): { asked: Promise<'asked'>; release(): void } {
  let heard = false
  const { promise, resolve } = Promise.withResolvers<'asked'>()
  const listener = () => {
    if (heard) insist()
    heard = true
    resolve('asked')
  }
  for (const signal of signals) process.on(signal, listener)
  return {
    asked: promise,
    release() {
      for (const signal of signals) process.off(signal, listener)
    },
  }
}
