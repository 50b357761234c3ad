import { once } from 'node:events'
import { expect, test } from 'vitest'
import { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import { testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { createAccess } from './watch.ts'

const { services } = await testCore([createToneEngine()])

test('who watches a credential that holds again is not told that it did not, while others still leave', async () => {
  const access = createAccess(services)
  let holds = false
  const credential = {
    id: 'key of an account that is disabled, and enabled again',
    userId: newId(),
    verify: async () => {
      if (!holds) throw new Refusal('account_disabled', 'This account is disabled.')
      return { endsAt: null }
    },
  }
  const before = access.watch(credential)
  if (!before.signal.aborted) await once(before.signal, 'abort')
  holds = true
  const after = access.watch(credential)
  expect(after.signal.aborted).toBe(false)
  before.release()
  expect(access.watch(credential).signal).toBe(after.signal)
})
