import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { ask } from './ask.ts'
import { Interruption } from './failure.ts'

test('the answer is a line, without what is around it', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  input.write('  yes \nno\n')
  expect(await ask('Do you agree? ', { input, output })).toBe('yes')
  output.end()
  expect(await text(output)).toContain('Do you agree? ')
})

test('who leaves without an answer has interrupted', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const answer = ask('Do you agree? ', { input, output })
  input.end()
  await expect(answer).rejects.toBeInstanceOf(Interruption)
})
