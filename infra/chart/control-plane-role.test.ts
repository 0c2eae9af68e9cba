import { readFile } from 'node:fs/promises';
import { kubeRoleRules } from '@steppe/control-plane/provisioner/kubernetes/api/kube-role';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';

const roleSchema = z.object({
  kind: z.literal('Role'),
  metadata: z.object({ name: z.string() }),
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
    }),
  ),
});

/** `pods: create`, one for each permission. */
const permissions = (rules: z.infer<typeof roleSchema>['rules']): string[] =>
  rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((name) => verbs.map((verb) => `${group}/${name}: ${verb}`)),
      ),
    )
    .sort();

describe("the control-plane's Role", () => {
  test.each(['local', 'aws'])(
    '%s: grants what the control-plane calls, and nothing else',
    async (example) => {
      const text = await readFile(new URL(`golden/${example}.yaml`, import.meta.url), 'utf8');
      const roles = parseAllDocuments(text)
        .map((document) => roleSchema.safeParse(document.toJS()))
        .flatMap(({ data }) => (data?.metadata.name === 'steppe-control-plane' ? [data] : []));
      expect(roles).toHaveLength(1);
      expect(permissions(roles.flatMap(({ rules }) => rules))).toEqual(permissions(kubeRoleRules));
    },
  );
});
