// @vitest-environment happy-dom
import { cleanup, render, screen } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { expect, onTestFinished, test } from 'vitest'
import { DayChart } from './day-chart.tsx'

const day = (id: string, generations: number, chargedMs: number) => ({
  id,
  name: null,
  generations,
  characters: 0,
  chargedMs,
  costMicros: 0,
})

function show(...days: ReturnType<typeof day>[]) {
  render(<DayChart days={days} />)
  onTestFinished(cleanup)
  const slider = screen.getByRole('slider', { name: 'Audio by day' })
  return { said: () => slider.getAttribute('aria-valuetext'), heights: () => slider.querySelectorAll('[style]') }
}

test('the keys move along the days and stop at both ends', async () => {
  const { said } = show(day('2026-03-01', 1, 60_000), day('2026-03-02', 0, 0), day('2026-03-03', 2, 30_000))
  const user = userEvent.setup()
  await user.tab()
  expect(said()).toBe('Mar 3: 30 s, 2 generations')
  await user.keyboard('{ArrowLeft}')
  expect(said()).toBe('Mar 2: 0 s, 0 generations')
  await user.keyboard('{PageDown}{ArrowLeft}')
  expect(said()).toBe('Mar 1: 1 min, 1 generation')
  await user.keyboard('{End}{ArrowRight}')
  expect(said()).toBe('Mar 3: 30 s, 2 generations')
})

test('the highest bar is the longest day, and a day that gave back has none', () => {
  const { heights, said } = show(day('2026-03-01', 1, 60_000), day('2026-03-02', 0, -15_000))
  expect([...heights()].map((bar) => (bar as HTMLElement).style.height)).toEqual(['100%', '0%'])
  expect(said()).toBe('Mar 2: 15 s given back, 0 generations')
})

test('days without use have no bars', () => {
  const { heights } = show(day('2026-03-01', 0, 0), day('2026-03-02', 0, 0))
  expect([...heights()].map((bar) => (bar as HTMLElement).style.height)).toEqual(['0%', '0%'])
})
