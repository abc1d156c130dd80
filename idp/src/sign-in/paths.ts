/** The pages of an interaction: path segments below `/sign-in/<uid>`. */
export const stepNames = ['', 'cancel', 'sign-up', 'confirm', 'new-password', 'recover', 'reset', 'consent'] as const
export type StepName = (typeof stepNames)[number]

/** Path of an interaction's page below the issuer. */
export function stepPath(uid: string, name: StepName = ''): string {
  return name === '' ? `/sign-in/${uid}` : `/sign-in/${uid}/${name}`
}

const pattern = /^\/sign-in\/([A-Za-z0-9_-]{1,64})(?:\/([a-z-]{1,20}))?$/

/** The page that a path below the issuer means; undefined: none. */
export function parseStepPath(path: string): { readonly uid: string; readonly name: StepName } | undefined {
  const [, uid, given = ''] = pattern.exec(path) ?? []
  const name = stepNames.find((known) => known === given)
  return uid === undefined || name === undefined || path.endsWith('/') ? undefined : { uid, name }
}
