// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { renderPart } from '../testing.tsx'
import { Segments } from './segments.tsx'

const generation = { id: 'gen_1', text: 'All is well. This is not.' }

test('one segment is spoken anew, in another take', async () => {
  const asked: unknown[] = []
  const { pathname } = await renderPart(<Segments generation={generation} />, {
    'generations.segments': () => ({
      items: [
        { index: 0, startOffset: 0, endOffset: 12, durationMs: 1_000 },
        { index: 1, startOffset: 13, endOffset: 25, durationMs: 2_000 },
      ],
      nextCursor: null,
    }),
    'generations.retake': (input) => {
      asked.push(input)
      return { id: 'gen_2' }
    },
  })
  const details = screen.getByText(/^Segments/).closest('details')!
  details.open = true
  fireEvent(details, new Event('toggle'))
  await screen.findByText('This is not.')
  await userEvent.click(screen.getByRole('button', { name: 'Speak segment 2 anew' }))
  await waitFor(() => expect(pathname()).toBe('/generations/gen_2'))
  expect(asked).toMatchObject([{ id: 'gen_1', segments: [1] }])
})
