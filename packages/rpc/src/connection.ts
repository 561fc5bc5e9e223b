interface Inner {
  readonly nextCall?: Inner
  readonly stream?: { readonly session?: object }
}

/**
 * The connection that a call came by, as a key for what is known of it (its certificate, for one:
 * reading that anew costs more than a small call). Undefined where grpc-js does not let it be seen.
 */
export function connectionOf(call: object): object | undefined {
  let inner = (call as { readonly call?: Inner }).call
  while (inner?.nextCall) inner = inner.nextCall
  return inner?.stream?.session
}
