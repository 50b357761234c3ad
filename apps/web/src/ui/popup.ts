import { clsx } from 'clsx'

/** Whatever floats: lists, menus, tips. It grows out of what it belongs to. */
export const popupClass = clsx(
  'origin-(--transform-origin) rounded-xl border border-line bg-raised text-ink shadow-raised outline-none',
  'transition-[opacity,scale] duration-120 data-ending-style:scale-97 data-ending-style:opacity-0',
  'data-starting-style:scale-97 data-starting-style:opacity-0',
)
