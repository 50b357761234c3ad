/**
 * Gathers calls into batches: one call goes out at once, those that come while it is on its way go out together after it.
 * So a busy process makes few round trips, and an idle one waits for nobody.
 *
 * @param run answers a batch, in its order. Must be one statement: it happens as a whole or not at all.
 * @param most calls of one batch.
 */
export function createBatcher<Call, Answer>(
  run: (calls: readonly Call[]) => Promise<readonly Answer[]>,
  most: number,
): (call: Call) => Promise<Answer> {
  interface Waiting {
    readonly call: Call
    readonly answer: PromiseWithResolvers<Answer>
  }
  const waiting: Waiting[] = []
  let running = false

  const attempt = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const answers = await run(batch.map(({ call }) => call))
      for (const [index, { answer }] of batch.entries()) {
        if (index in answers) answer.resolve(answers[index] as Answer)
        else answer.reject(new Error(`a batch of ${batch.length} was given ${answers.length} answers`))
      }
    } catch (error) {
      // What the database refused as a whole did not happen, and may be the fault of one. Of anything else, such as a
      // connection that broke, nobody knows what happened: to ask again could be to do it twice.
      if (batch.length > 1 && wasRolledBack(error)) for (const one of batch) await attempt([one])
      else for (const { answer } of batch) answer.reject(error)
    }
  }

  const drain = async (): Promise<void> => {
    running = true
    // Calls that are made in the same turn of the event loop go together.
    await Promise.resolve()
    while (waiting.length > 0) await attempt(waiting.splice(0, most))
    running = false
  }

  return (call) => {
    const answer = Promise.withResolvers<Answer>()
    waiting.push({ call, answer })
    if (!running) void drain()
    return answer.promise
  }
}

/** PostgreSQL's own refusal of a statement, after which its connection goes on. */
function wasRolledBack(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR'
}
