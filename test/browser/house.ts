import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Idp, startIdp } from '@postern/idp/testing'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { chromiumPath } from './chromium.ts'
import { authorizationUrl, type ClientApp, openClientApp } from './client-app.ts'

export const password = 'Analytical-1843'
export const mcp = 'https://mcp.example/mcp'

/** A provider, a client, and a browser in which every page is looked at. */
export interface House {
  readonly idp: Idp
  readonly app: ClientApp
  pool(settings?: Readonly<Record<string, unknown>>): Promise<HousePool>
  window(options?: BrowserContextOptions): Promise<Window>
  close(): Promise<void>
}

export interface HousePool {
  readonly id: string
  readonly issuer: string
  readonly clientId: string
  addUser(user: Readonly<Record<string, unknown>>): Promise<void>
  codeFor(to: string): Promise<string>
  /** Where the client sends the browser. */
  start(params?: Readonly<Record<string, string>>): string
}

export interface Window {
  readonly context: BrowserContext
  readonly page: Page
  /** Looks at the page as it is: rules of accessibility in light and dark, what the browser complains about. */
  look(name: string): Promise<void>
  /** What the browser complained about on pages of the provider. */
  readonly complaints: readonly string[]
}

/** Where pictures of all pages go, for people to look at; without it none are taken. */
const pictures = process.env['POSTERN_PICTURES']
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** @param env settings of the provider */
export async function openHouse(env: Readonly<Record<string, string>> = {}): Promise<House> {
  assert.ok(chromiumPath)
  const browser = await chromium.launch({ executablePath: chromiumPath, args: sandbox() })
  const idp = await startIdp({ env })
  const app = await openClientApp()
  return {
    idp,
    app,
    pool: (settings = {}) => createHousePool(idp, app, settings),
    window: (options = {}) => openWindow(browser, idp.url, options),
    async close() {
      await browser.close()
      await app.close()
      await idp.close()
    },
  }
}

/** Chromium refuses to run as root with its sandbox, which is how it runs in most containers. */
function sandbox(): string[] {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : []
}

async function manage({ url, adminToken }: Idp, method: string, path: string, body?: unknown) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}

async function createHousePool(idp: Idp, app: ClientApp, settings: Readonly<Record<string, unknown>>) {
  const pool = await idp.createPool({
    name: `Staff ${Math.random().toString(36).slice(2)}`,
    brand: { name: 'Northwind Staff' },
    signInAttributes: ['email'],
    selfSignUpEnabled: true,
    resources: [
      {
        identifier: mcp,
        name: 'Tickets',
        scopes: [
          { name: 'tickets:read', description: 'Read your tickets' },
          { name: 'tickets:write', description: 'Create and change tickets in your name' },
        ],
      },
    ],
    ...settings,
  })
  const { clientId } = await pool.createClient({
    name: 'Notebook',
    clientType: 'MOBILE_APPLICATION',
    redirectUris: [app.callback],
    postLogoutRedirectUris: [`${app.origin}/signed-out`],
    grantTypes: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  })
  return {
    id: pool.id,
    issuer: pool.issuer,
    clientId,
    async addUser(user: Readonly<Record<string, unknown>>) {
      await manage(idp, 'POST', `/user-pools/${pool.id}/users`, { password, status: 'CONFIRMED', ...user })
    },
    async codeFor(to: string) {
      const { items } = await manage(idp, 'GET', `/outbox?poolId=${pool.id}`)
      const message = items.find((item: { readonly to: string }) => item.to === to)
      assert.ok(message, `no message to ${to}`)
      return String(message.code)
    },
    start: (params: Readonly<Record<string, string>> = {}) =>
      authorizationUrl(pool.issuer, {
        client_id: clientId,
        redirect_uri: app.callback,
        scope: 'openid tickets:read',
        ...params,
      }),
  }
}

async function openWindow(browser: Browser, origin: string, options: BrowserContextOptions): Promise<Window> {
  const usual = { locale: 'en-GB', viewport: { width: 1000, height: 760 } } as const
  const context = await browser.newContext({ ...usual, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    const { url } = message.location()
    // Chromium reports every answer of 400 and above as an error; refusals are such answers.
    const isStatus = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && url.startsWith(origin) && !isStatus) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { context, page, complaints, look: (name) => look(page, name, complaints) }
}

async function look(page: Page, name: string, complaints: readonly string[]): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    // Without motion: colours that are still on their way fail rules of contrast.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    if (pictures) await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`), fullPage: true })
    await page.evaluate(axe)
    const found = await page.evaluate('axe.run({ resultTypes: ["violations"] })')
    assert.deepEqual(violationsOf(found), [], `${name} in ${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  const isTooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
  assert.equal(await page.evaluate(isTooWide), false, `${name} scrolls sideways`)
  assert.deepEqual(complaints, [], name)
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[]
}

function violationsOf(found: unknown): string[] {
  return (found as AxeResult).violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}
