import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createStream } from './stream.ts'

/** An event, as far as a stream looks at it. */
const event = (seq: number, generation_id: string) => ({ seq, generation_id, type: 'segment' }) as const

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('commit' as const), to: fc.constantFrom('a', 'b') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), most: fc.integer({ min: 1, max: 100 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('follow' as const), who: fc.nat({ max: 3 }) }) },
)

test('whatever comes while it follows, however slowly, each follower is given each event of its topic once and in order', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 150 }),
      fc.array(fc.nat({ max: 150 }), { minLength: 4, maxLength: 4 }),
      fc.array(step, { minLength: 50, maxLength: 600 }),
      (history, places, steps) => {
        const committed = Array.from({ length: history }, (_, index) => event(index + 1, index % 3 ? 'a' : 'b'))
        const stream = createStream<(typeof committed)[number]>(history)
        const followers = places.map((place, index) => {
          const topic = index % 2 === 0 ? 'generations' : 'a'
          const after = Math.min(place, history)
          return { topic, after, follower: stream.join(topic, after), given: [] as number[] }
        })
        const isOn = (topic: string, id: string) => topic === 'generations' || topic === id
        /** What a feed does for one who asks for the next event, a batch of three at most from the database. */
        const follow = ({ topic, follower, given }: (typeof followers)[number]): boolean => {
          if (!follower.isBehind) {
            const next = follower.shift()
            if (next) given.push(next.seq)
            return next !== undefined
          }
          const rows = committed
            .filter(({ seq, generation_id }) => seq > follower.seen && isOn(topic, generation_id))
            .slice(0, 3)
          given.push(...rows.map(({ seq }) => seq))
          const last = rows.at(-1)?.seq ?? follower.seen
          follower.catchUp(rows.length < 3 ? Math.max(last, stream.head) : last)
          return true
        }
        const read = (most: number) => {
          for (const next of committed.filter(({ seq }) => seq > stream.head).slice(0, most)) stream.take(next)
        }
        for (const one of steps) {
          if (one.kind === 'commit') committed.push(event(committed.length + 1, one.to))
          if (one.kind === 'read') read(one.most)
          const follower = one.kind === 'follow' ? followers[one.who] : undefined
          if (follower) follow(follower)
        }
        read(committed.length)
        for (const one of followers) {
          while (follow(one));
          expect(one.given).toEqual(
            committed
              .filter(({ seq, generation_id }) => seq > one.after && isOn(one.topic, generation_id))
              .map(({ seq }) => seq),
          )
        }
      },
    ),
  )
})

test('who has left is given nothing more', () => {
  const stream = createStream<ReturnType<typeof event>>(0)
  const follower = stream.join('a', 0)
  follower.leave()
  stream.take(event(1, 'a'))
  expect(follower.shift()).toBeUndefined()
  expect(stream.followers).toBe(0)
})
