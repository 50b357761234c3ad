import { ConnectionError, NotFoundError, ServerError } from '@loqui/sdk'
import { CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { Interruption, judge, UsageError } from './failure.ts'

const notFound = new NotFoundError('id: there is no such key.', {
  reason: 'key_not_found',
  status: 404,
  requestId: 'req_1',
})

test('a refusal is one sentence with its reason, and ends with 1', () => {
  expect(judge(notFound, false)).toEqual({ exitCode: 1, message: 'loqui: id: there is no such key. (key_not_found)' })
})

test('for programs it is JSON', () => {
  const { exitCode, message } = judge(notFound, true)
  expect(exitCode).toBe(1)
  expect(JSON.parse(message ?? '')).toEqual({
    error: {
      reason: 'key_not_found',
      message: 'id: there is no such key.',
      status: 404,
      requestId: 'req_1',
      issues: [],
    },
  })
})

test('what the log must explain names its request', () => {
  const error = new ServerError('Something went wrong.', { reason: 'internal', requestId: 'req_2' })
  expect(judge(error, false).message).toBe('loqui: Something went wrong. (internal, request req_2)')
})

test('a call that cannot work ends with 2', () => {
  expect(judge(new UsageError('Give a text.'), false)).toEqual({ exitCode: 2, message: 'loqui: Give a text.' })
  expect(judge(new CommanderError(1, 'commander.unknownOption', 'told already'), false)).toEqual({
    exitCode: 2,
    message: null,
  })
})

test('help and the version are no failures', () => {
  expect(judge(new CommanderError(0, 'commander.helpDisplayed', ''), false)).toEqual({ exitCode: 0, message: null })
})

test('an interruption ends with 130 and says nothing', () => {
  expect(judge(new Interruption(), true)).toEqual({ exitCode: 130, message: null })
})

test('a reader that has gone is no failure', () => {
  expect(judge(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }), false)).toEqual({
    exitCode: 0,
    message: null,
  })
})

test('anything else is told as it is', () => {
  const error = new ConnectionError('Loqui cannot be reached: connect ECONNREFUSED.', { reason: 'connection_failed' })
  expect(judge(error, false).message).toBe('loqui: Loqui cannot be reached: connect ECONNREFUSED. (connection_failed)')
  expect(judge(new Error('EACCES: permission denied'), false).message).toBe('loqui: EACCES: permission denied')
})
