/*
 * @opentelemetry/api as far as it is needed. Its types are not imported, so that whoever compiles against the kit need not
 * have it.
 */
export interface OpenTelemetry {
  readonly trace: { getTracerProvider(): TracerProvider }
  readonly metrics: { getMeterProvider(): MeterProvider }
  /** The meter that is there before an SDK is. */
  readonly createNoopMeter?: () => Meter
}

type Attributes = Record<string, string | number>

interface TracerProvider {
  getTracer(name: string): Tracer
}

/** The API's own provider, which stands for one of an SDK's and is there before it. */
interface ProxyTracerProvider {
  /** Undefined: there is no SDK. */
  getDelegateTracer(name: string): Tracer | undefined
}

interface Tracer {
  startSpan(name: string, options: { readonly startTime: number; readonly attributes: Attributes }): Span
}

interface Span {
  setStatus(status: { readonly code: number }): unknown
  end(endTime: number): void
}

interface MeterProvider {
  getMeter(name: string): Meter
}

interface InstrumentOptions {
  readonly description: string
  readonly unit: string
}

interface Meter {
  createCounter(name: string, options: InstrumentOptions): { add(value: number, attributes: Attributes): void }
  createHistogram(name: string, options: InstrumentOptions): { record(value: number, attributes: Attributes): void }
}

/** `SpanStatusCode.ERROR`. */
const errorStatus = 2

/** One decision, as telemetry tells it: nothing of the credential, its claims or its bearer. */
export interface Measured {
  readonly outcome: string
  readonly reason: string
  /** The HTTP status of a refusal. */
  readonly status?: number
}

/** Tells OpenTelemetry of a decision; the times are of `performance.now`. */
export type Measure = (decision: Measured, startedAt: number, endedAt: number) => void

let loading: Promise<void> | undefined
let listening: () => Measure | undefined = () => undefined

/** Looks, once, whether @opentelemetry/api is installed where the kit can see it. */
export function loadTelemetry(): Promise<void> {
  loading ??= importListening().then((found) => {
    listening = found ?? listening
  })
  return loading
}

/** What tells OpenTelemetry; undefined where it is absent, not known yet to be there, or has no SDK that would listen. */
export function telemetry(): Measure | undefined {
  return listening()
}

async function importListening(): Promise<typeof listening | undefined> {
  // A variable, so that no bundler takes the optional package for a required one.
  const specifier = '@opentelemetry/api'
  try {
    const module: unknown = await import(/* webpackIgnore: true */ /* @vite-ignore */ specifier)
    return isApi(module) ? createListening(module) : undefined
  } catch {
    return undefined
  }
}

function isApi(module: unknown): module is OpenTelemetry {
  return typeof module === 'object' && module !== null && 'trace' in module && 'metrics' in module
}

const name = '@postern/resource-server'

interface Instruments {
  readonly verifications: ReturnType<Meter['createCounter']>
  readonly duration: ReturnType<Meter['createHistogram']>
}

/**
 * Makes spans `auth.verify`, the counter `auth.verifications` and the histogram `auth.verify.duration` (seconds), by
 * outcome and reason. A span is made when the decision has fallen, with the times that it had, as a child of whatever
 * span is active. An SDK may come, go and come back; while there is none, nothing is measured. What OpenTelemetry throws
 * must not decide whether a request passes.
 */
export function createListening(api: OpenTelemetry): () => Measure | undefined {
  const currentTracer = followTracer(api)
  const currentInstruments = followInstruments(api)
  const measure: Measure = (decision, startedAt, endedAt) => {
    const { outcome, reason } = decision
    const attributes = { 'auth.outcome': outcome, 'auth.reason': reason }
    const instruments = currentInstruments()
    instruments?.verifications.add(1, attributes)
    instruments?.duration.record((endedAt - startedAt) / 1000, attributes)
    const span = currentTracer()?.startSpan('auth.verify', spanOptions(decision, attributes, startedAt))
    if (span !== undefined) finish(span, outcome, endedAt)
  }
  const safely: Measure = (decision, startedAt, endedAt) => {
    try {
      measure(decision, startedAt, endedAt)
    } catch {
      // Whoever cannot take measurements loses them.
    }
  }
  return () => {
    try {
      return currentTracer() === undefined && currentInstruments() === undefined ? undefined : safely
    } catch {
      return undefined
    }
  }
}

/** The SDK's tracer; undefined while there is none. */
function followTracer({ trace }: OpenTelemetry): () => Tracer | undefined {
  let known: { readonly provider: TracerProvider; readonly tracer: Tracer } | undefined
  return () => {
    const provider = trace.getTracerProvider()
    if (provider === known?.provider) return known.tracer
    if (isProxy(provider) && provider.getDelegateTracer(name) === undefined) return undefined
    known = { provider, tracer: provider.getTracer(name) }
    return known.tracer
  }
}

function isProxy(provider: TracerProvider | ProxyTracerProvider): provider is TracerProvider & ProxyTracerProvider {
  return 'getDelegateTracer' in provider
}

/** Instruments of the SDK's; undefined while there is none. */
function followInstruments({ metrics, createNoopMeter }: OpenTelemetry): () => Instruments | undefined {
  let known: { readonly provider: MeterProvider; readonly instruments: Instruments | undefined } | undefined
  return () => {
    const provider = metrics.getMeterProvider()
    if (provider !== known?.provider) {
      const meter = provider.getMeter(name)
      known = { provider, instruments: meter === createNoopMeter?.() ? undefined : createInstruments(meter) }
    }
    return known.instruments
  }
}

function createInstruments(meter: Meter): Instruments {
  return {
    verifications: meter.createCounter('auth.verifications', {
      description: 'Decisions about credentials, by outcome and reason',
      unit: '{decision}',
    }),
    duration: meter.createHistogram('auth.verify.duration', {
      description: 'Time that a decision took',
      unit: 's',
    }),
  }
}

// Read once: it never changes, and reading it costs more than a look-up of a token.
const { timeOrigin } = performance

function spanOptions(
  { status }: Measured,
  attributes: Attributes,
  startedAt: number,
): { readonly startTime: number; readonly attributes: Attributes } {
  const startTime = timeOrigin + startedAt
  if (status === undefined) return { startTime, attributes }
  return { startTime, attributes: { ...attributes, 'http.response.status_code': status } }
}

function finish(span: Span, outcome: string, endedAt: number): void {
  // A refusal is the check doing its work; only what should not happen is an error.
  if (outcome === 'error') span.setStatus({ code: errorStatus })
  span.end(timeOrigin + endedAt)
}
