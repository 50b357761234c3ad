// @vitest-environment happy-dom
import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, test } from 'vitest'
import { Refused, renderPart } from '../testing.tsx'
import { CreateKeyDialog } from './create-key-dialog.tsx'

function Opened({ isAdmin = false }: { isAdmin?: boolean }) {
  const [isOpen, setIsOpen] = useState(true)
  return <CreateKeyDialog isAdmin={isAdmin} open={isOpen} onOpenChange={setIsOpen} />
}

const created = { key: { id: 'key_1', name: 'Robot' }, secret: 'loqui_live_secret' }

test('a key is made with the scopes that were left, and shown until it is put away', async () => {
  const user = userEvent.setup()
  const inputs: unknown[] = []
  await renderPart(<Opened />, {
    'keys.create': (input) => {
      inputs.push(input)
      return created
    },
  })
  await user.type(screen.getByLabelText('Name'), 'Robot')
  await user.click(screen.getByRole('checkbox', { name: /See usage/ }))
  await user.click(screen.getByRole('button', { name: 'Create key' }))

  const secret = await screen.findByLabelText<HTMLInputElement>('API key “Robot”')
  expect(secret.value).toBe(created.secret)
  expect(inputs).toEqual([
    { name: 'Robot', scopes: ['generations:read', 'generations:write', 'voices:read'], expiresInDays: 90 },
  ])

  await user.keyboard('{Escape}')
  expect(screen.queryByText('Copy your key now')).not.toBeNull()
  await user.click(screen.getByRole('button', { name: 'Done' }))
  expect(screen.queryByDisplayValue(created.secret)).toBeNull()
})

test('a key is made with a limit of its own, and a wrong one is said to be wrong beside it', async () => {
  const user = userEvent.setup()
  const inputs: unknown[] = []
  await renderPart(<Opened />, {
    'keys.create': (input) => {
      if (inputs.push(input) > 1) return created
      const issues = [{ field: 'requestsPerMinute', message: 'Too small' }]
      return new Refused('invalid_input', 400, 'requestsPerMinute: Too small', issues)
    },
  })
  await user.type(screen.getByLabelText('Name'), 'Robot')
  const limit = screen.getByLabelText('Requests a minute')
  await user.type(limit, '0')
  await user.click(screen.getByRole('button', { name: 'Create key' }))
  await screen.findByText('A whole number from 1 to 1,000,000, or nothing.')
  await user.clear(limit)
  await user.type(limit, '60')
  await user.click(screen.getByRole('button', { name: 'Create key' }))
  await screen.findByLabelText('API key “Robot”')
  expect(inputs).toMatchObject([{ requestsPerMinute: 0 }, { name: 'Robot', requestsPerMinute: 60 }])
})

test('a key that may do nothing cannot be made', async () => {
  const user = userEvent.setup()
  await renderPart(<Opened />, {})
  for (const box of screen.getAllByRole('checkbox', { checked: true })) await user.click(box)
  expect(screen.getByRole('alert').textContent).toBe('A key must be allowed something.')
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Create key' }).disabled).toBe(true)
})

test('only an administrator can give the scope to administer', async () => {
  await renderPart(<Opened />, {})
  expect(screen.queryByRole('checkbox', { name: /Administer/ })).toBeNull()
})

test('an administrator can', async () => {
  await renderPart(<Opened isAdmin />, {})
  expect(screen.queryByRole('checkbox', { name: /Administer/ })).not.toBeNull()
})
