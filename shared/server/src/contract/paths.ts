/** One step into a value: a member's name or an index. */
export type PathStep = string | number

/** `['clients', 0, 'name']` → `clients[0].name`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[A-Za-z_$][\w$-]*$/.test(String(step))) text += text === '' ? String(step) : `.${String(step)}`
    else text += `[${JSON.stringify(String(step).slice(0, 64))}]`
  }
  return text
}

/** The inverse of {@link formatPath}. */
export function parsePath(text: string): PathStep[] {
  const steps: PathStep[] = []
  for (const [, index, quoted, name] of text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)) {
    if (index !== undefined) steps.push(Number(index))
    else if (quoted !== undefined) steps.push(String(JSON.parse(quoted)))
    else if (name !== undefined) steps.push(name)
  }
  return steps
}
