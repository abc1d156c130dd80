import type { User } from '../../directory/types.ts'

/** The name by which a person knows the account. */
export function userNameOf({ id, preferredUsername, email, phoneNumber }: User): string {
  return preferredUsername ?? email ?? phoneNumber ?? id
}
