import { listPlans } from '@loqui/core/plans/list'
import { createDb } from '@loqui/db/client'
import express from 'express'
import { z } from 'zod'
import './report-cpu.preload.ts'

/**
 * What `plans.list` is compared with: the same query through the same pool, in a bare Express route that parses its input
 * with zod and answers JSON of the same shape. `/bare` does all of it but the query.
 */
const db = createDb({ connectionString: process.env.DATABASE_URL ?? '', max: 16 })
const plans = await listPlans({ db })
const input = z.strictObject({})

const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.get('/plans', async (req, res) => {
  input.parse(req.query)
  res.json({ result: { data: { json: await listPlans({ db }) } } })
})
app.get('/bare', (req, res) => {
  input.parse(req.query)
  res.json({ result: { data: { json: plans } } })
})

app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.({ ready: true }))
process.on('disconnect', () => process.exit())
