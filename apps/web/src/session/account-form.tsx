import type { SessionStart } from '@loqui/sdk'
import { useLoqui } from '@loqui/sdk/react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type ReactNode, type SubmitEvent, useEffect, useRef } from 'react'
import { fieldErrorsOf, sentenceOf } from '../errors.ts'
import { Button } from '../ui/button.tsx'
import { Alert } from '../ui/notice.tsx'
import { enter } from './account.ts'

interface AccountFormProps {
  /** Opens a session with what was filled in, by the fields' names. */
  submit: (values: Record<string, string>) => Promise<SessionStart>
  action: string
  /** Where to go then. */
  redirect: string | undefined
  /** @param errors what each field was refused for, by its name. */
  children: (errors: Record<string, string>) => ReactNode
}

/** A form at the door: it says what is wrong beside the field it is about, and leads on when all is right. */
export function AccountForm({ submit, action, redirect, children }: AccountFormProps) {
  const loqui = useLoqui()
  const queryClient = useQueryClient()
  const router = useRouter()
  const form = useRef<HTMLFormElement>(null)

  const session = useMutation({
    mutationFn: submit,
    onSuccess: async ({ user }) => {
      enter(user, loqui, queryClient)
      await router.navigate({ href: redirect ?? '/', replace: true })
    },
  })
  const errors = session.isError ? fieldErrorsOf(session.error) : {}
  const hasFieldErrors = Object.keys(errors).length > 0

  useEffect(() => {
    if (session.isError) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [session.isError])

  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const values = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value)])
    session.mutate(Object.fromEntries(values))
  }

  return (
    <form ref={form} noValidate onSubmit={onSubmit} className="flex flex-col gap-4">
      {session.isError && !hasFieldErrors && <Alert>{sentenceOf(session.error)}</Alert>}
      {children(errors)}
      <Button type="submit" variant="primary" pending={session.isPending} className="mt-1">
        {action}
      </Button>
    </form>
  )
}
