import { freePort } from '@loqui/db/embedded-port'
import type { RunningProcess } from '@loqui/process/testing'
import type { Measurement } from './goal.ts'
import type { Load, LoadAnswer, Sending } from './load.ts'
import { interleave } from './rounds.ts'

const connections = 16
const input = { text: 'A sentence that comes back as it was sent.', voiceId: 'voi_0', settings: { speed: 1.5 } }

/**
 * P5 of the goals: what one RPC call costs a server process beyond its queries, against a bare Express 5 JSON route.
 *
 * **The call** goes to a server process as it runs for people; only its router is swapped for one procedure, made of the same
 * base as Loqui's own, that answers what it was sent: JSON in, zod, JSON out, no query. Cost is the CPU time, user and system,
 * that the process says it used while 16 connections kept it busy, divided by the calls; threads and garbage collection are
 * in it. Every wall of a call in nobody's name is on. Requests say that a proxy passed them on from 10,000 addresses, each of
 * which may call 600 times a minute.
 *
 * **The baseline** is Express 5 with nothing mounted but `express.json()` and the route, ETag and X-Powered-By off, which holds
 * the same input to the same schema and answers the same.
 *
 * **P5 list** is a whole verb, `plans.list` by GET, against a route that answers the same bytes from memory. What its one query
 * costs is taken off: as much as an Express route that makes the same query through the same pool costs more than the one from
 * memory. A bare route keeps the load generator busier than a server that also waits for a database, which pays to wake
 * it for every answer, so this ratio says more than the way of a call costs.
 */
export const rpc: Measurement = {
  ids: ['P5'],
  async run(bench) {
    const { connectionString } = await bench.database()
    const env = { TRUSTED_PROXIES: 'loopback' }
    const echo = await bench.startServer(connectionString, { preload: 'echo.preload.ts', env })
    const server = await bench.startServer(connectionString, { preload: 'report-cpu.preload.ts', env })
    const port = await freePort()
    const express = await bench.startChild('express', { DATABASE_URL: connectionString, PORT: String(port) })
    const load = await bench.startChild('load')

    const measure = (process: RunningProcess, port: number, send: Sending) => async (seconds: number) => {
      const order: Load = { port, connections, seconds, send }
      const before = await cpuMicros(process)
      const { requests } = (await load.ask(order)) as LoadAnswer
      return ((await cpuMicros(process)) - before) / requests
    }
    const rounds = await interleave(bench, {
      call: measure(echo, echo.port, { kind: 'post', path: '/trpc/echo', body: { json: input } }),
      route: measure(express, port, { kind: 'post', path: '/echo', body: { json: input } }),
      list: measure(server, server.port, { kind: 'get', path: '/trpc/plans.list' }),
      query: measure(express, port, { kind: 'get', path: '/plans' }),
      bare: measure(express, port, { kind: 'get', path: '/bare' }),
    })
    for (const process of [echo, server, express]) await process.end('SIGTERM')
    return [
      {
        id: 'P5',
        what: 'CPU of an RPC call beyond its queries',
        unit: 'µs',
        baseline: 'bare Express 5',
        goal: { atMost: 2 },
        rounds: rounds.map(({ call, route }) => ({ ours: call, baseline: route })),
        details: { microsOfCpu: rounds },
      },
      {
        id: 'P5 list',
        what: 'CPU of plans.list, less that of its query',
        unit: 'µs',
        baseline: 'bare Express 5, from memory',
        goal: { atMost: 2 },
        rounds: rounds.map(({ list, query, bare }) => ({ ours: list - (query - bare), baseline: bare })),
      },
    ]
  },
}

async function cpuMicros(process: RunningProcess): Promise<number> {
  const { user, system } = (await process.ask({})) as NodeJS.CpuUsage
  return user + system
}
