import { describe, expect } from 'vitest';
import { repository } from './harness/config.ts';
import { casesOf } from './harness/one-language.ts';
import { runSteps } from './harness/run-steps.ts';

const interpreter = `${repository}.venv-data/bin/python`;
const supervisorCommand = [interpreter, `${repository}dist/runtimes/python/supervisor.py`];
const preload = { STEPPE_PRELOAD: 'numpy,pandas,not_installed_at_all,matplotlib' };

describe('Python with real packages', () => {
  const { flow, steps } = casesOf('python', {
    supervisorCommand,
    agentEnv: preload,
    memoryBytes: 4 * 1024 ** 3,
  });

  /** Checks the bundle of the last value, or of the only displayed value. */
  const bundle = (name: string, code: string, expected: Record<string, unknown>): void =>
    flow(name, async (session) => {
      const result = await session.run(code);
      expect(result).toMatchObject({ status: 'completed', error: null });
      expect(result.results.at(-1)).toMatchObject(expected);
    });
  const png = expect.stringMatching(/^iVBORw0KGgo/);
  const text = expect.stringMatching(/\S/);

  steps(
    'preloaded packages are imported, and missing ones are skipped',
    'import sys, numpy, pandas\n"not_installed_at_all" in sys.modules',
    { value: 'False' },
  );
  steps('numpy arrays are shown', 'import numpy as np\nnp.arange(3)', {
    value: 'array([0, 1, 2])',
  });
  steps(
    'numpy uses its threads after the fork',
    'import numpy as np\na = np.ones((300, 300))\nfloat((a @ a).sum())',
    {
      value: '27000000.0',
    },
  );
  steps(
    'seeded random numbers are the same everywhere',
    'import numpy as np\nint(np.random.default_rng(1).integers(100))',
    {
      value: '47',
    },
  );
  bundle(
    'a DataFrame is a table in HTML, with text as well',
    'import pandas as pd\npd.DataFrame({"a": [1, 2]})',
    {
      'text/html': expect.stringContaining('<table'),
      'text/plain': expect.stringContaining('0  1'),
    },
  );
  steps('a Series is text', 'import pandas as pd\npd.Series([1, 2]).sum()', { value: /3/ });
  bundle(
    'a styled DataFrame is HTML',
    'import pandas as pd\npd.DataFrame({"a": [1]}).style.highlight_max()',
    {
      'text/html': expect.stringContaining('<style'),
    },
  );
  flow('a CSV is uploaded, and a CSV is downloaded', async (session) => {
    await session.put('in.csv', 'a,b\n1,2\n3,4\n');
    await session.run(
      'import pandas as pd\nframe = pd.read_csv("in.csv")\nframe.assign(c=frame.a + frame.b).to_csv("out.csv", index=False)',
    );
    expect((await session.read('out.csv')).toString()).toBe('a,b,c\n1,2,3\n3,4,7\n');
  });
  bundle(
    'a figure is shown as PNG at the end of its step',
    'import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])',
    {
      'image/png': png,
      'text/plain': text,
    },
  );
  bundle(
    'plt.show() shows a figure at once',
    'import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()',
    { 'image/png': png },
  );
  flow('several figures are shown in order, and then closed', async (session) => {
    const { results } = await session.run(
      'import matplotlib.pyplot as plt\nfor n in range(3):\n    plt.figure()\n    plt.plot([n])',
    );
    expect(results.filter((result) => 'image/png' in result)).toHaveLength(3);
    expect((await session.run('plt.get_fignums()')).results[0]).toMatchObject({
      'text/plain': '[]',
    });
  });
  bundle(
    'a figure that is also the value is shown once',
    'import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nfig',
    {
      'image/png': png,
    },
  );
  flow('a step without a figure shows none', async (session) => {
    expect((await session.run('import matplotlib.pyplot as plt\nNone')).results).toEqual([]);
  });
  flow(
    'figures are SVG if requested',
    async (session) => {
      const { results } = await session.run('import matplotlib.pyplot as plt\n_ = plt.plot([1])');
      expect(results.at(-1)).toMatchObject({ 'image/svg+xml': expect.stringContaining('<svg') });
    },
    { env: { STEPPE_FIGURE_FORMAT: 'svg' } },
  );
  flow(
    'figures have the formats of set_matplotlib_formats',
    async (session) => {
      await session.run(
        'from matplotlib_inline.backend_inline import set_matplotlib_formats\nset_matplotlib_formats("svg", "png")',
      );
      const { results } = await session.run('import matplotlib.pyplot as plt\n_ = plt.plot([1])');
      expect(results.at(-1)).toMatchObject({
        'image/svg+xml': expect.stringContaining('<svg'),
        'image/png': png,
      });
    },
    {},
  );
  flow('pandas draws through matplotlib', async (session) => {
    const { results, error } = await session.run(
      'import pandas as pd\n_ = pd.DataFrame({"a": [1, 2]}).plot()',
    );
    expect(error).toBeNull();
    expect(results.at(-1)).toMatchObject({ 'image/png': png });
  });
  bundle('a picture of PIL is PNG', 'from PIL import Image\nImage.new("RGB", (2, 2), "red")', {
    'image/png': png,
    'text/plain': expect.stringContaining('PIL.Image'),
  });
  bundle(
    'a formula of sympy is LaTeX',
    'import sympy\nx = sympy.Symbol("x")\nsympy.Integral(x ** 2, x)',
    {
      'text/latex': expect.stringContaining('\\int'),
      'text/plain': 'Integral(x**2, x)',
    },
  );
  bundle(
    'a figure of plotly is its MIME bundle',
    'import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1, 2]))',
    {
      'application/vnd.plotly.v1+json': expect.objectContaining({ data: expect.anything() }),
      'text/plain': text,
    },
  );
  bundle(
    'fig.show() of plotly shows it',
    'import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1, 2])).show()',
    {
      'application/vnd.plotly.v1+json': expect.objectContaining({ data: expect.anything() }),
    },
  );
  flow('plotly is set up as in a notebook', async (session) => {
    const { error } = await session.run(
      'from plotly.offline import init_notebook_mode, iplot\nimport plotly.graph_objects as go\ninit_notebook_mode(connected=True)',
    );
    expect(error).toBeNull();
    const { results } = await session.run('iplot(go.Figure(go.Scatter(y=[1, 2])))');
    expect(results.at(-1)).toHaveProperty(['application/vnd.plotly.v1+json']);
  });
  flow('a chart of altair has a Vega-Lite or HTML form', async (session) => {
    const { results } = await session.run(
      'import altair as alt, pandas as pd\nalt.Chart(pd.DataFrame({"a": [1, 2]})).mark_bar().encode(x="a")',
    );
    expect(
      Object.keys(results[0] ?? {}).some(
        (key) => key.startsWith('application/vnd.vegalite') || key === 'text/html',
      ),
    ).toBe(true);
  });
  steps(
    'tqdm writes its progress to standard error',
    'from tqdm import tqdm\nfor _ in tqdm(range(3)): pass',
    {
      stderr: /\r.*100%\|.*3\/3/s,
    },
  );
  steps(
    'tqdm.auto writes its progress too',
    'from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass',
    {
      stderr: /3\/3/,
    },
  );
  flow('a fork with numpy works in a pool', async (session) => {
    const code =
      'import multiprocessing as mp, numpy as np\ndef total(n): return float(np.ones(n).sum())\nwith mp.Pool(2) as pool: print(pool.map(total, [1, 2]))';
    expect(await session.run(code)).toMatchObject({ status: 'completed', stdout: '[1.0, 2.0]\n' });
  });
  flow('an interrupt in numpy keeps the memory', async (session) => {
    await session.run('import numpy as np\nkept = 41');
    const { status, state_lost: lost } = await session.run(
      'while True: np.linalg.svd(np.random.rand(60, 60))',
      {
        timeout_ms: 300,
      },
    );
    expect({ status, lost }).toEqual({ status: 'timed_out', lost: false });
    expect((await session.run('kept + 1')).results[0]).toMatchObject({ 'text/plain': '42' });
  });
  flow('a figure that savefig makes after show is not shown', async (session) => {
    const { results } = await session.run(
      'import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.savefig("saved.png")',
    );
    expect(results).toMatchObject([{ 'image/png': png }]);
  });
  flow('a figure without axes is its text alone', async (session) => {
    const { results } = await session.run('import matplotlib.pyplot as plt\nplt.figure()');
    expect(results).toEqual([
      { 'text/plain': expect.stringMatching(/0 Axes/), is_main_result: true },
    ]);
  });
  flow(
    'polars runs in a session of 512 MiB',
    (session) =>
      runSteps(
        session,
        'import polars as pl\npl.DataFrame({"a": [1, 2, 3]}).lazy().select(pl.col("a").sum()).collect().item()',
        { value: '6' },
      ),
    { memoryBytes: 512 * 1024 * 1024 },
  );
  flow('allocating too large an array is an error, and memory is kept', async (session) => {
    const { error, state_lost: lost } = await session.run('import numpy as np\nnp.ones(10 ** 12)');
    expect(error?.name).toMatch(/MemoryError/);
    expect(lost).toBe(false);
  });
});
