import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import type { Caller } from '../context.ts'
import { newId } from '../ids.ts'

/**
 * Makes the preset voices of the engines at hand those that they bring. A voice that its engine no longer brings keeps its
 * row, which old generations name. Voices of engines that are not at hand stay as they are: another process may have
 * them, and who lists voices sees which of the engines it has itself.
 */
export async function syncPresetVoices({ db, engines }: Caller<'db' | 'engines'>): Promise<void> {
  await transaction(db, async (trx) => {
    await lock(trx, 'voices', 'presets')
    for (const engine of engines.values()) {
      await trx
        .updateTable('voice')
        .set({ available: false })
        .where('user_id', 'is', null)
        .where('engine', '=', engine.id)
        .where('available', '=', true)
        .$if(engine.voices.length > 0, (query) =>
          query.where(
            'engine_voice',
            'not in',
            engine.voices.map(({ id }) => id),
          ),
        )
        .execute()
      for (const voice of engine.voices) {
        const values = {
          name: voice.name,
          gender: voice.gender,
          language: voice.language,
          description: voice.description,
          available: true,
        }
        await trx
          .insertInto('voice')
          .values({ id: newId(), user_id: null, engine: engine.id, engine_voice: voice.id, ...values })
          .onConflict((conflict) =>
            conflict.columns(['engine', 'engine_voice']).where('user_id', 'is', null).doUpdateSet(values),
          )
          .execute()
      }
    }
  })
}
