/** Whether refusals may say their reason, as `showErrorDetails` asks: not in production, where that is said once. */
export function mayShowReasons(): boolean {
  const isProduction = typeof process !== 'undefined' && process.env['NODE_ENV'] === 'production'
  if (isProduction) {
    console.warn('showErrorDetails has no effect in production; events and logs have the reasons of refusals')
  }
  return !isProduction
}
