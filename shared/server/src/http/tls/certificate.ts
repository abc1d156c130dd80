import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { isIP } from 'node:net'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
} from '@peculiar/asn1-x509'
import type { NameRanges } from './name-ranges.ts'

/** A certificate and its key, both PEM. */
export interface Issued {
  readonly certificate: string
  readonly key: string
}

/** When a certificate holds; epoch milliseconds. */
export interface Period {
  readonly from: number
  readonly to: number
}

const commonName = '2.5.4.3'
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'

/** A self-signed authority (RFC 5280) which can sign server certificates for nothing but these names. */
export function makeAuthority(ranges: NameRanges, period: Period): Issued {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const identifier = keyIdentifier(pair.publicKey)
  const name = nameOf(`Postern local authority ${Buffer.from(identifier).toString('hex').slice(0, 8)}`)
  const extensions = [
    critical(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
    critical(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign)),
    critical(id_ce_nameConstraints, constraintsOf(ranges)),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(identifier)),
  ]
  const body = { issuer: name, subject: name, publicKey: pair.publicKey, period, extensions }
  return { certificate: signed(body, pair.privateKey), key: pemOf(pair.privateKey) }
}

/** A server's certificate for names and addresses, signed by an authority. */
export function makeLeaf(authority: Issued, hosts: readonly string[], period: Period): Issued {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuerKey = createPrivateKey(authority.key)
  const extensions = [
    critical(id_ce_basicConstraints, new BasicConstraints()),
    critical(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature)),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_subjectAltName, new SubjectAlternativeName(hosts.map(generalName))),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(pair.publicKey))),
    extension(id_ce_authorityKeyIdentifier, issuerIdentifier(issuerKey)),
  ]
  const issuer = parseCertificate(authority.certificate).tbsCertificate.subject
  const body = { issuer, subject: nameOf('Postern'), publicKey: pair.publicKey, period, extensions }
  return { certificate: signed(body, issuerKey), key: pemOf(pair.privateKey) }
}

/** The names that an authority of ours can sign for; undefined where it says nothing of the kind. */
export function rangesOf(certificate: string): NameRanges | undefined {
  const found = parseCertificate(certificate).tbsCertificate.extensions?.find(
    ({ extnID }) => extnID === id_ce_nameConstraints,
  )
  if (found === undefined) return undefined
  const { permittedSubtrees = [] } = AsnConvert.parse(found.extnValue.buffer, NameConstraints)
  const bases = [...permittedSubtrees].map(({ base }) => base)
  return {
    domains: bases.flatMap(({ dNSName }) => dNSName ?? []),
    subnets: bases.flatMap(({ iPAddress }) => iPAddress ?? []),
  }
}

interface Body {
  readonly issuer: Name
  readonly subject: Name
  readonly publicKey: KeyObject
  readonly period: Period
  readonly extensions: readonly Extension[]
}

function signed({ issuer, subject, publicKey, period, extensions }: Body, key: KeyObject): string {
  const algorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 })
  const tbsCertificate = new TBSCertificate({
    version: 2,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer,
    subject,
    validity: new Validity({ notBefore: new Date(period.from), notAfter: new Date(period.to) }),
    subjectPublicKeyInfo: publicKeyInfo(publicKey),
    extensions: new Extensions([...extensions]),
  })
  const signature = sign('sha256', new Uint8Array(AsnConvert.serialize(tbsCertificate)), key)
  const whole = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: new Uint8Array(signature).buffer,
  })
  return toPem(AsnConvert.serialize(whole))
}

/** 126 bits that nobody foresees; never negative, never zero, never shorter (RFC 5280 section 4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.buffer
}

function nameOf(text: string): Name {
  const attribute = new AttributeTypeAndValue({ type: commonName })
  attribute.value.utf8String = text
  return new Name([new RelativeDistinguishedName([attribute])])
}

function constraintsOf({ domains, subnets }: NameRanges): NameConstraints {
  const bases = [
    ...domains.map((dNSName) => new GeneralName({ dNSName })),
    ...subnets.map((iPAddress) => new GeneralName({ iPAddress })),
  ]
  const permittedSubtrees = new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base })))
  return new NameConstraints({ permittedSubtrees })
}

function generalName(host: string): GeneralName {
  return new GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host })
}

function extension(extnID: string, value: unknown): Extension {
  return new Extension({ extnID, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

function critical(extnID: string, value: unknown): Extension {
  const made = extension(extnID, value)
  made.critical = true
  return made
}

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo)
}

/** RFC 5280 section 4.2.1.2, the first method. */
function keyIdentifier(key: KeyObject): ArrayBuffer {
  const digest = createHash('sha1')
    .update(new Uint8Array(publicKeyInfo(key).subjectPublicKey))
    .digest()
  return new Uint8Array(digest).buffer
}

function issuerIdentifier(key: KeyObject): AuthorityKeyIdentifier {
  return new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(createPublicKey(key))) })
}

function parseCertificate(pem: string): Certificate {
  return AsnConvert.parse(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'), Certificate)
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function toPem(der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
