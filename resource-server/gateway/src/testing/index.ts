export { type Gateway, type StartGatewayOptions, startGateway, type TestService } from './start-gateway.ts'
