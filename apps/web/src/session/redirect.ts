/** Where to go after a log-in, as the address carries it. */
export interface RedirectSearch {
  redirect?: string
}

/**
 * Takes only a path of this studio. Anything else in a link to the log-in page would be a way to send people who just
 * typed their password somewhere they do not expect.
 */
export function readRedirect(search: Record<string, unknown>): RedirectSearch {
  const { redirect } = search
  if (typeof redirect !== 'string' || !redirect.startsWith('/')) return {}
  const here = 'https://studio.invalid'
  const url = URL.parse(redirect, here)
  if (url?.origin !== here || url.pathname.startsWith('//')) return {}
  return { redirect: url.pathname + url.search + url.hash }
}
