const p = 2n ** 255n - 19n
const orderEight = 0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n

// The y-coordinates of the points whose order divides eight.
const smallOrder = new Set([0n, 1n, p - 1n, orderEight, p - orderEight])

/** Is an Ed25519 public key canonical (RFC 8032 §5.1.3) and not one of the few points under which everything verifies? */
export function isSoundEd25519(point: Uint8Array): boolean {
  let y = 0n
  for (let index = 31; index >= 0; index -= 1) {
    const mask = index === 31 ? 0x7f : 0xff // the top bit is the sign of x
    y = (y << 8n) | BigInt((point[index] ?? 0) & mask)
  }
  return y < p && !smallOrder.has(y)
}
