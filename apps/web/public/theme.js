// Runs before the first paint, so that a chosen theme never flashes the other one. The rest is src/theme/theme.ts.
try {
  const choice = localStorage.getItem('loqui.theme')
  if (choice === 'light' || choice === 'dark') document.documentElement.dataset.theme = choice
} catch {
  // Storage is blocked: the theme follows the system.
}
