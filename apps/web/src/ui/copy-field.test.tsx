// @vitest-environment happy-dom
import { cleanup, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, expect, test, vi } from 'vitest'
import { CopyField } from './copy-field.tsx'

afterEach(cleanup)

test('copies, and says so', async () => {
  const user = userEvent.setup()
  render(<CopyField label="Key" value="loqui_live_secret" />)
  await user.click(screen.getByRole('button', { name: 'Copy' }))
  await screen.findByRole('button', { name: 'Copied' })
  expect(await navigator.clipboard.readText()).toBe('loqui_live_secret')
})

test('selects the value where the browser lets no page copy', async () => {
  const user = userEvent.setup()
  vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new DOMException('no', 'NotAllowedError'))
  render(<CopyField label="Key" value="loqui_live_secret" />)
  await user.click(screen.getByRole('button', { name: 'Copy' }))
  await screen.findByText(/copy it with the keyboard/)
  const input = screen.getByLabelText<HTMLInputElement>('Key')
  expect(input.value.slice(input.selectionStart ?? 0, input.selectionEnd ?? 0)).toBe('loqui_live_secret')
})
