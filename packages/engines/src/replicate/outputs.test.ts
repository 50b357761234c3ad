import { afterAll, expect, test } from 'vitest'
import { createOutputs, isInner, lookupPublic } from './outputs.ts'
import { usualTiming } from './timing.ts'

const outputs = createOutputs('https://api.replicate.com/v1', { ...usualTiming, retries: [] })
afterAll(() => outputs.close())

test.each([
  ...[
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
  ],
  ...['::1', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', 'fd00::1', 'fe80::1', '64:ff9b::7f00:1', 'ff02::1'],
])('%s is inside', (address) => expect(isInner(address)).toBe(true))

test.each(['1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])('%s is outside', (address) =>
  expect(isInner(address)).toBe(false),
)

test.each([
  'http://replicate.delivery/a.wav',
  'https://replicate.delivery:8443/a.wav',
  'https://xreplicate.delivery/a.wav',
  'https://replicate.delivery.example.org/a.wav',
  'https://user:password@replicate.delivery/a.wav',
  'https://replicate.delivery@example.org/a.wav',
  'http://api.replicate.com/v1/files/a',
  'https://127.0.0.1/a.wav',
  'https://2130706433/a.wav',
  'https://[::1]/a.wav',
  'http://169.254.169.254/latest/meta-data',
  'file:///etc/passwd',
  'data:audio/wav;base64,AAAA',
  '//replicate.delivery/a.wav',
  '',
])('%s is not followed', async (address) => {
  const call = outputs.fetch(address, new AbortController().signal)
  await expect(call).rejects.toMatchObject({ code: 'bad_output' })
})

test.each([true, false])('a name that leads inside is not connected to (all addresses: %s)', async (all) => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  lookupPublic('localhost', { all }, (error) => resolve(error))
  expect(await promise).toMatchObject({ code: 'bad_output' })
})
