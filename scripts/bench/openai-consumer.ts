import OpenAI from 'openai'

/** What people write with OpenAI's client to speak and to be understood: the baseline of what a compiler needs for ours. */
export async function useOpenAI(file: File): Promise<unknown> {
  const openai = new OpenAI({ apiKey: 'a key', baseURL: 'http://localhost:3000/openai/v1' })
  const speech = await openai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Hello.' })
  const bytes = await speech.arrayBuffer()
  const { text } = await openai.audio.transcriptions.create({ file, model: 'whisper-1' })
  for await (const { id } of openai.models.list()) console.log(id, text, bytes.byteLength)
  const completion = await openai.chat.completions.create({
    model: 'a',
    messages: [{ role: 'user', content: 'Hello.' }],
  })
  try {
    const response = await openai.responses.create({ model: 'a', input: 'Hello.' })
    return response.output_text + completion.choices[0]?.message.content
  } catch (error) {
    if (error instanceof OpenAI.APIError) return error.status
    throw error
  }
}
