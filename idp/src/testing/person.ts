import { type Browser, createBrowser, type Visit } from '../oidc/test-browser.ts'
import { type Form, formsOf } from '../sign-in/test-forms.ts'

/** What a person signs in with. */
export interface Credentials {
  /** Username, email or phone number. */
  readonly name: string
  readonly password: string
}

const mostPages = 8

/**
 * Does what a person at a browser does with an authorization request or a device's link: opens it, signs in, and says
 * yes to whatever is asked.
 *
 * @param origin of the provider
 * @returns where the browser ends: at the client's redirect URI, or on a page of the provider with nothing to answer
 */
export async function approveAs(origin: string, url: string, person: Credentials): Promise<URL> {
  const browser = createBrowser(origin)
  let visit = await browser.follow(url)
  for (let pages = 0; pages < mostPages; pages += 1) {
    if (visit.location !== undefined) return new URL(visit.location)
    const next = await answer(browser, visit, person)
    if (next === undefined) return new URL(visit.url)
    visit = next
  }
  throw new Error(`there is no end to the questions at ${visit.url}`)
}

async function answer(browser: Browser, visit: Visit, person: Credentials): Promise<Visit | undefined> {
  const form = formsOf(visit).find((one) => yesTo(one, person) !== undefined)
  const fields = form && yesTo(form, person)
  if (form === undefined || fields === undefined) {
    if (visit.status >= 400) throw new Error(`${visit.url} answered ${visit.status}: ${titleOf(visit.text)}`)
    return undefined
  }
  if (visit.status >= 400) throw new Error(`${person.name} cannot sign in: ${titleOf(visit.text)} (${visit.status})`)
  return await browser.follow(form.action, { ...form.fields, ...fields })
}

/** The fields by which a form is answered with yes; undefined for one that asks nothing of the kind. */
function yesTo({ names, buttons }: Form, { name, password }: Credentials): Record<string, string> | undefined {
  if (names.has('username') && names.has('password')) return { username: name, password }
  const yes = buttons.find(
    (button) =>
      (button.name === 'decision' && button.value === 'allow') ||
      ((button.name === 'confirm' || button.name === 'logout') && button.value === 'yes'),
  )
  if (yes?.name !== undefined) return { [yes.name]: yes.value }
  return names.has('user_code') ? {} : undefined
}

function titleOf(page: string): string {
  return /<title>([^<]*)<\/title>/.exec(page)?.[1] ?? page.slice(0, 200)
}
