import { Providers } from './providers'
import { Speak } from './speak'

export default function Page() {
  return (
    <Providers baseUrl={process.env.LOQUI_URL ?? 'http://localhost:3000'}>
      <Speak />
    </Providers>
  )
}
