import { afterAll } from 'vitest'
import { engineContract } from '../contract.ts'
import { createOpenaiEngine } from './engine.ts'
import { startTtsServer } from './testing.ts'

const server = await startTtsServer()
server.lists['/audio/voices'] = { voices: [{ id: 'af_heart', name: 'af_heart' }, 'bm_george', 'Karl'] }
afterAll(() => server.close())

for (const microsPerCharacter of [0, 15]) {
  engineContract(`an OpenAI-compatible server that asks for ${microsPerCharacter} micro-dollars`, async () => {
    const engine = createOpenaiEngine({ baseUrl: server.baseUrl, microsPerCharacter })
    await engine.refreshVoices?.({ signal: new AbortController().signal })
    return engine
  })
}
