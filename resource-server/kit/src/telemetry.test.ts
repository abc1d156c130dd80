import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import {
  type Attributes,
  createNoopMeter,
  type Meter,
  metrics,
  type Span,
  type SpanOptions,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { createTestClock } from '@postern/core/testing'
import { createResourceServer } from './index.ts'
import { loadTelemetry, type OpenTelemetry, telemetry } from './telemetry.ts'
import { createFakeIssuer } from './testing/index.ts'

interface SeenSpan extends SpanOptions {
  readonly name: string
  status?: number
  endTime?: unknown
}

const spans: SeenSpan[] = []
const measured: { readonly name: string; readonly value: number; readonly attributes: Attributes | undefined }[] = []

/** As much of an SDK as the kit talks to, registered where the API looks for one. */
const tracer = {
  startSpan(name: string, options: SpanOptions = {}) {
    const span: SeenSpan = { name, ...options }
    spans.push(span)
    return {
      setStatus({ code }) {
        span.status = code
      },
      end(endTime) {
        span.endTime = endTime
      },
    } as Partial<Span> as Span
  },
} as Partial<Tracer> as Tracer
const instrument = (name: string) => (value: number, attributes?: Attributes) =>
  void measured.push({ name, value, attributes })
const meter = {
  createCounter: (name) => ({ add: instrument(name) }),
  createHistogram: (name) => ({ record: instrument(name) }),
} as Partial<Meter> as Meter

// The kit's own idea of the API fits the API.
trace satisfies OpenTelemetry['trace']
metrics satisfies OpenTelemetry['metrics']
createNoopMeter satisfies OpenTelemetry['createNoopMeter']

const resource = 'https://mcp.example/mcp'
const clock = createTestClock()
const issuer = await createFakeIssuer({ audience: resource, clock })
const rs = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }], requiredScopes: ['read'], clock })
await loadTelemetry()

after(async () => {
  rs.close()
  await issuer.close()
  trace.disable()
  metrics.disable()
})

async function ask(token: string): Promise<void> {
  await rs.authenticate(new Request(resource, { headers: { authorization: `Bearer ${token}` } }))
}

test('L6: a span, a count and a time for each decision, whenever the SDK came', async () => {
  await ask(issuer.mint())
  assert.equal(telemetry(), undefined, 'nobody listens, so nothing need be measured')
  trace.setGlobalTracerProvider({ getTracer: () => tracer })
  metrics.setGlobalMeterProvider({ getMeter: () => meter })
  assert.ok(telemetry() !== undefined)
  const before = Date.now()
  const good = issuer.mint({ jti: 'a-telling-id' })
  await ask(good)
  await ask(issuer.mint({ scope: 'other' }))
  await ask('not-a-token')
  issuer.fail('jwks', { status: 500 })
  await rs.reload()
  await ask(`${issuer.mint()}`)
  rs.close()
  await ask(good)

  assert.deepEqual(
    spans.map(({ name, attributes, status }) => [name, attributes, status]),
    [
      ['auth.verify', { 'auth.outcome': 'ok', 'auth.reason': 'ok' }, undefined],
      ['auth.verify', refused('insufficient_scope', 403), undefined],
      ['auth.verify', refused('malformed_token', 401), undefined],
      ['auth.verify', { 'auth.outcome': 'ok', 'auth.reason': 'ok' }, undefined],
      ['auth.verify', { ...refused('keys_unavailable', 503), 'auth.outcome': 'error' }, 2],
    ],
  )
  for (const { startTime, endTime } of spans) {
    assert.ok(typeof startTime === 'number' && typeof endTime === 'number')
    assert.ok(startTime >= before - 1000 && endTime >= startTime && endTime <= Date.now() + 1000)
  }
  const counts = measured.filter(({ name }) => name === 'auth.verifications')
  assert.deepEqual(
    counts.map(({ value, attributes }) => [value, attributes?.['auth.reason']]),
    [
      [1, 'ok'],
      [1, 'insufficient_scope'],
      [1, 'malformed_token'],
      [1, 'ok'],
      [1, 'keys_unavailable'],
    ],
  )
  const times = measured.filter(({ name }) => name === 'auth.verify.duration')
  assert.equal(times.length, 5)
  for (const { value } of times) assert.ok(value >= 0 && value < 5, `${value} s`)
  const everything = JSON.stringify([spans, measured])
  for (const secret of [good, 'user-1', 'client-1', 'a-telling-id', 'not-a-token', issuer.issuer, resource]) {
    assert.ok(!everything.includes(secret), secret)
  }
})

function refused(reason: string, status: number): Attributes {
  return { 'auth.outcome': 'refused', 'auth.reason': reason, 'http.response.status_code': status }
}

test('an SDK that throws decides nothing', async () => {
  trace.disable()
  trace.setGlobalTracerProvider({
    getTracer: () => {
      throw new Error('broken')
    },
  })
  const other = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }], clock })
  issuer.fail('jwks')
  const token = issuer.mint()
  const answer = await other.authenticate(new Request(resource, { headers: { authorization: `Bearer ${token}` } }))
  assert.ok(!(answer instanceof Response))
  other.close()
})

const withoutApi = `
import { registerHooks } from 'node:module'
let looked = 0
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('@opentelemetry/')) return next(specifier, context)
    looked += 1
    throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' })
  },
})
const { createResourceServer } = await import(process.argv[1])
if (looked !== 0) throw new Error('the API is imported before anybody needs it')
const options = { resource: 'https://mcp.example/mcp', apiKeys: [] }
for (let made = 0; made < 2; made += 1) createResourceServer(options)
const rs = createResourceServer(options)
await new Promise((resolve) => setImmediate(resolve))
const { status } = await rs.authenticate(new Request(options.resource))
console.log(JSON.stringify({ status, looked }))
`

test('where the API is not installed nothing is missed', async () => {
  const root = import.meta.resolve('./index.ts')
  const args = ['--input-type=module', '--eval', withoutApi, root]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  assert.deepEqual(JSON.parse(stdout), { status: 401, looked: 1 })
})
