import type { CreatedKey, Scope } from '@loqui/sdk'
import { useLoqui, useTRPC } from '@loqui/sdk/react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type SubmitEvent, useState } from 'react'
import { fieldErrorsOf, sentenceOf } from '../errors.ts'
import { Button } from '../ui/button.tsx'
import { CheckField } from '../ui/check-field.tsx'
import { CopyField } from '../ui/copy-field.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Alert } from '../ui/notice.tsx'
import { Select } from '../ui/select.tsx'
import { TextField } from '../ui/text-field.tsx'
import { scopeLabels, scopes, usualScopes } from './scopes.ts'

const expiries = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'One year' },
  { value: 'never', label: 'Never' },
] as const

type Expiry = (typeof expiries)[number]['value']

interface CreateKeyDialogProps {
  /** Whether the person may give a key the scope to administer. */
  isAdmin: boolean
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Makes a key, then shows it this once. */
export function CreateKeyDialog({ isAdmin, open, onOpenChange }: CreateKeyDialogProps) {
  const [created, setCreated] = useState<CreatedKey>()
  const change = (next: boolean) => {
    onOpenChange(next)
    if (!next) setCreated(undefined)
  }
  return (
    <Dialog
      open={open}
      onOpenChange={change}
      keep={created !== undefined}
      title={created ? 'Copy your key now' : 'Create an API key'}
      description={
        created
          ? 'Loqui keeps only a hash of it and cannot show it again.'
          : 'For programs that speak in your name: with the SDK, the command line or curl.'
      }
    >
      {created ? (
        <ShowOnce created={created} onDone={() => change(false)} />
      ) : (
        <Form isAdmin={isAdmin} onCreated={setCreated} />
      )}
    </Dialog>
  )
}

function ShowOnce({ created, onDone }: { created: CreatedKey; onDone: () => void }) {
  return (
    <>
      <div className="px-5 pt-1 pb-4">
        <CopyField label={`API key “${created.key.name}”`} value={created.secret} />
      </div>
      <footer className="flex justify-end border-t border-line px-5 py-3">
        <Button variant="primary" onClick={onDone}>
          Done
        </Button>
      </footer>
    </>
  )
}

function Form({ isAdmin, onCreated }: { isAdmin: boolean; onCreated: (created: CreatedKey) => void }) {
  const loqui = useLoqui()
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const [chosen, setChosen] = useState<readonly Scope[]>(usualScopes)
  const [expiry, setExpiry] = useState<Expiry>('90')
  const offered = scopes.filter((scope) => scope !== 'admin' || isAdmin)

  const creating = useMutation({
    mutationFn: (values: FormData) => {
      const limit = String(values.get('requestsPerMinute'))
      return loqui.keys.create({
        name: String(values.get('name')),
        scopes: [...chosen],
        expiresInDays: expiry === 'never' ? null : Number(expiry),
        ...(limit !== '' && { requestsPerMinute: Number(limit) }),
      })
    },
    onSuccess: (created) => {
      void queryClient.invalidateQueries(trpc.keys.list.infiniteQueryFilter())
      onCreated(created)
    },
  })
  const errors = creating.isError ? fieldErrorsOf(creating.error) : {}

  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    creating.mutate(new FormData(event.currentTarget))
  }

  return (
    <form noValidate onSubmit={onSubmit} className="flex min-h-0 flex-col">
      <div className="flex flex-col gap-5 overflow-y-auto px-5 pt-1 pb-5">
        {creating.isError && Object.keys(errors).length === 0 && <Alert>{sentenceOf(creating.error)}</Alert>}
        <TextField
          name="name"
          label="Name"
          placeholder="Where it will be used"
          autoComplete="off"
          autoFocus
          required
          maxLength={100}
          error={errors.name && 'Give it a name to recognise it by.'}
        />
        <fieldset>
          <legend className="mb-2 text-sm font-medium">It may</legend>
          <div className="flex flex-col gap-0.5">
            {offered.map((scope) => (
              <CheckField
                key={scope}
                checked={chosen.includes(scope)}
                onChange={(checked) =>
                  setChosen(checked ? [...chosen, scope] : chosen.filter((other) => other !== scope))
                }
                className="-mx-2"
              >
                <span className="flex-1">{scopeLabels[scope]}</span>
                <code className="font-mono text-2xs text-subtle max-sm:hidden">{scope}</code>
              </CheckField>
            ))}
          </div>
          {chosen.length === 0 && (
            <p role="alert" className="mt-1.5 text-xs text-danger-text">
              A key must be allowed something.
            </p>
          )}
        </fieldset>
        <div className="flex items-center justify-between gap-4">
          <span className="text-sm font-medium">Expires</span>
          <Select<Expiry> label="Expires" value={expiry} options={expiries} onChange={setExpiry} className="min-w-32" />
        </div>
        <TextField
          name="requestsPerMinute"
          label="Requests a minute"
          aside="optional"
          type="number"
          min={1}
          placeholder="As many as your plan allows"
          autoComplete="off"
          error={errors.requestsPerMinute && 'A whole number from 1 to 1,000,000, or nothing.'}
        />
      </div>
      <footer className="flex justify-end gap-2 border-t border-line px-5 py-3">
        <Button type="submit" variant="primary" pending={creating.isPending} disabled={chosen.length === 0}>
          Create key
        </Button>
      </footer>
    </form>
  )
}
