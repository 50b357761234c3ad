import { isEndpoint } from './address.ts'

/**
 * What the usual variables of AWS say where STORAGE_URL is silent. Credentials, profiles and roles are the SDK's to find;
 * these two it does not read, or not as other tools do.
 *
 * @throws {TypeError} naming the variable, and never its value.
 */
export function readAwsEnv(): { readonly endpoint: string | undefined; readonly region: string | undefined } {
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env
  const name = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'].find((variable) => process.env[variable])
  const endpoint = name && process.env[name]
  if (endpoint && !isEndpoint(endpoint)) {
    throw new TypeError(`${name} must be an http or https address without credentials, such as https://s3.example.org`)
  }
  return { endpoint, region: AWS_REGION || AWS_DEFAULT_REGION || undefined }
}
