/** Where the object store, Nessie and Trino of the stack tests are, from the environment; undefined when it says nothing. */
const DEFAULT_REGION = 'us-east-1';

export function lakeServices(env = process.env) {
  const { AURUM_NESSIE_URL, AURUM_S3_ENDPOINT, AURUM_S3_ACCESS_KEY, AURUM_S3_SECRET_KEY } = env;
  if (AURUM_NESSIE_URL === undefined || AURUM_S3_ENDPOINT === undefined) return undefined;
  return {
    s3: {
      endpoint: AURUM_S3_ENDPOINT,
      region: env.AURUM_S3_REGION ?? DEFAULT_REGION,
      bucket: env.AURUM_S3_BUCKET ?? 'aurum',
      access_key: AURUM_S3_ACCESS_KEY ?? 'minio',
      secret_key: AURUM_S3_SECRET_KEY ?? 'minio12345',
      force_path_style: true,
    },
    nessie: { nessie_url: AURUM_NESSIE_URL, warehouse: env.AURUM_NESSIE_WAREHOUSE ?? 'aurum' },
    trino_url: env.AURUM_TRINO_URL,
    trino_user: env.AURUM_TRINO_USER ?? 'aurum',
  };
}
