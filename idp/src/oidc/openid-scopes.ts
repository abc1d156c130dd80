/** The claims of people by the scope that releases them (OpenID Connect Core §5.4). */
export const claimsByScope = {
  openid: ['sub', 'groups'],
  profile: [
    'name',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
}

const names: ReadonlySet<string> = new Set(Object.keys(claimsByScope))

/** The scopes that stand beside those of a resource: they release claims, and need no grant of an administrator. */
export const openIdScopes: readonly string[] = [...names]

export function isOpenIdScope(name: string): boolean {
  return names.has(name)
}
