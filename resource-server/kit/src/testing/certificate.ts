import { generateKeyPairSync, sign } from 'node:crypto'

/** A key with a self-signed certificate, for TLS in tests. */
export interface TestCertificate {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly cert: string
  readonly der: Uint8Array
}

/** Makes a self-signed certificate (X.509 v3, P-256) for a name, good until 2049. */
export function createCertificate(name: string): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = sequence(tlv(0x31, sequence(commonName, tlv(0x0c, Buffer.from(name)))))
  const validity = sequence(tlv(0x17, Buffer.from('200101000000Z')), tlv(0x17, Buffer.from('491231235959Z')))
  const version = tlv(0xa0, tlv(0x02, Buffer.of(2)))
  const serial = tlv(0x02, Buffer.of(1))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const tbs = sequence(version, serial, ecdsaWithSha256, subject, validity, subject, spki)
  const signature = tlv(0x03, Buffer.of(0), sign('sha256', tbs, privateKey))
  const der = sequence(tbs, ecdsaWithSha256, signature)
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    der: new Uint8Array(der),
  }
}

/** One DER value: tag, length, content. */
function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), body])
}

function sequence(...content: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...content)
}

/** 2.5.4.3 and 1.2.840.10045.4.3.2. */
const commonName = tlv(0x06, Buffer.of(0x55, 0x04, 0x03))
const ecdsaWithSha256 = sequence(tlv(0x06, Buffer.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02)))
