import type { FieldError } from '@postern/server'
import type { SignInAttribute } from '../../directory/types.ts'
import { type Html, html } from '../html/html.ts'
import type { Wording } from '../language/wording.ts'
import { noticePage } from '../pages/card.ts'
import { passwordRule } from '../pages/password-rule.ts'
import { type SignUpModel, signUpPage } from '../pages/sign-up-page.ts'
import type { StepOf } from '../step-cookie.ts'
import { type Fields, finishSignIn, type Reply, type StepPage, type Visit } from '../visit.ts'
import { typedName } from './typed.ts'
import { waitReply } from './waiting.ts'

type Problems = SignUpModel['problems']

/** What the directory calls the attributes. */
const keys = { preferred_username: 'preferredUsername', email: 'email', phone_number: 'phoneNumber' } as const
type Key = (typeof keys)[SignInAttribute]

export const signUp: StepPage = {
  prompt: 'login',
  async show(visit) {
    if (!visit.accounts.offers(visit.exchange.opened.pool).signUp) return off(visit)
    return { kind: 'page', html: render(visit, {}, {}) }
  },
  async take(visit, fields) {
    const { accounts, exchange, interaction, frame } = visit
    const { address, requestId } = exchange
    const attributes = attributesOf(visit, fields)
    const password = fields['password'] ?? ''
    const result = await accounts.signUp(interaction.poolId, { attributes, password, address, requestId })
    switch (result.outcome) {
      case 'ok':
        return finishSignIn(visit, result.user.id, false)
      case 'code_sent':
        return { kind: 'go', to: 'confirm', step: confirmStep(visit, attributes) }
      case 'invalid': {
        const problems = problemsOf(visit, result.errors)
        const alert = Object.keys(problems).length === 0 ? frame.wording.say('problem.invalid') : undefined
        return { kind: 'page', html: render(visit, fields, problems, alert), status: 400 }
      }
      case 'wait':
        return waitReply(visit, result, (alert) => render(visit, fields, {}, alert))
      case 'off':
        return off(visit)
    }
  },
}

function off({ frame }: Visit): Reply {
  const { wording, brand } = frame
  const text = html`<p>${wording.say('signUp.offText', { pool: brand.name })}</p>`
  return { kind: 'page', html: noticePage(frame, wording.say('signUp.off'), text), status: 403 }
}

const reachable: readonly SignInAttribute[] = ['email', 'phone_number']

/** What has to be given, then what one may sign in with besides; and where a code can go, if it needs to go somewhere. */
function attributesAsked({ exchange }: Visit): SignInAttribute[] {
  const { requiredSignUpAttributes, signInAttributes, signUpAutoVerificationEnabled } = exchange.opened.pool
  const asked = new Set([...requiredSignUpAttributes, ...signInAttributes])
  if (!signUpAutoVerificationEnabled && reachable.every((attribute) => !asked.has(attribute))) asked.add('email')
  return [...asked]
}

/** Where the code can go; without one, by what the person can sign in. One of these has to be given. */
function choiceOf({ exchange }: Visit, asked: readonly SignInAttribute[]): SignInAttribute[] {
  const { signInAttributes, signUpAutoVerificationEnabled } = exchange.opened.pool
  const choice = signUpAutoVerificationEnabled ? signInAttributes : reachable
  return asked.filter((attribute) => choice.includes(attribute))
}

/** What has to be given whatever else is. */
function attributesRequired(visit: Visit, asked: readonly SignInAttribute[]): ReadonlySet<SignInAttribute> {
  const { requiredSignUpAttributes, signInAttributes } = visit.exchange.opened.pool
  const only = [choiceOf(visit, asked), signInAttributes].filter(({ length }) => length === 1)
  return new Set([...requiredSignUpAttributes, ...only.flat()])
}

type Attributes = Readonly<Partial<Record<Key, string>>>

function attributesOf(visit: Visit, fields: Fields): Attributes {
  const given = attributesAsked(visit).map((attribute) => [keys[attribute], typedName(fields, attribute)])
  return Object.fromEntries(given.filter(([, value]) => value !== ''))
}

/** The code goes to the email address before the phone number; the account is known by what one may sign in with. */
function confirmStep({ exchange }: Visit, { email, phoneNumber, preferredUsername }: Attributes): StepOf<'confirm'> {
  const { signInAttributes } = exchange.opened.pool
  const sentTo = email ?? phoneNumber ?? ''
  const isName = signInAttributes.includes(email === undefined ? 'phone_number' : 'email')
  return { kind: 'confirm', name: isName ? sentTo : (preferredUsername ?? sentTo), sentTo }
}

function problemsOf({ frame, exchange }: Visit, errors: readonly FieldError[]): Problems {
  const rule = passwordRule(frame.wording, exchange.opened.pool.passwordPolicy)
  const problems: Partial<Record<SignInAttribute | 'password', string>> = {}
  for (const { field, code } of errors) {
    const name = fieldNamed(field)
    if (name !== undefined) problems[name] ??= problemText(frame.wording, name, code, rule)
  }
  return problems
}

function fieldNamed(field: string): SignInAttribute | 'password' | undefined {
  if (field === 'password') return field
  return (['preferred_username', 'email', 'phone_number'] as const).find((attribute) => keys[attribute] === field)
}

function problemText(
  wording: Wording,
  name: SignInAttribute | 'password',
  code: FieldError['code'],
  rule: string,
): string {
  if (code === 'required') return wording.say('problem.missing')
  if (code === 'too_long') return wording.say('problem.too_long')
  return name === 'password' ? wording.say('problem.password', { rule }) : wording.say(`problem.${name}`)
}

function render(visit: Visit, fields: Fields, problems: Problems, alert?: string): Html {
  const { frame, interaction, exchange, href } = visit
  const { passwordPolicy } = exchange.opened.pool
  const asked = attributesAsked(visit)
  const required = attributesRequired(visit, asked)
  const choice = choiceOf(visit, asked)
  return signUpPage(frame, {
    csrf: interaction.csrf,
    action: href('sign-up'),
    signInPath: href(),
    clientName: interaction.client.name,
    fields: asked.map((attribute) => ({
      attribute,
      value: typedName(fields, attribute),
      isRequired: required.has(attribute),
    })),
    atLeastOne: choice.some((attribute) => required.has(attribute)) ? [] : choice,
    policy: passwordPolicy,
    problems,
    alert,
  })
}
