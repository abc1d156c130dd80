import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Role = 'idp' | 'gateway'

export interface Metrics {
  readonly registry: Registry
  /** Management and health requests. `route` is the route's pattern, never the path itself. */
  readonly requests: Histogram<'method' | 'route' | 'status'>
  readonly events: Counter<'kind' | 'outcome' | 'reason'>
  /** Events that never reached the database: the buffer was full, or it could not be written. */
  readonly eventsDropped: Counter<'why'>
  readonly eventBuffer: Gauge
  /** Time that a batch of events took to be written. */
  readonly eventFlush: Histogram
  readonly adminRefused: Counter
}

/** The metrics that both servers have. Labels come from closed sets only. A server adds its own to `registry`. */
export function createMetrics(role: Role): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ server: role })
  const registers = [registry]
  return {
    registry,
    requests: new Histogram({
      name: 'postern_http_request_seconds',
      help: 'Management and health requests',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    events: new Counter({
      name: 'postern_events_total',
      help: 'Decisions recorded',
      labelNames: ['kind', 'outcome', 'reason'],
      registers,
    }),
    eventsDropped: new Counter({
      name: 'postern_events_dropped_total',
      help: 'Events that were not stored',
      labelNames: ['why'],
      registers,
    }),
    eventBuffer: new Gauge({ name: 'postern_events_buffered', help: 'Events that wait to be stored', registers }),
    eventFlush: new Histogram({
      name: 'postern_events_flush_seconds',
      help: 'Time to store a batch of events',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
      registers,
    }),
    adminRefused: new Counter({
      name: 'postern_admin_refused_total',
      help: 'Management requests with no or a wrong admin token',
      registers,
    }),
  }
}

/** Adds the process's own metrics (memory, event loop, garbage collection): for `main`, not for tests. */
export function addProcessMetrics(metrics: Metrics): void {
  collectDefaultMetrics({ register: metrics.registry })
}
