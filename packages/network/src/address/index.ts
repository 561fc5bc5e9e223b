/** Address arithmetic: IP addresses and blocks as numbers, host:port texts, and the ports that a user may bind. */
export * from './address-lookup.ts'
export * from './cidr.ts'
export * from './host-port.ts'
export * from './ip-address.ts'
export * from './port-floor.ts'
