import { useLoqui } from '@loqui/sdk/react'
import { getRouteApi } from '@tanstack/react-router'
import { TextField } from '../ui/text-field.tsx'
import { AccountForm } from './account-form.tsx'
import { Door } from './door.tsx'

const route = getRouteApi('/door/register')

export function RegisterPage() {
  const loqui = useLoqui()
  const search = route.useSearch()
  return (
    <Door
      title="Create an account"
      lead="Write a text, pick a voice, and hear it."
      other={{ question: 'Have an account already?', to: '/login', label: 'Log in', search }}
    >
      <AccountForm
        action="Create account"
        redirect={search.redirect}
        submit={({ name = '', email = '', password = '' }) =>
          loqui.auth.register({ email, password, name: name.trim() === '' ? null : name })
        }
      >
        {(errors) => (
          <>
            <TextField
              name="name"
              label="Name"
              aside="optional"
              autoComplete="name"
              autoFocus
              maxLength={100}
              error={errors.name}
            />
            <TextField name="email" label="E-mail" type="email" autoComplete="username" required error={errors.email} />
            <TextField
              name="password"
              label="Password"
              type="password"
              autoComplete="new-password"
              required
              hint="At least 8 characters."
              error={errors.password}
            />
          </>
        )}
      </AccountForm>
    </Door>
  )
}
