import type { ApiKey } from '@loqui/sdk'
import { useLoqui, useTRPC } from '@loqui/sdk/react'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { sentenceOf } from '../errors.ts'
import { formatDate, formatMoment } from '../format.ts'
import { useAccount } from '../session/account.ts'
import { Page } from '../shell/page.tsx'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { EmptyState, LoadError, Skeleton } from '../ui/notice.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { CreateKeyDialog } from './create-key-dialog.tsx'
import { scopeLabels } from './scopes.ts'
import { keyStatus } from './status.ts'

export function KeysPage() {
  const trpc = useTRPC()
  const { role } = useAccount()
  const [isCreating, setIsCreating] = useState(false)
  const [revoking, setRevoking] = useState<{ apiKey: ApiKey; isOpen: boolean }>()
  const list = useInfiniteQuery(
    trpc.keys.list.infiniteQueryOptions({ limit: 50 }, { getNextPageParam: (page) => page.nextCursor }),
  )
  const keys = list.data?.pages.flatMap((page) => page.items) ?? []
  const create = (
    <Button variant="primary" onClick={() => setIsCreating(true)}>
      <Plus aria-hidden />
      Create key
    </Button>
  )

  return (
    <Page
      title="API keys"
      lead="Let programs speak in your name, and no further than you allow."
      actions={keys.length > 0 && create}
    >
      {list.isError && !list.data && (
        <LoadError error={list.error} pending={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      {list.isPending && (
        <div role="status" className="flex flex-col gap-3">
          <span className="sr-only">Loading keys</span>
          <Skeleton className="h-18 rounded-xl" />
          <Skeleton className="h-18 rounded-xl" />
        </div>
      )}
      {list.isSuccess && keys.length === 0 && (
        <EmptyState icon={<KeyRound aria-hidden />} title="No API keys" action={create}>
          A key is what a program shows instead of your password. You decide what it may do and for how long.
        </EmptyState>
      )}
      {keys.length > 0 && (
        <ul className="divide-y divide-line rounded-xl border border-line">
          {keys.map((key) => (
            <Row key={key.id} apiKey={key} onRevoke={() => setRevoking({ apiKey: key, isOpen: true })} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <div className="flex justify-center pt-4">
          <Button variant="ghost" pending={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
      <CreateKeyDialog isAdmin={role === 'admin'} open={isCreating} onOpenChange={setIsCreating} />
      {revoking && (
        <RevokeDialog
          key={revoking.apiKey.id}
          {...revoking}
          onClose={() => setRevoking({ ...revoking, isOpen: false })}
        />
      )}
    </Page>
  )
}

function Row({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  const status = keyStatus(apiKey)
  const isActive = status === 'active'
  return (
    <li className="flex items-center gap-4 px-4 py-3.5 sm:px-5">
      <div className={clsx('min-w-0 flex-1', !isActive && 'text-subtle')}>
        <p className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5">
          <span className={clsx('font-medium', !isActive && 'line-through decoration-1')}>{apiKey.name}</span>
          <code className="font-mono text-xs text-muted">{apiKey.prefix}…</code>
          {!isActive && <span className="text-xs font-medium text-danger-text capitalize">{status}</span>}
        </p>
        <p className="mt-1 text-xs text-pretty text-muted">
          {apiKey.scopes.map((scope) => scopeLabels[scope]).join(' · ')}
        </p>
        <p className="mt-1 flex flex-wrap gap-x-3 text-xs text-subtle">
          <span>
            Made <Ago at={apiKey.createdAt} />
          </span>
          <span>
            {apiKey.lastUsedAt ? (
              <>
                Used <Ago at={apiKey.lastUsedAt} />
              </>
            ) : (
              'Never used'
            )}
          </span>
          {isActive && <span>{apiKey.expiresAt ? <Until at={apiKey.expiresAt} /> : 'Never expires'}</span>}
        </p>
      </div>
      {isActive && (
        <Button size="sm" aria-label={`Revoke ${apiKey.name}`} onClick={onRevoke}>
          Revoke
        </Button>
      )}
    </li>
  )
}

function Until({ at }: { at: string }) {
  return (
    <time dateTime={at} title={formatMoment(at)}>
      Expires {formatDate(at)}
    </time>
  )
}

interface RevokeDialogProps {
  apiKey: ApiKey
  isOpen: boolean
  onClose: () => void
}

function RevokeDialog({ apiKey, isOpen, onClose }: RevokeDialogProps) {
  const loqui = useLoqui()
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const revoking = useMutation({
    mutationFn: () => loqui.keys.revoke(apiKey.id),
    onSuccess: () => {
      void queryClient.invalidateQueries(trpc.keys.list.infiniteQueryFilter())
      toast(`“${apiKey.name}” was revoked.`)
      onClose()
    },
  })
  return (
    <ConfirmDialog
      open={isOpen}
      onOpenChange={(open) => {
        if (open) return
        revoking.reset()
        onClose()
      }}
      title={`Revoke “${apiKey.name}”?`}
      description="Programs that use it are refused within a second, for good."
      action="Revoke key"
      pending={revoking.isPending}
      error={revoking.isError ? sentenceOf(revoking.error) : undefined}
      onConfirm={() => revoking.mutate()}
    />
  )
}
