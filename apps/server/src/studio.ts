import path from 'node:path'
import compression from 'compression'
import express, { type Router } from 'express'

/** The built studio: its files under names that change with their content, and one page for every path of it. */
export function studio(directory: string): Router {
  const router = express.Router()
  router.use(compression())
  router.use(
    '/assets',
    express.static(path.join(directory, 'assets'), { immutable: true, maxAge: '1y', fallthrough: false }),
  )
  router.use(express.static(directory, { index: false }))
  router.get('/{*path}', (req, res, next) => {
    if (!req.accepts('html')) return next()
    res.sendFile(path.join(directory, 'index.html'), { cacheControl: false, headers: { 'cache-control': 'no-cache' } })
  })
  return router
}
