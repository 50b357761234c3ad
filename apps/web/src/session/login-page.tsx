import { useLoqui } from '@loqui/sdk/react'
import { getRouteApi } from '@tanstack/react-router'
import { TextField } from '../ui/text-field.tsx'
import { AccountForm } from './account-form.tsx'
import { Door } from './door.tsx'

const route = getRouteApi('/door/login')

export function LoginPage() {
  const loqui = useLoqui()
  const search = route.useSearch()
  return (
    <Door
      title="Log in"
      lead="Welcome back to your studio."
      other={{ question: 'New here?', to: '/register', label: 'Create an account', search }}
    >
      <AccountForm
        action="Log in"
        redirect={search.redirect}
        submit={({ email = '', password = '' }) => loqui.auth.login({ email, password })}
      >
        {(errors) => (
          <>
            <TextField
              name="email"
              label="E-mail"
              type="email"
              autoComplete="username"
              autoFocus
              required
              error={errors.email}
            />
            <TextField
              name="password"
              label="Password"
              type="password"
              autoComplete="current-password"
              required
              error={errors.password && 'Enter your password.'}
            />
          </>
        )}
      </AccountForm>
    </Door>
  )
}
