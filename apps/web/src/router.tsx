import type { Loqui } from '@loqui/sdk'
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { isLoggedOut } from './errors.ts'
import { readGenerationsSearch } from './generations/search.ts'
import { accountQuery } from './session/account.ts'
import { readRedirect } from './session/redirect.ts'
import { ErrorPage } from './shell/error-page.tsx'
import { NotFoundPage } from './shell/not-found-page.tsx'
import { PendingPage } from './shell/pending-page.tsx'
import { Root } from './shell/root.tsx'
import { Studio } from './shell/studio.tsx'

/** What routes can use before any component is there. */
export interface RouterContext {
  loqui: Loqui
  queryClient: QueryClient
}

const root = createRootRouteWithContext<RouterContext>()({ component: Root })

/** Log-in and registration: whoever is in already is sent on. */
const door = createRoute({
  getParentRoute: () => root,
  id: 'door',
  validateSearch: readRedirect,
  beforeLoad: async ({ context, search }) => {
    const account = accountQuery(context.loqui)
    // That the server is away is said by the form, more plainly than an error page would.
    const isIn = await context.queryClient.ensureQueryData(account).then(
      () => true,
      () => false,
    )
    if (isIn) throw redirect({ href: search.redirect ?? '/', replace: true })
  },
})

const login = createRoute({
  getParentRoute: () => door,
  path: '/login',
  component: lazyRouteComponent(() => import('./session/login-page.tsx'), 'LoginPage'),
})

const register = createRoute({
  getParentRoute: () => door,
  path: '/register',
  component: lazyRouteComponent(() => import('./session/register-page.tsx'), 'RegisterPage'),
})

/** Everything that needs an account. */
const studio = createRoute({
  getParentRoute: () => root,
  id: 'studio',
  component: Studio,
  beforeLoad: async ({ context, location }) => {
    try {
      return { account: await context.queryClient.ensureQueryData(accountQuery(context.loqui)) }
    } catch (error) {
      if (!isLoggedOut(error)) throw error
      throw redirect({ to: '/login', search: location.href === '/' ? {} : { redirect: location.href }, replace: true })
    }
  },
})

const speak = createRoute({
  getParentRoute: () => studio,
  path: '/',
  component: lazyRouteComponent(() => import('./speak/speak-page.tsx'), 'SpeakPage'),
})

const generations = createRoute({
  getParentRoute: () => studio,
  path: '/generations',
  validateSearch: readGenerationsSearch,
  component: lazyRouteComponent(() => import('./generations/generations-page.tsx'), 'GenerationsPage'),
})

const generation = createRoute({
  getParentRoute: () => studio,
  path: '/generations/$id',
  component: lazyRouteComponent(() => import('./generations/generation-page.tsx'), 'GenerationPage'),
})

const keys = createRoute({
  getParentRoute: () => studio,
  path: '/keys',
  component: lazyRouteComponent(() => import('./keys/keys-page.tsx'), 'KeysPage'),
})

const pronunciations = createRoute({
  getParentRoute: () => studio,
  path: '/pronunciations',
  component: lazyRouteComponent(() => import('./pronunciations/pronunciations-page.tsx'), 'PronunciationsPage'),
})

const usage = createRoute({
  getParentRoute: () => studio,
  path: '/usage',
  component: lazyRouteComponent(() => import('./usage/usage-page.tsx'), 'UsagePage'),
})

export function createStudioRouter(context: RouterContext) {
  return createRouter({
    routeTree: root.addChildren([
      door.addChildren([login, register]),
      studio.addChildren([speak, generations, generation, pronunciations, keys, usage]),
    ]),
    context,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultNotFoundComponent: NotFoundPage,
    defaultErrorComponent: ErrorPage,
    defaultPendingComponent: PendingPage,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createStudioRouter>
  }
}
