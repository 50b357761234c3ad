import { useTRPC } from '@loqui/sdk/react'
import { useQuery } from '@tanstack/react-query'

/** What the plan grants in this period and where it went. `useLiveGenerations` keeps it up to date. */
export function useUsage() {
  return useQuery(useTRPC().usage.current.queryOptions())
}
