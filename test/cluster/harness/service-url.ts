import { kubectlRead } from './commands.ts';

/** The URL of the first port of a service, by its address. */
export async function serviceUrl(namespace: string, service: string): Promise<string> {
  const jsonpath = '{.spec.clusterIP}:{.spec.ports[0].port}';
  return `http://${await kubectlRead(namespace, ['service', service], jsonpath)}`;
}
