import { startFauxqs } from 'fauxqs'

/** Keeps buckets in the directory it is given, and says over IPC on which port it speaks S3. */
const [, , directory] = process.argv
if (directory === undefined) throw new Error('give a directory')
const server = await startFauxqs({ port: 0, logger: false, s3StorageDir: directory })
server.createBucket('audio')
process.send?.({ port: server.port })
process.on('disconnect', () => process.exit())
