/** Makes a warning that is written to the console the first time it is called. */
export function warnOnce(text: string): () => void {
  let isDue = true
  return () => {
    if (isDue) console.warn(text)
    isDue = false
  }
}
