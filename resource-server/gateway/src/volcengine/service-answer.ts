import type { Annotations, ApiKey, Service } from '../catalog/types.ts'
import { inboundAnswer } from './authorizers.ts'
import { placeOf, type VolcengineContext } from './context.ts'

function time(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

/** A service as the originals show one, with secrets only where there is a sealer. Endpoint and Path together are its URL. */
export function serviceAnswer(service: Service, keys: readonly ApiKey[], context: VolcengineContext) {
  const { NetworkConfiguration: _, ...annotations } = service.annotations ?? {}
  return {
    ...ownWords(service),
    ...(context.sealer === undefined ? withoutSecrets(annotations) : annotations),
    MCPServiceId: service.id,
    ...servedAnswer(service, context),
    InboundAuthorizerConfiguration: inboundAnswer(service, keys, context.sealer),
    ProtocolConfiguration: { ProtocolConvertConfiguration: converted(service) },
    FailedLogFileUrl: '',
  }
}

/** The context to show many with: secrets are shown to who asks for one, by Get. */
export function listing(context: VolcengineContext): VolcengineContext {
  return { ...context, sealer: undefined }
}

/** Without what the backend is started with and sent: `env`, `headers`, keys. */
export function withoutSecrets(annotations: Annotations): Annotations {
  const { BackendConfiguration: _, OutboundAuthorizerConfiguration: __, ...rest } = annotations
  return rest
}

/** What services and toolsets are shown with alike. */
export function servedAnswer(service: Service, { gatewayUrl }: Pick<VolcengineContext, 'gatewayUrl'>) {
  const place = placeOf(service.id)
  const isPlaced = service.path === place || service.path.startsWith(`${place}/`)
  const endpoint = isPlaced ? gatewayUrl + place : gatewayUrl
  const { NetworkConfiguration } = service.annotations ?? {}
  return {
    Name: service.name,
    Status: service.status,
    ...(service.statusReason === undefined ? {} : { StatusReason: service.statusReason }),
    Path: isPlaced ? service.path.slice(place.length) || '/' : service.path,
    ProjectName: service.projectName,
    NetworkConfigurations: [{ Endpoint: endpoint, NetworkType: 'public', ...vpc(NetworkConfiguration) }],
    CreatedAt: time(service.createdAt),
    UpdatedAt: time(service.updatedAt),
  }
}

/** Of a service that was made elsewhere, or of which nothing is kept. */
function ownWords({ backend }: Service) {
  const isRemote = backend.type === 'http' || backend.type === 'openapi'
  return {
    ProtocolType: backend.type === 'openapi' ? 'HTTP' : 'MCP',
    BackendType: isRemote ? 'Domain' : 'CustomPublic',
    BackendConfiguration: {},
    OutboundAuthorizerConfiguration: {},
    Tags: [] as unknown,
  }
}

function vpc(network: unknown) {
  const given = typeof network === 'object' && network !== null && 'VpcConfiguration' in network
  return given ? { VpcConfiguration: network.VpcConfiguration } : {}
}

/** The document that was given, from the backend: it is kept there alone. A text, as the originals' SDKs demand. */
function converted({ backend }: Service): string {
  if (backend.type !== 'openapi') return ''
  return typeof backend.document === 'string' ? backend.document : JSON.stringify(backend.document)
}
