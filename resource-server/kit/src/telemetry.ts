/*
 * @opentelemetry/api as far as it is needed. Its types are not imported, so that whoever compiles against the kit need not
 * have it.
 */
export interface OpenTelemetry {
  readonly trace: { getTracer(name: string): Tracer }
  readonly metrics: { getMeterProvider(): MeterProvider }
}

type Attributes = Record<string, string | number>

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
export interface Measurement {
  readonly outcome: string
  readonly reason: string
  /** The HTTP status of a refusal. */
  readonly status?: number
  /** Of `performance.now`. */
  readonly startedAt: number
  readonly endedAt: number
}

/** Tells OpenTelemetry of a decision. */
export type Measure = (measurement: Measurement) => void

let loading: Promise<void> | undefined
let measure: Measure | undefined

/** Looks, once, whether @opentelemetry/api is installed where the kit can see it. */
export function loadTelemetry(): Promise<void> {
  loading ??= importMeasure().then((found) => {
    measure = found
  })
  return loading
}

/** What tells OpenTelemetry; undefined where it is absent, or not known yet to be there. */
export function telemetry(): Measure | undefined {
  return measure
}

async function importMeasure(): Promise<Measure | undefined> {
  // A variable, so that no bundler takes the optional package for a required one.
  const specifier = '@opentelemetry/api'
  try {
    const module: unknown = await import(/* webpackIgnore: true */ /* @vite-ignore */ specifier)
    return isApi(module) ? createMeasure(module) : undefined
  } catch {
    return undefined
  }
}

function isApi(module: unknown): module is OpenTelemetry {
  return typeof module === 'object' && module !== null && 'trace' in module && 'metrics' in module
}

const name = '@postern/resource-server'

interface Instruments {
  readonly provider: MeterProvider
  readonly verifications: ReturnType<Meter['createCounter']>
  readonly duration: ReturnType<Meter['createHistogram']>
}

/**
 * Makes spans `auth.verify`, the counter `auth.verifications` and the histogram `auth.verify.duration` (seconds), by
 * outcome and reason. A span is made when the decision has fallen, with the times that it had, as a child of whatever
 * span is active. What OpenTelemetry throws must not decide whether a request passes.
 */
export function createMeasure(api: OpenTelemetry): Measure {
  const tracer = api.trace.getTracer(name)
  let instruments: Instruments | undefined
  // A meter of before an SDK was registered stays deaf, so it is made anew for another provider.
  const current = (): Instruments => {
    const provider = api.metrics.getMeterProvider()
    if (instruments?.provider !== provider) instruments = createInstruments(provider)
    return instruments
  }
  return (measurement) => {
    try {
      const { outcome, reason, startedAt, endedAt } = measurement
      const attributes = { 'auth.outcome': outcome, 'auth.reason': reason }
      const { verifications, duration } = current()
      verifications.add(1, attributes)
      duration.record((endedAt - startedAt) / 1000, attributes)
      trace(tracer, measurement, attributes)
    } catch {
      // Whoever cannot take measurements loses them.
    }
  }
}

function createInstruments(provider: MeterProvider): Instruments {
  const meter = provider.getMeter(name)
  return {
    provider,
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

function trace(tracer: Tracer, { outcome, status, startedAt, endedAt }: Measurement, attributes: Attributes): void {
  const span = tracer.startSpan('auth.verify', {
    startTime: performance.timeOrigin + startedAt,
    attributes: { ...attributes, ...(status === undefined ? {} : { 'http.response.status_code': status }) },
  })
  // A refusal is the check doing its work; only what should not happen is an error.
  if (outcome === 'error') span.setStatus({ code: errorStatus })
  span.end(performance.timeOrigin + endedAt)
}
