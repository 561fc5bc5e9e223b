/** A TCP connection carried by this process to one of several places: the next one when one fails before its answer. */
export type { Place, PlaceChooser } from './place-chooser.ts'
export { TcpConnection } from './tcp-connection.ts'
