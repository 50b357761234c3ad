import { expect, test } from 'vitest'
import { Refusal } from '../errors.ts'
import { refusal } from '../testing/core.ts'
import type { Limit } from './limit.ts'
import { createStrangers } from './strangers.ts'

const wrong = async () => {
  throw new Refusal('api_key_invalid', 'No.')
}
const right = async () => 'somebody'

function strangersAt() {
  let now = 0
  const strangers = createStrangers(() => now)
  const told: (readonly Limit[])[] = []
  return {
    told,
    wait(ms: number) {
      now += ms
    },
    count: strangers.count,
    lookUp: <T>(credential: string | undefined, look: () => Promise<T>, address = 'here') =>
      strangers.lookUp({ address, credential, showLimits: (limits) => told.push(limits) }, look),
  }
}

type Strangers = ReturnType<typeof strangersAt>

async function exhaust(strangers: Strangers): Promise<void> {
  for (let guess = 0; guess < 600; guess++) {
    expect(await refusal(strangers.lookUp(`guess ${guess}`, wrong))).toMatchObject({ reason: 'api_key_invalid' })
  }
}

const forbidden = async () => {
  throw new Error('it was looked up')
}

test('six hundred guesses are looked up, the next is not, and ten each second are again', async () => {
  const strangers = strangersAt()
  await exhaust(strangers)
  expect(strangers.told.map(([limit]) => limit?.remaining)).toEqual(
    Array.from({ length: 600 }, (_, used) => 599 - used),
  )
  expect(await refusal(strangers.lookUp('another', forbidden))).toMatchObject({
    reason: 'rate_limited',
    retryAfterSeconds: 1,
    limits: [{ policy: 'address-requests', quota: 600, windowSeconds: 60, remaining: 0, growsInSeconds: 1 }],
  })
  strangers.wait(1_000)
  for (let guess = 0; guess < 10; guess++) {
    expect(await refusal(strangers.lookUp(undefined, wrong))).toMatchObject({ reason: 'api_key_invalid' })
  }
  expect(await refusal(strangers.lookUp(undefined, forbidden))).toMatchObject({ reason: 'rate_limited' })
})

test('another address has its own', async () => {
  const strangers = strangersAt()
  await exhaust(strangers)
  expect(await strangers.lookUp('mine', right, 'elsewhere')).toBe('somebody')
})

test('credentials that hold take nothing, also those that may not call so often', async () => {
  const strangers = strangersAt()
  const limited = async () => {
    throw new Refusal('rate_limited', 'Not so often.')
  }
  for (let call = 0; call < 700; call++) {
    await strangers.lookUp(`mine ${call}`, right)
    expect(await refusal(strangers.lookUp(`theirs ${call}`, limited))).toMatchObject({ message: 'Not so often.' })
  }
  expect(strangers.count('here')).toMatchObject([{ remaining: 599 }])
})

test('nobody is blamed for what broke on our side', async () => {
  const strangers = strangersAt()
  for (let call = 0; call < 700; call++) {
    await expect(strangers.lookUp('mine', () => Promise.reject(new Error('no database')))).rejects.toThrow(
      'no database',
    )
  }
  expect(strangers.count('here')).toMatchObject([{ remaining: 599 }])
})

test('guesses that are under way at the same time are no more than those one after the other', async () => {
  const strangers = strangersAt()
  let looks = 0
  const answer = Promise.withResolvers<never>()
  const slowly = () => {
    looks++
    return answer.promise
  }
  const guesses = Array.from({ length: 1_000 }, (_, guess) => refusal(strangers.lookUp(`guess ${guess}`, slowly)))
  answer.reject(new Refusal('api_key_invalid', 'No.'))
  const reasons = (await Promise.all(guesses)).map(({ reason }) => reason)
  expect(looks).toBe(600)
  expect(reasons.filter((reason) => reason === 'rate_limited')).toHaveLength(400)
})

test('who shares an address with an attacker goes on, until the credentials do not hold any more', async () => {
  const strangers = strangersAt()
  await strangers.lookUp('mine', right)
  await exhaust(strangers)
  for (let call = 0; call < 100; call++) expect(await strangers.lookUp('mine', right)).toBe('somebody')
  expect(await refusal(strangers.lookUp('mine', wrong))).toMatchObject({ reason: 'api_key_invalid' })
  expect(await refusal(strangers.lookUp('mine', forbidden))).toMatchObject({ reason: 'rate_limited' })
})

test('calls in nobody’s name count with the guesses', async () => {
  const strangers = strangersAt()
  for (let left = 599; left >= 0; left--) expect(strangers.count('here')).toMatchObject([{ remaining: left }])
  expect(() => strangers.count('here')).toThrow('600 calls a minute may come from one address')
  expect(await refusal(strangers.lookUp('guess', forbidden))).toMatchObject({ reason: 'rate_limited' })
})
