import { testKitOn } from './kit-on-node.ts'

testKitOn(24)
