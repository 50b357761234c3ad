import type { ListVoicesInput, Loqui, Voice } from '@loqui/sdk'
import { type Column, printList } from '../print.ts'

const columns: readonly Column<Voice>[] = [
  ['NAME', ({ name }) => name],
  ['GENDER', ({ gender }) => gender],
  ['LANGUAGE', ({ language }) => language],
  ['ID', ({ id }) => id],
  ['DESCRIPTION', ({ description }) => description],
]

export async function voices(loqui: Loqui, filter: ListVoicesInput, json: boolean): Promise<void> {
  printList(await Array.fromAsync(loqui.voices.list({ ...filter, limit: 100 })), columns, json)
}
