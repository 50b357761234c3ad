/**
 * Creations a minute of one installation. Replicate takes 600: half of that, since an allowance that is used at once has come
 * back a minute later. What it takes less of an account without much credit its own answers say.
 */
export const mostCreations = 300
