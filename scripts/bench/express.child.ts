import { listPlans } from '@loqui/core/plans/list'
import { createDb } from '@loqui/db/client'
import express from 'express'
import { z } from 'zod'
import { echoInput } from './echo-router.ts'
import './report-cpu.preload.ts'

/**
 * What calls are compared with. `/echo` does what the echo procedure does. `/plans` makes the query of `plans.list` through
 * the same pool, parses its input with zod and answers JSON of the same shape; `/bare` does all of it but the query.
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

app.post('/echo', express.json(), (req, res) => {
  res.json({ result: { data: { json: echoInput.parse(req.body.json) } } })
})

app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.({ ready: true }))
process.on('disconnect', () => process.exit())
