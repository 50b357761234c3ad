// @vitest-environment happy-dom
import { act, cleanup, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, expect, test, vi } from 'vitest'
import { type Heard, ListenNow } from './listen-now.tsx'

afterEach(cleanup)

/** Shows it, over an element that does nothing by itself. */
function show() {
  const heard: Heard[] = []
  const { unmount } = render(<ListenNow id="gen_1" onEnd={(end) => heard.push(end)} />)
  const audio = document.querySelector('audio')
  if (!audio) throw new Error('There is no audio element.')
  const play = vi.fn(() => Promise.resolve())
  const load = vi.fn()
  Object.assign(audio, { play, load, pause: vi.fn() })
  const report = (type: string) => act(() => void audio.dispatchEvent(new Event(type)))
  return { audio, play, load, report, unmount, heard }
}

test('nothing is fetched before somebody wants to hear it, and then a format that plays everywhere', async () => {
  const { audio, play } = show()
  expect(audio.getAttribute('preload')).toBe('none')
  expect(audio.getAttribute('src')).toBe('/api/v1/generations/gen_1/audio?format=mp3')
  await userEvent.click(screen.getByRole('button', { name: 'Listen while it is made' }))
  expect(play).toHaveBeenCalledOnce()
})

test('what was heard is told when it is over, and nothing more is fetched', async () => {
  const { audio, report, unmount, heard, load } = show()
  await report('pause')
  Object.defineProperties(audio, { currentTime: { value: 12.5 }, paused: { value: false } })
  unmount()
  expect(heard).toEqual([{ positionMs: 12_500, isPlaying: true }])
  expect(audio.hasAttribute('src')).toBe(false)
  expect(load).toHaveBeenCalledOnce()
})

test('who has not listened has heard nothing', () => {
  const { unmount, heard } = show()
  unmount()
  expect(heard).toEqual([])
})

test('what broke off is begun again on demand', async () => {
  const { report, load, play } = show()
  await report('error')
  await userEvent.click(screen.getByRole('button', { name: 'Listen while it is made' }))
  expect(load).toHaveBeenCalledOnce()
  expect(play).toHaveBeenCalledOnce()
})
