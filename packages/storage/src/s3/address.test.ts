import { expect, test } from 'vitest'
import { parseS3Address } from './address.ts'

test.each([
  ['s3://bucket', { bucket: 'bucket', prefix: '' }],
  ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
  ['s3://my.bucket_1/a/b/', { bucket: 'my.bucket_1', prefix: 'a/b/' }],
  ['S3://bucket/a?region=eu-central-1', { bucket: 'bucket', prefix: 'a/', region: 'eu-central-1' }],
  ['s3://bucket?endpoint=http://127.0.0.1:9000', { bucket: 'bucket', prefix: '', endpoint: 'http://127.0.0.1:9000' }],
  [
    's3://bucket/a?endpoint=https%3A%2F%2Fs3.example.org%2Fs3&region=',
    { prefix: 'a/', endpoint: 'https://s3.example.org/s3' },
  ],
])('parses %s', (url, parts) => {
  expect(parseS3Address(url)).toEqual({ bucket: 'bucket', endpoint: undefined, region: undefined, ...parts })
})

test.each([
  ['s3://AKID:hunter2@bucket', 'AWS_ACCESS_KEY_ID'],
  ['s3://hunter2@bucket', 'AWS_ACCESS_KEY_ID'],
  ['s3:///hunter2', 'bucket'],
  ['s3://b', 'bucket'],
  ['s3:bucket', 'bucket'],
  ['s3://bucket:9000/hunter2', 'port'],
  ['s3://bucket/hunter2//b', 'prefix'],
  ['s3://bucket/hunter2%20b', 'prefix'],
  ['s3://bucket/a?secret=hunter2', 'parameter'],
  ['s3://bucket/a?region=hunter2%0A', 'region'],
  ['s3://bucket/a?region=a&region=hunter2', 'twice'],
  ['s3://bucket/a?endpoint=hunter2:9000', 'endpoint'],
  ['s3://bucket/a?endpoint=ftp://hunter2', 'endpoint'],
  ['s3://bucket/a?endpoint=http://AKID:hunter2@host', 'endpoint'],
  ['s3://bucket/a#hunter2', '#'],
  ['s3://', 'bucket'],
])('refuses %s for its %s, and repeats nothing of it', (url, part) => {
  const refused = (): unknown => parseS3Address(url)
  expect(refused).toThrow(TypeError)
  expect(refused).toThrow(/^STORAGE_URL accepts s3:\/\/bucket/)
  expect(refused).toThrow(part)
  expect(refused).not.toThrow('hunter2')
})
