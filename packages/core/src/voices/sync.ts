import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import type { Caller } from '../context.ts'
import { newId } from '../ids.ts'

/** Makes the preset voices those of the engines at hand. A voice that went keeps its row: old generations name it. */
export async function syncPresetVoices({ db, engines }: Caller<'db' | 'engines'>): Promise<void> {
  const presets = [...engines.values()].flatMap((engine) =>
    engine.voices.map((voice) => ({ engine: engine.id, voice })),
  )
  await transaction(db, async (trx) => {
    await lock(trx, 'voices', 'presets')
    await trx.updateTable('voice').set({ available: false }).where('user_id', 'is', null).execute()
    for (const { engine, voice } of presets) {
      const values = {
        name: voice.name,
        gender: voice.gender,
        language: voice.language,
        description: voice.description,
        available: true,
      }
      await trx
        .insertInto('voice')
        .values({ id: newId(), user_id: null, engine, engine_voice: voice.id, ...values })
        .onConflict((conflict) =>
          conflict.columns(['engine', 'engine_voice']).where('user_id', 'is', null).doUpdateSet(values),
        )
        .execute()
    }
  })
}
