import { freePort } from '@loqui/db/embedded-port'
import type { RunningProcess } from '@loqui/process/testing'
import type { Measurement } from './goal.ts'
import type { Load, LoadAnswer } from './load.ts'
import { interleave } from './rounds.ts'

const connections = 16

/**
 * P5 of the goals: what one RPC call costs a server process beyond its queries, against a bare Express 5 route that parses
 * its input with zod and answers JSON.
 *
 * **The call** is `plans.list` over HTTP: one query, anyone may make it, so that what is measured is the way of a call and
 * not what one verb does. Cost is the CPU time, user and system, that the process says it used while 16 connections kept it
 * busy, divided by the calls; threads and garbage collection are in it. Every wall of a call in nobody's name is on. Requests say
 * that a proxy passed them on from 10,000 addresses, each of which may call 600 times a minute.
 *
 * **The baseline** is Express with nothing mounted but the route, ETag and X-Powered-By off, answering the same bytes
 * from memory.
 *
 * **Beyond its queries**: a third contender is the same Express route that makes the same query through the same pool. What
 * it costs more than the one from memory is what the query costs in a process under the same load, and is taken off ours.
 */
export const rpc: Measurement = {
  ids: ['P5'],
  async run(bench) {
    const { connectionString } = await bench.database()
    const server = await bench.startServer(connectionString, {
      preload: 'report-cpu.preload.ts',
      env: { TRUSTED_PROXIES: 'loopback' },
    })
    const port = await freePort()
    const express = await bench.startChild('express', { DATABASE_URL: connectionString, PORT: String(port) })
    const load = await bench.startChild('load')

    const measure = (process: RunningProcess, port: number, path: string) => async (seconds: number) => {
      const order: Load = { port, connections, seconds, send: { kind: 'get', path } }
      const before = await cpuMicros(process)
      const { requests } = (await load.ask(order)) as LoadAnswer
      return ((await cpuMicros(process)) - before) / requests
    }
    const rounds = await interleave(bench, {
      ours: measure(server, server.port, '/trpc/plans.list'),
      query: measure(express, port, '/plans'),
      bare: measure(express, port, '/bare'),
    })
    await server.end('SIGTERM')
    await express.end('SIGTERM')
    return [
      {
        id: 'P5',
        what: 'CPU of an RPC call beyond its queries',
        unit: 'µs',
        baseline: 'bare Express 5',
        goal: { atMost: 2 },
        rounds: rounds.map(({ ours, query, bare }) => ({ ours: ours - (query - bare), baseline: bare })),
        details: { microsOfCpu: rounds },
      },
    ]
  },
}

async function cpuMicros(process: RunningProcess): Promise<number> {
  const { user, system } = (await process.ask({})) as NodeJS.CpuUsage
  return user + system
}
