import type { Db } from '@loqui/db/client'
import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import type { Engine } from '@loqui/engines/engine'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { newId } from '../ids.ts'

/**
 * Makes the preset voices of the engines at hand those that they bring. A voice that its engine no longer brings keeps its
 * row, which old generations name. Voices of engines that are not at hand stay as they are: another process may have
 * them, and who lists voices sees which of the engines it has itself. So do those of engines that have to ask for theirs:
 * see `refreshPresetVoices`.
 */
export async function syncPresetVoices({ db, engines }: Caller<'db' | 'engines'>): Promise<void> {
  await writePresets(
    db,
    [...engines.values()].filter(({ refreshVoices }) => refreshVoices === undefined),
  )
}

/**
 * Lets the engines that have to ask for their voices ask, and makes their presets what they are told. One that is told
 * nothing keeps those it had.
 */
export async function refreshPresetVoices(
  { db, engines, log }: Caller<'db' | 'engines' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  const refresh = async (engine: Engine) => {
    if (engine.refreshVoices === undefined) return
    try {
      await engine.refreshVoices({ signal })
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ error, engine: engine.id }, 'an engine does not tell its voices')
      return
    }
    await writePresets(db, [engine])
  }
  await Promise.all([...engines.values()].map(refresh))
}

async function writePresets(db: Db, engines: readonly Engine[]): Promise<void> {
  await transaction(db, async (trx) => {
    await lock(trx, 'voices', 'presets')
    for (const { id: engine, voices } of engines) {
      await trx
        .updateTable('voice')
        .set({ available: false })
        .where('user_id', 'is', null)
        .where('engine', '=', engine)
        .where('available', '=', true)
        .$if(voices.length > 0, (query) =>
          query.where(
            'engine_voice',
            'not in',
            voices.map(({ id }) => id),
          ),
        )
        .execute()
      if (voices.length === 0) continue
      const rows = voices.map(({ id, name, gender, language, description }) => ({
        ...{ id: newId(), user_id: null, engine, engine_voice: id, available: true },
        ...{ name, gender, language, description },
      }))
      await trx
        .insertInto('voice')
        .values(rows)
        .onConflict((conflict) =>
          conflict
            .columns(['engine', 'engine_voice'])
            .where('user_id', 'is', null)
            .doUpdateSet((eb) => ({
              name: eb.ref('excluded.name'),
              gender: eb.ref('excluded.gender'),
              language: eb.ref('excluded.language'),
              description: eb.ref('excluded.description'),
              available: true,
            }))
            // What is as it was is left alone: they are looked at every minute.
            .where(
              sql<boolean>`(voice.name, voice.gender, voice.language, voice.description, voice.available) is distinct from
                (excluded.name, excluded.gender, excluded.language, excluded.description, true)`,
            ),
        )
        .execute()
    }
  })
}
