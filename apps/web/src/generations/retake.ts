import type { Generation, RetakeInput } from '@loqui/sdk'
import { useLoqui, useTRPC } from '@loqui/sdk/react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { sentenceOf } from '../errors.ts'
import { toast } from '../ui/toast.tsx'

/** Makes another take of a generation and goes there. */
export function useRetake({ id }: Pick<Generation, 'id'>) {
  const loqui = useLoqui()
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const router = useRouter()
  return useMutation({
    mutationFn: (input: RetakeInput) => loqui.generations.retake(id, input),
    onSuccess: (take) => {
      queryClient.setQueryData(trpc.generations.get.queryKey({ id: take.id }), take)
      void queryClient.invalidateQueries(trpc.generations.list.infiniteQueryFilter())
      return router.navigate({ to: '/generations/$id', params: { id: take.id } })
    },
    onError: (error) => void toast(sentenceOf(error)),
  })
}
