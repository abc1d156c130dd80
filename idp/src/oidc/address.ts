export { networkOf } from '../directory/network.ts'
