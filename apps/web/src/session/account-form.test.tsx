// @vitest-environment happy-dom
import { useLoqui } from '@loqui/sdk/react'
import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { Refused, renderPart } from '../testing.tsx'
import { TextField } from '../ui/text-field.tsx'
import { AccountForm } from './account-form.tsx'

function Form() {
  const loqui = useLoqui()
  return (
    <AccountForm
      action="Enter"
      redirect="/generations"
      submit={({ email = '', password = '' }) => loqui.auth.register({ email, password })}
    >
      {(errors) => (
        <>
          <TextField name="email" label="E-mail" error={errors.email} />
          <TextField name="password" label="Password" type="password" error={errors.password} />
        </>
      )}
    </AccountForm>
  )
}

async function fillIn() {
  const user = userEvent.setup()
  await user.type(screen.getByLabelText('E-mail'), 'ada@example.com')
  await user.type(screen.getByLabelText('Password'), 'secret')
  await user.click(screen.getByRole('button', { name: 'Enter' }))
}

test('what a field was refused for stands beside it, and the first such field has the focus', async () => {
  await renderPart(<Form />, {
    'auth.register': () =>
      new Refused('invalid_input', 400, 'password: must be longer', [{ field: 'password', message: 'must be longer' }]),
  })
  await fillIn()
  const password = screen.getByLabelText('Password')
  await screen.findByText('Must be longer.')
  expect(password.getAttribute('aria-invalid')).toBe('true')
  expect(document.activeElement).toBe(password)
  expect(screen.getByLabelText('E-mail').getAttribute('aria-invalid')).not.toBe('true')
})

test('an address that is taken is the address’s fault', async () => {
  await renderPart(<Form />, { 'auth.register': () => new Refused('email_taken', 409, 'It is taken.') })
  await fillIn()
  await screen.findByText('It is taken.')
  expect(document.activeElement).toBe(screen.getByLabelText('E-mail'))
})

test('what no field is to blame for stands above them, and nothing filled in is lost', async () => {
  await renderPart(<Form />, { 'auth.register': () => new Refused('busy', 503, 'Too many at once.') })
  await fillIn()
  expect((await screen.findByRole('alert')).textContent).toBe('Too many at once.')
  expect(screen.getByLabelText<HTMLInputElement>('E-mail').value).toBe('ada@example.com')
})

test('who is let in goes where they wanted to, and is known there', async () => {
  const account = { id: 'usr_1', email: 'ada@example.com' }
  const { pathname, queryClient } = await renderPart(<Form />, {
    'auth.register': () => ({ user: account, token: null, expiresAt: '2027-01-01T00:00:00Z' }),
  })
  queryClient.setQueryData(['voices'], ['of somebody else'])
  await fillIn()
  await waitFor(() => expect(pathname()).toBe('/generations'))
  expect(queryClient.getQueryData(['account'])).toEqual(account)
  expect(queryClient.getQueryData(['voices'])).toBeUndefined()
})
