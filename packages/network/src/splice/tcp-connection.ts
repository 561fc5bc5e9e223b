import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Clock, Timer } from '@kemu/base'
import type { Place, PlaceChooser } from './place-chooser.ts'
import { Trial } from './tcp-trial.ts'
import type { HeldBytes, Loss } from './tcp-trial.ts'

/** How long each attempt to connect may take, by its number (upstream's user-space proxier: EndpointDialTimeouts). */
const dialTimeoutsMs = [250, 500, 1000, 2000]
/** When every endpoint refused: how long to wait for word of another one, which a rolling update sends within that. */
const changeWaitMs = 1000
/** A peer that vanished without a word is noticed after this idle time plus the kernel's probes. */
const keepAliveMs = 60_000

/**
 * One client's connection. Until the endpoint answers it can be moved to another endpoint, invisibly: when the endpoint
 * refuses, does not answer, or resets the connection before its first byte while it held nothing but unread data (a
 * server that stopped between the kernel's accept and its own). See docs/adr/0071.
 */
export class TcpConnection {
  readonly #client: Socket
  readonly #address: string
  readonly #chooser: PlaceChooser
  readonly #deps: { readonly clock: Clock }
  #tried: Place[] = []
  #attempts = 0
  #isDone = false

  constructor(client: Socket, chooser: PlaceChooser, deps: { readonly clock: Clock }) {
    this.#client = client
    this.#address = plainAddress(client.remoteAddress ?? '')
    this.#chooser = chooser
    this.#deps = deps
    client.on('error', () => this.#abandon())
    client.on('close', () => (this.#isDone = true))
    client.setKeepAlive(true, keepAliveMs)
    if (chooser.admits(this.#address)) this.#dial(undefined)
    else this.#abandon()
  }

  #dial(held: HeldBytes | undefined): void {
    if (this.#isDone) return
    const place = this.#chooser.choose(this.#address, this.#tried)
    if (!place) return this.#waitForChange(held)
    this.#tried.push(place)
    const timeoutMs = dialTimeoutsMs[Math.min(this.#attempts++, dialTimeoutsMs.length - 1)]!
    const upstream = connect({
      host: place.address,
      port: place.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    })
    const failed = (): void => {
      timer.cancel()
      this.#client.off('close', failed)
      upstream.off('connect', connected).on('error', ignore).destroy()
      this.#dial(held)
    }
    const connected = (): void => {
      timer.cancel()
      upstream.off('error', failed)
      this.#client.off('close', failed)
      this.#chooser.connected(this.#address, place)
      this.#splice(upstream, held)
    }
    const timer: Timer = this.#deps.clock.setTimer(timeoutMs, failed)
    upstream.once('error', failed).once('connect', connected)
    this.#client.once('close', failed)
  }

  /** Everybody refused. Where the endpoints change soon the client does not have to know. */
  #waitForChange(held: HeldBytes | undefined): void {
    if (this.#attempts >= dialTimeoutsMs.length) return this.#abandon()
    const again = (): void => {
      timer.cancel()
      takeBack()
      this.#tried = []
      this.#dial(held)
    }
    const giveUp = (): void => {
      takeBack()
      this.#abandon()
    }
    const takeBack = this.#chooser.onceChanged(again)
    const timer = this.#deps.clock.setTimer(changeWaitMs, giveUp)
    this.#client.once('close', () => {
      timer.cancel()
      takeBack()
    })
  }

  #splice(upstream: Socket, held: HeldBytes | undefined): void {
    const trial = new Trial(this.#client, upstream, held, {
      clock: this.#deps.clock,
      onLost: (loss) => {
        this.#client.off('close', end)
        upstream.destroy()
        this.#recover(loss)
      },
    })
    const end = (hadError: boolean): void => {
      trial.close()
      if (hadError) upstream.resetAndDestroy()
      else upstream.destroy()
    }
    this.#client.once('close', end)
  }

  #recover(loss: Loss): void {
    switch (loss.kind) {
      case 'unread':
        return this.#dial(loss.held)
      case 'closed at once':
        // Where every endpoint does that, it is the service's way.
        if (this.#chooser.choose(this.#address, this.#tried)) return this.#dial(loss.held)
        this.#isDone = true
        return void this.#client.resume().end()
      case 'broken':
        return this.#abandon()
    }
  }

  /** The client sees a reset: what a refused or lost connection looks like. */
  #abandon(): void {
    if (this.#client.destroyed) return
    this.#isDone = true
    this.#client.resetAndDestroy()
  }
}

function ignore(): void {
  // The attempt is over; its late error says nothing new.
}

/** A dual-stack socket shows an IPv4 peer as ::ffff:10.0.0.1. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
