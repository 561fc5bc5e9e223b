/** For tests of other packages: network namespaces of their own. */
export { NetworkNamespace } from './network-namespace.ts'
