// @vitest-environment happy-dom
import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, test } from 'vitest'
import { renderPart } from '../testing.tsx'
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
