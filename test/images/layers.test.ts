import { expect, test } from 'vitest';
import { imageNames, tagged, version } from './support/built-images.ts';
import { withImageArchive } from './support/image-archive.ts';
import { machineSettings } from './support/machine-settings.ts';

/** Where apt, pip and npm look for settings, and where no base image has a file. */
const settingFiles =
  /^\/(etc\/pip\.conf|etc\/apt\/apt\.conf|etc\/apt\/auth\.conf.*|etc\/npmrc|(usr\/local\/etc|root|workspace)\/\.?npmrc|root\/\.(pip|config\/pip|netrc|docker).*)$/;

const variables = /^(PATH|LANG|MPLCONFIGDIR|DATA_DIR|GPG_KEY|(NODE|YARN|PYTHON)_(VERSION|SHA256))=/;

const settings = machineSettings();

test.each(imageNames)('no layer of %s holds a setting of the machine that built it', (name) => {
  withImageArchive(tagged(name), ({ configText, layers }) => {
    expect(layers.length).toBeGreaterThan(1);
    for (const layer of layers) {
      expect(
        layer.files().filter((file) => settingFiles.test(file.name) && file.bytes > 0),
      ).toEqual([]);
      expect(settings.length > 0 && layer.contains(settings)).toBe(false);
    }
    expect(
      settings.filter((text) => configText.includes(JSON.stringify(text).slice(1, -1))),
    ).toEqual([]);
  });
});

test.each(imageNames)('%s runs as uid 10001 and names its version', (name) => {
  withImageArchive(tagged(name), ({ config }) => {
    expect(config.User).toBe('10001:10001');
    expect(config.Env.filter((variable) => !variables.test(variable))).toEqual([]);
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': `steppe/${name}`,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
  });
});
