import type { Query, Reply } from '../wire/message.ts'
import type { ClusterView } from './cluster-view.ts'

/** Names that nobody has heard of must not fill the memory: all is forgotten when so many answers are kept. */
const capacity = 2000

/**
 * Answers by question, for as long as nothing that the view shows has changed. The same question gets the same object,
 * so its bytes need not be written again either (`encodeReply`).
 */
export class AnswerMemory {
  readonly #view: Pick<ClusterView, 'version'>
  readonly #replies = new Map<string, Reply>()
  #version = 0

  constructor(view: Pick<ClusterView, 'version'>) {
    this.#view = view
  }

  get(query: Query): Reply | undefined {
    if (this.#version !== this.#view.version) {
      this.#replies.clear()
      this.#version = this.#view.version
    }
    return this.#replies.get(keyOf(query))
  }

  /** To be called in the same turn as the `get` that had nothing: else the view may have changed. */
  keep(query: Query, reply: Reply): void {
    if (this.#replies.size >= capacity) this.#replies.clear()
    this.#replies.set(keyOf(query), reply)
  }
}

/** Owner names of answers keep the question's spelling. */
function keyOf({ question }: Query): string {
  return `${question.type} ${question.name}`
}
