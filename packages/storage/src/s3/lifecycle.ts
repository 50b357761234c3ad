import {
  GetBucketLifecycleConfigurationCommand,
  type GetBucketLifecycleConfigurationCommandOutput,
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
} from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.ts'
import { nameOf } from './failure.ts'

const DAYS = 1

/**
 * Sees that the bucket itself removes the parts of uploads that were never completed: adds a rule for our prefix where
 * there is none, and leaves every other rule as it is.
 *
 * @returns what is in the way, in a sentence, or `null`: it is a net below the sweep and no reason not to start.
 */
export async function ensureLifecycle({ client, name, prefix }: Bucket): Promise<string | null> {
  try {
    const { Rules: rules = [], TransitionDefaultMinimumObjectSize } = await client
      .send(new GetBucketLifecycleConfigurationCommand({ Bucket: name }))
      .catch((error: unknown): Partial<GetBucketLifecycleConfigurationCommandOutput> => {
        if (nameOf(error) === 'NoSuchLifecycleConfiguration') return {}
        throw error
      })
    if (rules.some((rule) => abortsBelow(rule, prefix))) return null
    const rule: LifecycleRule = {
      ID: `loqui-unfinished-uploads${prefix === '' ? '' : `-${prefix.replaceAll('/', '-').slice(0, -1)}`}`.slice(
        0,
        255,
      ),
      Status: 'Enabled',
      Filter: { Prefix: prefix },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: DAYS },
    }
    await client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: name,
        // It is the bucket's, and would be set back where it is not sent along.
        TransitionDefaultMinimumObjectSize,
        LifecycleConfiguration: { Rules: [...rules.filter(({ ID }) => ID !== rule.ID), rule] },
      }),
    )
    return null
  } catch (error) {
    return `The bucket ${name} has no rule that removes unfinished uploads after ${DAYS} day (${nameOf(error)}): allow s3:GetLifecycleConfiguration and s3:PutLifecycleConfiguration, or add the rule yourself. Until then Loqui's own sweep does it.`
  }
}

function abortsBelow(rule: LifecycleRule, prefix: string): boolean {
  const { Status, AbortIncompleteMultipartUpload, Filter } = rule
  // A filter by tags or sizes does not apply to all uploads.
  const isByPrefixOnly = Filter === undefined || Object.keys(Filter).every((name) => name === 'Prefix')
  return (
    Status === 'Enabled' &&
    AbortIncompleteMultipartUpload?.DaysAfterInitiation !== undefined &&
    isByPrefixOnly &&
    prefix.startsWith(Filter?.Prefix ?? rule.Prefix ?? '')
  )
}
