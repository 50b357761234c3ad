/**
 * Speed on a slider: the middle is the voice's own pace and the ends are a quarter and four times of it, so that the same
 * way to either side is the same change to the ear.
 */
export const speedScale = { min: -2, max: 2, step: 0.02 }

/** The speed at a place of the slider, in steps of 0.05. */
export const toSpeed = (place: number) => Math.round(2 ** place * 20) / 20

export const toPlace = (speed: number) => Math.log2(speed)
