import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProcessMetrics, createMetrics } from './metrics.ts'

test('each server has a registry of its own', async () => {
  const a = createMetrics('idp')
  const b = createMetrics('gateway')
  a.adminRefused.inc()
  assert.match(await a.registry.metrics(), /postern_admin_refused_total\{server="idp"\} 1/)
  assert.match(await b.registry.metrics(), /postern_admin_refused_total\{server="gateway"\} 0/)
})

test('process metrics are added on request', async () => {
  const metrics = createMetrics('idp')
  assert.doesNotMatch(await metrics.registry.metrics(), /process_cpu/)
  addProcessMetrics(metrics)
  assert.match(await metrics.registry.metrics(), /process_cpu_seconds_total/)
})
