import { engineContract } from '../contract.ts'
import type { Engine } from '../engine.ts'
import { openEspeak } from './testing.ts'

/** There are some three hundred: these are of many scripts, and tried at length. */
const some = ['en-US', 'de+f2', 'hi', 'ja']

engineContract('eSpeak', async (): Promise<Engine> => {
  const engine = openEspeak()
  await engine.refreshVoices?.({ signal: new AbortController().signal })
  return { ...engine, voices: engine.voices.filter(({ id }) => some.includes(id)) }
})
