import { casesOf } from './harness/one-language.ts';

const { steps } = casesOf('python');

/** Writes a wheel `tiny_package` of a version, with a script `tiny-script` that prints it. */
const wheel = (version: string) => `
import zipfile
with zipfile.ZipFile("tiny_package-${version}-py3-none-any.whl", "w") as file:
    info = "tiny_package-${version}.dist-info"
    file.writestr("tiny_package.py", "version = '${version}'\\ndef main(): print(version)\\n")
    file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: tiny-package\\nVersion: ${version}\\n")
    file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    file.writestr(f"{info}/entry_points.txt", "[console_scripts]\\ntiny-script = tiny_package:main\\n")
    file.writestr(f"{info}/RECORD", "")
%pip install -q --no-index --disable-pip-version-check ./tiny_package-${version}-py3-none-any.whl`;

steps(
  'an installed package is importable at once, also in children',
  [
    wheel('1.0'),
    'import subprocess, sys, tiny_package\nsubprocess.run([sys.executable, "-c", "import tiny_package; tiny_package.main()"], check=True)\ntiny_package.version',
  ],
  { stdout: '1.0\n', value: "'1.0'" },
  { own: {} },
);
steps(
  'scripts of installed packages are on PATH',
  [wheel('1.0'), 'import subprocess\nsubprocess.run("tiny-script", check=True)\n!tiny-script'],
  { stdout: '1.0\n1.0\n' },
  { own: {} },
);
steps(
  'installed packages do not leak into virtual environments',
  [
    wheel('1.0'),
    'import subprocess, sys\nsubprocess.run([sys.executable, "-m", "venv", "--without-pip", "other"], check=True)\nsubprocess.run(["other/bin/python", "-c", "import tiny_package"]).returncode',
  ],
  { stderr: /ModuleNotFoundError: No module named 'tiny_package'/, value: '1' },
  { own: {} },
);
steps(
  'installing another version of an imported package gives a hint',
  [wheel('1.0'), 'import tiny_package', wheel('2.0')],
  { stdout: /^Note: tiny_package had been imported before\. Restart the interpreter/ },
  { own: {} },
);
steps(
  'pip install --user is importable at once',
  [
    'try:\n    import tiny_package\nexcept ImportError: pass',
    wheel('1.0').replace('install', 'install --user'),
    'import tiny_package; tiny_package.version',
  ],
  { value: "'1.0'" },
  { own: {} },
);
steps(
  'a module that was written again within a second is imported anew',
  [
    'import os, sys, time\nnow = time.time()\ndef write(value):\n    with open("again.py", "w") as file: file.write(f"value = {value}")\n    os.utime("again.py", (now, now))',
    'write(1)\nimport again',
    'write(2)\ndel sys.modules["again"]\nimport again; again.value',
  ],
  { value: '2' },
);
